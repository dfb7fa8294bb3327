"""What conntrack knows of a TCP connection: its state, the table that moves it, its timeouts.

The tables are those of Linux 6.18's net/netfilter/nf_conntrack_proto_tcp.c (`tcp_conntracks`,
`tcp_valid_flags`, `tcp_timeouts`) and of its sysctls in nf_conntrack_standalone.c.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from fwsim.machine.tcp_window import ACK, FIN, RST, SYN, Side
from fwsim.model.names import TCP_FLAGS
from fwsim.model.tuples import NamedTuple

Kind = Literal["accept", "ignore", "invalid", "reopen", "destroy"]

STATES = (
    "NONE", "SYN_SENT", "SYN_RECV", "ESTABLISHED", "FIN_WAIT",
    "CLOSE_WAIT", "LAST_ACK", "TIME_WAIT", "CLOSE", "SYN_SENT2",
)  # fmt: skip
_LETTERS = dict(zip("NSREFWLTC2", STATES, strict=True)) | {"-": "IGNORE", "!": "INVALID"}
# Where a segment leads from each of STATES, in their order.
_ORIGINAL = {
    "syn": "SS-----SS2", "synack": "!!R!!!!!!R", "fin": "!!FFLLLTC!", "ack": "E!EEWWTTC!",
    "rst": "!CCCCCCCCC",
}  # fmt: skip
_REPLY = {
    "syn": "!2!!!!!S!2", "synack": "!R-------R", "fin": "!!FFLLLTC!", "ack": "!-REWWTTC-",
    "rst": "!CCCCCCCCC",
}  # fmt: skip
TABLE = {
    (reply, kind, state): _LETTERS[letter]
    for reply, rows in ((False, _ORIGINAL), (True, _REPLY))
    for kind, row in rows.items()
    for state, letter in zip(STATES, row, strict=True)
}
CLOSING = frozenset({"FIN_WAIT", "CLOSE_WAIT", "LAST_ACK", "TIME_WAIT", "CLOSE"})

_URG = TCP_FLAGS["URG"]
_JUDGED = FIN | SYN | RST | ACK | _URG  # PSH, ECE and CWR go with anything
_LEGAL = frozenset({
    SYN, SYN | _URG, SYN | ACK, RST, RST | ACK, FIN | ACK, FIN | ACK | _URG, ACK, ACK | _URG,
})  # fmt: skip

TIMEOUTS: Mapping[str, int] = MappingProxyType({
    "SYN_SENT": 120, "SYN_RECV": 60, "ESTABLISHED": 432000, "FIN_WAIT": 120, "CLOSE_WAIT": 60,
    "LAST_ACK": 30, "TIME_WAIT": 120, "CLOSE": 10, "SYN_SENT2": 120,
    "MAX_RETRANS": 300, "UNACKNOWLEDGED": 300,
})  # fmt: skip


SYSCTL = "net.netfilter.nf_conntrack_tcp_"


class Knobs(NamedTuple):
    """The sysctls net.netfilter.nf_conntrack_tcp_*, with the kernel's defaults; `timeouts` in
    seconds, by state and by `MAX_RETRANS` and `UNACKNOWLEDGED` (SYN_SENT2 has no sysctl)."""

    loose: bool = True
    be_liberal: bool = False
    max_retrans: int = 3
    ignore_invalid_rst: bool = False
    timeouts: Mapping[str, int] = TIMEOUTS

    @classmethod
    def from_sysctl(cls, values: Mapping[str, int]) -> Knobs:
        """Read `sysctl`'s own names (`net.netfilter.nf_conntrack_tcp_loose`); what is missing has
        its default."""
        said = {name.removeprefix(SYSCTL): value for name, value in values.items()}
        default = cls()
        timeouts = {s: said.get(f"timeout_{s.lower()}", t) for s, t in TIMEOUTS.items()}
        return cls(
            bool(said.get("loose", default.loose)),
            bool(said.get("be_liberal", default.be_liberal)),
            said.get("max_retrans", default.max_retrans),
            bool(said.get("ignore_invalid_rst", default.ignore_invalid_rst)),
            timeouts,
        )


class Last(NamedTuple):
    """The segment to remember: `kind` and direction of the last one in the window or ignored;
    numbers of the last plain ACK in the window or of the last one ignored; `scale` (None: no
    scaling) and `sacks`, the options of an ignored SYN; `challenge`: it met LAST_ACK, a challenge
    ACK may answer; `simultaneous`: both ends sent a SYN; `repeats`: how often that ACK came again.
    """

    kind: str = "none"
    reply: bool = False
    seq: int = 0
    end: int = 0
    ack: int = 0
    win: int = 0
    scale: int | None = None
    sacks: bool = False
    challenge: bool = False
    simultaneous: bool = False
    repeats: int = 0


class Track(NamedTuple):
    """A connection's TCP part. `state` is one of STATES; `sides` are the originator and the
    responder. A track fresh from `open_track` is NONE and has yet to take its first `step`."""

    state: str
    sides: tuple[Side, Side]
    last: Last = Last()


class Step(NamedTuple):
    """What a segment did to its connection, and what it is itself.

    `accept`: part of the connection. `ignore`: too, but the state did not move. `invalid`: ctstate
    INVALID. `reopen`: forget the connection and look the packet up again, a new one begins.
    `destroy`: part of the connection, which is forgotten at once. `track` is the connection
    afterwards (a refused segment leaves traces too). `timeout`: seconds until it is forgotten,
    None if the deadline stays. `cap`: a deadline farther away than that comes to it, `seconds_left`
    knows how. `assured`: it answered, and is not given up under pressure."""

    kind: Kind
    track: Track
    assured: bool
    timeout: int | None = None
    cap: int | None = None

    def seconds_left(self, before: float) -> float:
        """Seconds until the connection is forgotten, given how many it had before the segment."""
        if self.timeout is not None:
            return self.timeout
        if self.cap is not None and before >= 120:
            return min(before, self.cap)
        return before


def kind_of(flags: int) -> str:
    """What conntrack takes a segment for: `rst`, `syn`, `synack`, `fin`, `ack`; or `illegal`, when
    the flags may not stand together."""
    if flags & _JUDGED not in _LEGAL:
        return "illegal"
    if flags & RST:
        return "rst"
    if flags & SYN:
        return "synack" if flags & ACK else "syn"
    return "fin" if flags & FIN else "ack"
