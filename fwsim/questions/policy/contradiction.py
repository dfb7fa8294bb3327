"""Two lines of a policy that no rules whatever can fulfil at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from fwsim.model.errors import QuestionError
from fwsim.questions.policy.model import MUST_NOT
from fwsim.questions.witness import packet_of

if TYPE_CHECKING:
    from fwsim.questions.policy.demands import Demand
    from fwsim.readings.space import PacketSet


def contradiction(demands: Iterable[Demand], asked: Mapping[int, PacketSet], family: int) -> None:
    """QuestionError where a packet must get through by one line, and must not by another. `asked`
    are each demand's packets, by its id."""
    demands = [*demands]
    for must in demands:
        for other in demands if must.must else ():
            both = asked[id(must)] & asked[id(other)]
            if not other.must and not both.is_empty:
                raise _contradict(must, other, both, family)


def _contradict(must: Demand, other: Demand, both: PacketSet, family: int) -> QuestionError:
    packet = packet_of(both.witness({"ttl": 64, "sport": 40000}) or {}, family)
    port = f" port {packet.dport}" if packet.has_ports else ""
    example = f"{packet.text(packet.src)} → {packet.text(packet.dst)} {packet.to_dict()['proto']}"
    hint = "One of them has to say less."
    if other.line.kind == MUST_NOT:
        hint = 'The second may leave sources out: except = "…".'
    return QuestionError(
        f"line {must.line.number} says that {example}{port} must get through, "
        f"and this one that it must not",
        span=other.line.span, hint=hint,
    )  # fmt: skip
