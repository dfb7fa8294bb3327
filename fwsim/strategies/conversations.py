"""Conversations: what two ends send through a place's host, in order, with pauses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, overload

from hypothesis import strategies as st

from fwsim.model.packet import Packet
from fwsim.model.packet_json import packet_to_dict
from fwsim.model.tuples import NamedTuple
from fwsim.questions.again import piped
from fwsim.strategies.drawn import Drawn
from fwsim.strategies.packets import packets
from fwsim.strategies.talk import Talk

if TYPE_CHECKING:
    from fwsim.model.trace import Leg
    from fwsim.net import Net


class Said(NamedTuple):
    """A packet, the device that it comes in by ("": the host sends it), and when, in seconds."""

    packet: Packet
    dev: str
    time: float


class Conversation(Sequence[dict[str, Any]]):
    """INTERFACE's PACKETs in order, as `fwsim trace --packets` takes them; `moves` says what each
    is (fwsim.strategies.talk)."""

    def __init__(
        self, said: tuple[Said, ...], moves: tuple[str, ...], words: tuple[str, ...]
    ) -> None:
        self.said, self.moves, self.words = said, moves, words

    @overload
    def __getitem__(self, at: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, at: slice) -> list[dict[str, Any]]: ...
    def __getitem__(self, at: int | slice) -> dict[str, Any] | list[dict[str, Any]]:
        return (
            [_told(one) for one in self.said[at]] if isinstance(at, slice) else _told(self.said[at])
        )

    def __len__(self) -> int:
        return len(self.said)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Conversation) and self.said == other.said

    def __hash__(self) -> int:
        return hash(self.said)

    def __repr__(self) -> str:
        return self.command

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        printer.text(self.command)

    @property
    def command(self) -> str:
        """The `fwsim trace` that replays it, for a shell."""
        return piped(list(self), self.words)

    def legs(self, net: Net) -> list[Leg]:
        """What becomes of its packets, in one connection-tracking world."""
        return list(net.packets(self.said))


def _told(said: Said) -> dict[str, Any]:
    told = {"in": said.dev or None, **packet_to_dict(said.packet)}
    return {**told, "time": said.time} if said.time else told


def conversations(net: Net, *, most: int = 8, **asked: Any) -> st.SearchStrategy[Conversation]:
    """Conversations of up to `most` packets that begin with one of `packets(net, **asked)`: the
    request, its answer as the far end would send it, what follows in both directions, and any of
    these again, after pauses about as long as connections are remembered. What does not get through
    is not answered. They shrink to the request alone, and to no pauses.

    QuestionError as of `packets`."""
    return _conversations(packets(net, **asked), net, _pauses(net), most)


@st.composite
def _conversations(
    draw: st.DrawFn,
    requests: st.SearchStrategy[Drawn],
    net: Net,
    pauses: st.SearchStrategy[int],
    most: int,
) -> Conversation:
    request = draw(requests)
    talk = Talk(request.packet, request.dev)
    said: list[Said] = []
    moves: list[str] = []
    legs, time = net.packets(_latest(said)), 0.0
    for _ in range(draw(st.integers(1, most))):
        usual, *others = talk.moves()
        move = draw(st.sampled_from((usual, usual, *others)))
        time += draw(pauses) if said else 0
        said.append(Said(*talk.packet(move), time))
        moves.append(move)
        talk.saw(move, next(legs))
    return Conversation(tuple(said), tuple(moves), request.words)


def _latest(said: list[Said]) -> Iterator[Said]:
    while True:
        yield said[-1]


def pauses_of(net: Net) -> tuple[int, ...]:
    """Seconds a little less and a little more than the place's host remembers connections."""
    settings = net.simulation.states[net.world.host].conntrack.settings
    known = {*settings.timeouts.values(), *settings.tcp.timeouts.values()}
    return tuple(sorted({s + by for s in known for by in (-1, 1) if s + by > 0}))


def _pauses(net: Net) -> st.SearchStrategy[int]:
    edges = pauses_of(net)
    return st.sampled_from((0,) * 6 * len(edges) + edges)
