"""What a rule does when it matches: verdicts that end or turn the walk, effects that do not.

Actions are data; the walk (fwsim.machine) carries them out. A rule without a verdict lets the
packet go on to the next rule, as the kernel's XT_CONTINUE does.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any

from fwsim.model.fields import Field
from fwsim.model.pred import Free
from fwsim.model.tuples import NamedTuple

if TYPE_CHECKING:
    from fwsim.model.facts import Facts
    from fwsim.model.packet import Packet


class Verdict(NamedTuple):
    """ACCEPT, DROP, QUEUE (to userspace) or RETURN (to the calling chain, or to the policy)."""

    name: str


ACCEPT = Verdict("ACCEPT")
DROP = Verdict("DROP")
QUEUE = Verdict("QUEUE")
RETURN = Verdict("RETURN")


class Jump(NamedTuple):
    """Go to a user chain; `come_back` is False for -g, whose RETURN goes to the caller's caller."""

    chain: str
    come_back: bool = True


class Assign(NamedTuple):
    """field = (field & ~clear) ^ flip: every way to set, or, and, xor bits is one of these."""

    field: Field
    clear: int
    flip: int


class Copy(NamedTuple):
    """target = (target & ~clear) ^ ((source & mask) shifted left by `shift` bits, right if it is
    negative): what CONNMARK saves and restores."""

    source: Field
    target: Field
    clear: int
    mask: int
    shift: int = 0


class Compute(NamedTuple):
    """field = what the facts and the memory of `scope` (as a Free's) give; None leaves it. `name`
    says what that is."""

    name: str
    field: Field
    value: Callable[[Facts, Any], int | None]
    scope: Hashable = None


class Rewrite(NamedTuple):
    """Put another packet in this one's place; None drops it. `name` says what is changed, `fields`
    are those of which it may have other values; `unsummed` is how much more of a packet stands in
    its transport checksum than the change accounts for."""

    name: str
    change: Callable[[Facts], Packet | None]
    fields: tuple[Field, ...]
    unsummed: Callable[[Packet], int] = lambda _: 0


class Remember(NamedTuple):
    """Change what is remembered under `scope` (as a Free's): the facts and the memory so far give
    the memory from now on; the old one is never changed."""

    name: str
    step: Callable[[Facts, Any], Any]
    scope: Hashable = None


class Aside(NamedTuple):
    """Something that does not touch the packet's fate: a lamp, an audit record, a timer."""

    name: str


class Template(NamedTuple):
    """What conntrack is told before it looks (CT, NOTRACK): the zone to look in, for which of the
    two directions, or with `zone_from_mark` the packet's mark at that time; the helper that a new
    connection is given; `fixed_timeout`: a policy of which only the name is known says how long it
    is kept."""

    notrack: bool = False
    zone: int = 0
    zone_from_mark: bool = False
    original: bool = True
    reply: bool = True
    helper: str = ""
    timeout: str = ""


class NatRange(NamedTuple):
    """What an address translation may choose from; None leaves that part as it is.

    `addresses` and `ports` are inclusive; `port_base` shifts a port range (its first port answers
    to `port_base`). `random`, `fully_random` and `persistent` are the flags of those names.
    """

    addresses: tuple[int, int] | None = None
    ports: tuple[int, int] | None = None
    port_base: int | None = None
    random: bool = False
    fully_random: bool = False
    persistent: bool = False


class Nat(NamedTuple):
    """Bind the connection: `kind` is snat, dnat, masquerade (the address of the device it leaves
    by), redirect (to this host) or netmap (the range's network, the packet's own host bits). Ends
    the nat table's hook as ACCEPT."""

    kind: str
    range: NatRange = NatRange()


class Enqueue(NamedTuple):
    """Hand the packet to the program that reads a queue; `queues` are its number, or FIRST:LAST
    to choose from. Where nobody reads it the packet is lost, or with `bypass` accepted."""

    queues: str = "0"
    bypass: bool = False

    @property
    def passes(self) -> Free:
        """The fact that a program takes the packet from there and lets it pass."""
        return Free(f"NFQUEUE {self.queues}", f"a program lets pass what is in queue {self.queues}")


class Divert(NamedTuple):
    """Give the packet to a transparent socket of this host and mark it, as Assign does; dropped if
    there is none. `address` 0 is that of the device it came in by, `port` 0 the packet's own."""

    address: int
    port: int
    clear: int = 0
    flip: int = 0


class Tee(NamedTuple):
    """Send a copy, untracked, by way of `gateway` (and the device `out`, if it is named)."""

    gateway: int
    out: str = ""


class Synproxy(NamedTuple):
    """Answer a SYN in the server's place; take the ACK that proves the client. The rest is what the
    answer offers to a client that does; None: no size, no window shift."""

    mss: int | None = None
    wscale: int | None = None
    timestamp: bool = False
    sack: bool = False
    ecn: bool = False


class Reject(NamedTuple):
    """Drop, and answer with `error`: an ICMP or ICMPv6 error's name, or `tcp-reset`."""

    error: str


class Log(NamedTuple):
    """Write a line to the kernel's log; the packet goes on. `level` as syslog counts."""

    prefix: str = ""
    level: int = 4


Action = (
    Verdict
    | Jump
    | Assign
    | Copy
    | Compute
    | Rewrite
    | Remember
    | Aside
    | Template
    | Nat
    | Enqueue
    | Divert
    | Tee
    | Synproxy
    | Reject
    | Log
)
