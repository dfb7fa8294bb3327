"""TCP conversations written down: what the kernel said of each packet.

A case in `tcp_conversations.txt` has a name (`# name`). Its first line may set sysctls (`loose=0`)
or begin with a connection (`known ESTABLISHED SEEN_REPLY,ASSURED 1000`); then each line is a
packet, and after the colon its ctstate, the connection's TCP state afterwards (`-`: no connection),
the seconds it is kept, and `assured`:

    > SYN 100 0 win=1000 opt=03030700 len=5 : NEW SYN_SENT 120

`>` comes from the first host; two numbers are SEQ and ACK; `x5` repeats the packet, what follows
the colon is said of the last. `opened` is the usual handshake, from SEQ 100 and 500.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from fwsim.machine.tcp import Knobs, Step, Track, adopt, open_track, step
from fwsim.machine.tcp_states import SYSCTL
from fwsim.model.names import TCP_FLAGS, address_value
from fwsim.model.packet import TCP, Packet

HOSTS = (address_value("10.0.0.2", 4), address_value("10.0.1.2", 4))
PORTS = (40000, 80)
_OPENED = ("> SYN 100", "< SYN,ACK 500 101", "> ACK 101 501")


def segment(side: int, flags: int, seq: int = 0, ack: int = 0, **more: object) -> Packet:
    """A packet of the conversation's host 0 or 1."""
    return Packet(
        4, HOSTS[side], HOSTS[1 - side], TCP, PORTS[side], PORTS[1 - side],
        flags=flags, seq=seq & 0xFFFFFFFF, ack=ack & 0xFFFFFFFF,
    ).but(**more)  # fmt: skip


class Known(NamedTuple):
    """A connection there before the first packet, as `conntrack -I` makes it."""

    state: str
    status: frozenset[str] = frozenset()
    timeout: int = 0


@dataclass
class Table:
    """At most one connection, between the two hosts, and what `-m conntrack` says of packets."""

    knobs: Knobs
    track: Track | None = None
    opener: int = PORTS[0]  # the source port of the original direction
    seen_reply: bool = False
    assured: bool = False
    left: float = 0

    @classmethod
    def beginning(cls, knobs: Knobs, known: Known | None) -> Table:
        if known is None:
            return cls(knobs)
        seen_reply, assured = (name in known.status for name in ("SEEN_REPLY", "ASSURED"))
        return cls(
            knobs, adopt(known.state),
            seen_reply=seen_reply, assured=assured, left=known.timeout,
        )  # fmt: skip

    def state_of(self, packet: Packet) -> str:
        """Take a packet in: NEW, ESTABLISHED or INVALID."""
        if self.track is None and not self._begin(packet):
            return "INVALID"
        assert self.track is not None
        reply, known = packet.sport != self.opener, self.seen_reply
        done = step(self.track, reply, packet, self.knobs, seen_reply=known, assured=self.assured)
        if done.kind == "reopen":
            self.track = None
            return self.state_of(packet)
        self._keep(done)
        if done.kind == "invalid":
            return "INVALID"
        self.seen_reply |= reply
        return "ESTABLISHED" if reply or known else "NEW"

    def _begin(self, packet: Packet) -> bool:
        self.track = open_track(packet, self.knobs)
        self.opener, self.seen_reply, self.assured, self.left = packet.sport, False, False, 0
        return self.track is not None

    def _keep(self, done: Step) -> None:
        self.track = None if done.kind == "destroy" else done.track
        self.assured, self.left = done.assured, done.seconds_left(self.left)

    def words(self, ctstate: str) -> str:
        """What a case writes behind the colon."""
        if self.track is None:
            return f"{ctstate} -"
        kept = f"{ctstate} {self.track.state} {self.left:g}"
        return f"{kept} assured" if self.assured else kept


@dataclass(frozen=True)
class Case:
    """A conversation read from its text; `expected` is empty for a packet that is repeated."""

    sysctls: dict[str, int]
    known: Known | None
    packets: tuple[tuple[Packet, str], ...]

    @property
    def knobs(self) -> Knobs:
        return Knobs.from_sysctl({SYSCTL + name: value for name, value in self.sysctls.items()})


def read_case(text: str) -> Case:
    sysctls: dict[str, int] = {}
    known, packets = None, list[tuple[Packet, str]]()
    for line in filter(None, map(str.strip, text.splitlines())):
        if line[0] in "<>":
            packets += _packets(line)
        elif line == "opened":
            packets += [pair for words in _OPENED for pair in _packets(words)]
        elif line.startswith("known "):
            _, state, status, timeout = line.split()
            known = Known(state, frozenset(status.split(",")), int(timeout))
        else:
            sysctls |= {k: int(v) for k, v in (word.split("=") for word in line.split())}
    return Case(sysctls, known, tuple(packets))


def _packets(line: str) -> list[tuple[Packet, str]]:
    said, _, expected = line.partition(" : ")
    side, flags, *words = said.split()
    more = dict(word.split("=") for word in words if "=" in word)
    numbers = [int(word, 0) for word in words if "=" not in word and word[0] != "x"]
    times = next((int(word[1:]) for word in words if word[0] == "x"), 1)
    packet = segment(
        "><".index(side), sum(TCP_FLAGS.get(name, 0) for name in flags.split(",")), *numbers,
        window=int(more.get("win", 65535)), payload_len=int(more.get("len", 0)),
        tcp_options=bytes.fromhex(more.get("opt", "")),
    )  # fmt: skip
    return [(packet, "")] * (times - 1) + [(packet, expected)]


def written(packet: Packet) -> str:
    """A packet as a case writes it, without what is expected of it."""
    flags = ",".join(name for name, bit in TCP_FLAGS.items() if packet.flags & bit) or "NONE"
    words = [("> " if packet.src == HOSTS[0] else "< ") + flags, f"{packet.seq} {packet.ack}"]
    words += [f"win={packet.window}"] if packet.window != 65535 else []
    words += [f"len={packet.payload_len}"] if packet.payload_len else []
    words += [f"opt={packet.tcp_options.hex()}"] if packet.tcp_options else []
    return " ".join(words)


def _cases() -> dict[str, str]:
    text = Path(__file__).with_name("tcp_conversations.txt").read_text("utf-8")
    blocks = (block.partition("\n") for block in text.split("\n# ")[1:])
    return {name: body for name, _, body in blocks}


CASES = _cases()
