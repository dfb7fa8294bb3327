"""What became of a capture's packets: counts that stay small, however long the capture is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator
from typing import Any, TypeVar

from fwsim.model.names import address_text, proto_text
from fwsim.model.packet import Packet
from fwsim.model.printing import Printed
from fwsim.model.trace import Ref
from fwsim.model.tuples import NamedTuple

_KEPT = 4096  # different things that are counted apart
K = TypeVar("K", bound=Hashable)


class Most(Counter[K]):
    """Counts of things of which there may be very many: once too many are kept, the rarer half is
    forgotten, and the counts of those that come back are too small (`cut`)."""

    cut = False

    def add(self, key: K) -> None:
        """One more."""
        self[key] += 1
        if len(self) > _KEPT:
            self.cut = True
            for rare, _ in self.most_common()[_KEPT // 2 :]:
                del self[rare]


class Talk(NamedTuple):
    """Who spoke to whom; `dport` None where the protocol has no ports."""

    family: int
    src: int
    dst: int
    proto: int
    dport: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """As a PACKET tells it."""
        bits = 32 if self.family == 4 else 128
        told: dict[str, Any] = {
            "src": address_text(self.src, bits),
            "dst": address_text(self.dst, bits),
            "proto": proto_text(self.proto),
        }
        return told if self.dport is None else {**told, "dport": self.dport}


def talk_of(packet: Packet) -> Talk:
    """Who speaks to whom in a packet."""
    dport = packet.dport if packet.has_ports else None
    return Talk(packet.family, packet.src, packet.dst, packet.proto, dport)


class End:
    """Where packets ended: their verdict and fate, the rule or policy that decided (None: `reason`
    is why), and how many; of those that did not pass, who they were."""

    def __init__(self, verdict: str, fate: str, ref: Ref | None, reason: str) -> None:
        self.verdict, self.fate, self.ref, self.reason = verdict, fate, ref, reason
        self.count = 0
        self.talks = Most[Talk]()
        self.first = 0  # the number of the first frame


class Hit(NamedTuple):
    """A rule, or a policy, and what it counted."""

    ref: Ref
    packets: int
    octets: int


class Replay(Printed):
    """A capture's packets under the rules of a place. `frames` are all that the capture has, `ends`
    where those that were walked ended; `came` counts them by device and by what told so,
    `left_out` those that were not, by reason and name; `confirmed` were seen to leave as they were
    said to, `against` were seen to leave though the rules would have stopped them. `damage` is what
    is wrong with the capture."""

    def __init__(self, title: str, name: str) -> None:
        self.title, self.name = title, name
        self.frames = self.walked = self.confirmed = self.cut = self.back_in_time = 0
        self.began = self.seconds = 0.0
        self.ends: dict[tuple[str, str, Ref | None, str], End] = {}
        self.came: Counter[tuple[str, str]] = Counter()
        self.left_out: Counter[tuple[str, str]] = Counter()
        self.states: Counter[str] = Counter()
        self.depends_on = Most[str]()
        self.against = Most[Talk]()
        self.connections = self.forgotten = self.alive = 0
        self.hits: list[Hit] = []
        self.notes: tuple[str, ...] = ()
        self.damage: str = ""
        self.hint: str = ""

    def end(self, verdict: str, fate: str, ref: Ref | None, reason: str) -> End:
        """The end of that kind."""
        key = (verdict, fate, ref, reason)
        if key not in self.ends:
            self.ends[key] = End(*key)
        return self.ends[key]

    def of(self, *verdicts: str) -> int:
        """How many packets ended so."""
        return sum(end.count for end in self.ends.values() if end.verdict in verdicts)

    def stopped(self) -> Iterator[End]:
        """The ends of those that did not pass, the commonest first."""
        found = (end for end in self.ends.values() if end.verdict != "ACCEPT")
        return iter(sorted(found, key=lambda end: (-end.count, end.first)))

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        by_verdict: Counter[str] = Counter()
        for end in self.ends.values():
            by_verdict[end.verdict] += end.count
        return {
            "capture": self.name,
            "place": self.title,
            "frames": self.frames,
            "walked": self.walked,
            "seconds": self.seconds,
            "verdicts": dict(by_verdict),
            "stopped": [_end_dict(end) for end in self.stopped()],
            "hits": [{**hit.ref.written(), "packets": hit.packets, "bytes": hit.octets}
                     for hit in self.hits],
            "states": dict(self.states),
            "connections": {
                "begun": self.connections, "left": self.alive, "given_up": self.forgotten,
            },
            "came_in": [{"in": dev or None, "by": how, "packets": n}
                        for (dev, how), n in self.came.most_common()],
            "left": {"confirmed": self.confirmed, "against": self.against.total(),
                     "talks": _talks(self.against)},
            "left_out": [{"why": why, "what": what or None, "frames": n}
                         for (why, what), n in self.left_out.most_common()],
            "cut": self.cut,
            "back_in_time": self.back_in_time,
            "depends_on": list(self.depends_on),
            "notes": list(self.notes),
            "damage": self.damage or None,
        }  # fmt: skip


def _end_dict(end: End) -> dict[str, Any]:
    return {
        "verdict": end.verdict, "fate": end.fate, "packets": end.count, "first": end.first,
        "decided_by": end.ref.written() if end.ref else None, "reason": end.reason or None,
        "talks": _talks(end.talks),
    }  # fmt: skip


def _talks(talks: Most[Talk]) -> list[dict[str, Any]]:
    return [{**talk.to_dict(), "packets": n} for talk, n in talks.most_common(20)]
