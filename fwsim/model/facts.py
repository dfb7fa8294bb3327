"""What an extension may look at besides the fields: what a projection, a step of a match with
memory or a change of a packet is given. The walk provides it (fwsim.machine.view); a match never
sees connection tables or routes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from fwsim.model.tuples import NamedTuple

if TYPE_CHECKING:
    from random import Random

    from fwsim.model.packet import Packet


class Tuplet(Protocol):
    """One direction of a connection; for ICMP, `sport` is the id and `dport` type << 8 | code."""

    @property
    def src(self) -> int:
        """Source address."""
        ...

    @property
    def dst(self) -> int:
        """Destination address."""
        ...

    @property
    def proto(self) -> int:
        """Protocol number."""
        ...

    @property
    def sport(self) -> int:
        """Source port."""
        ...

    @property
    def dport(self) -> int:
        """Destination port."""
        ...


class Zoned(Protocol):
    """A zone of connection tracking."""

    @property
    def number(self) -> int:
        """Its number."""
        ...

    def of(self, reply: bool) -> int:
        """The number in which packets of a direction are looked up."""
        ...


class Tracked(Protocol):
    """A connection as an extension sees it."""

    mark: int
    status: int
    labels: int
    foreseen: str

    @property
    def zone(self) -> Zoned:
        """Where it is looked up."""
        ...

    @property
    def closed(self) -> bool:
        """A TCP connection that both ends have given up."""
        ...

    @property
    def counters(self) -> tuple[tuple[int, int], tuple[int, int]] | None:
        """(packets, bytes) of either direction; None if it is not counted."""
        ...

    @property
    def original(self) -> Tuplet:
        """The tuple of the packet that opened it."""
        ...

    @property
    def master(self) -> Tuplet:
        """The same of the connection whose helper expected it; its own where none did."""
        ...

    @property
    def reply(self) -> Tuplet:
        """The tuple of its answers."""
        ...


class TrackKey(NamedTuple):
    """What conntrack knows a connection by: a tuple in a zone (a `Zoned`)."""

    tuple: Any
    zone: Any


class Facts(Protocol):
    """A packet at a hook. `now` is in simulated seconds, `epoch` the Unix time of now (None: nobody
    told), `chance` a seeded generator (None: chance is to stay unknown)."""

    hook: str
    now: float

    @property
    def epoch(self) -> float | None:
        """Unix time."""
        ...

    @property
    def chance(self) -> Random | None:
        """For coins."""
        ...

    def __getitem__(self, key: Any) -> int:
        """The value of any field, by its key."""
        ...

    @property
    def packet(self) -> Packet:
        """The packet as it is now."""
        ...

    @property
    def raw(self) -> bool:
        """Its sender wrote its IP header too, and told the kernel nothing of what follows it."""
        ...

    @property
    def connection(self) -> Tracked | None:
        """Its connection, if conntrack found or made one."""
        ...

    @property
    def track_key(self) -> TrackKey | None:
        """What its connection is known by, or would be; None where it shows no tuple."""
        ...

    def alive(self, key: TrackKey) -> Tracked | None:
        """The confirmed connection of that key, if there is one."""
        ...

    def device(self, which: str) -> str:
        """The device it came in by ("in") or leaves by ("out"), empty where the hook has none."""
        ...

    def sysctl(self, name: str, default: int = 0) -> int:
        """A setting of the host as a number."""
        ...
