"""What came of a policy's lines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fwsim.model.frozen import Frozen
from fwsim.model.printing import Printed
from fwsim.model.trace import Ref
from fwsim.questions.changes import Change
from fwsim.questions.covers import Told
from fwsim.questions.policy.model import Line
from fwsim.questions.witness import Witness

HOLDS, FAILS, DEPENDS = RESULTS = ("holds", "fails", "depends")


class Outcome(Frozen):
    """What came of a line. `what` says how it fails: packets are `stopped`, get `through`, their
    answer is `lost`, an `exchange` between two was not answered, packets `changed`. Then `witness`
    is one of the `packets` for which it does, `trace` its way (or the exchange's), `ref` the rule
    or policy that decided, and `question` what `Net.trace` is asked for that way in words."""

    line: Line
    result: str
    what: str = ""
    family: int = 0
    witness: Witness | None = None
    trace: Any = None
    ref: Ref | None = None
    packets: Told | None = None
    depends_on: tuple[str, ...] = ()
    change: Change | None = None
    question: Mapping[str, Any] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Its JSON."""
        return {
            "line": self.line.number,
            "kind": self.line.kind,
            "why": self.line.why or None,
            "result": self.result,
            "what": self.what if self.result == FAILS else None,
            "packets": self.packets.to_list() if self.packets else [],
            "witness": self.sent(),
            "decided_by": self.ref.written() if self.ref else None,
            "depends_on": list(self.depends_on),
        }

    def sent(self) -> dict[str, Any] | None:
        """The packet that shows it, as INTERFACE's PACKET."""
        if self.witness:
            return self.witness.to_dict()
        if self.trace is None or self.result == HOLDS:
            return None
        return {"in": self.trace.start.dev or None, **self.trace.packet.to_dict()}


class Spare(Frozen):
    """How many `rules` there are; of them, on which no line depends: `unmet` match no packet of any
    line, `same` do."""

    rules: int
    unmet: tuple[Ref, ...]
    same: tuple[Ref, ...]

    def to_dict(self) -> dict[str, Any]:
        """Its JSON."""
        return {
            "rules": self.rules,
            "unmet": [ref.written() for ref in self.unmet],
            "same": [ref.written() for ref in self.same],
        }


class Report(Printed, Frozen):
    """What came of a policy. Truth says whether all of it holds. `untold` are the rules that nobody
    told, of which it says nothing, `sources` the names of the texts that each family's rules were
    read from; `words` are the options that tell the place to `fwsim trace`."""

    policy: str
    title: str
    outcomes: tuple[Outcome, ...]
    notes: tuple[str, ...]
    untold: tuple[str, ...]
    sources: Mapping[int, str]
    words: tuple[str, ...]
    coverage: Spare | None = None

    def with_coverage(self, coverage: Spare) -> Report:
        """The same, and on which rules no line depends."""
        return Report(**{**self.__dict__, "coverage": coverage})

    def count(self, result: str) -> int:
        """How many lines came to that."""
        return sum(outcome.result == result for outcome in self.outcomes)

    @property
    def result(self) -> str:
        """That of the worst line."""
        return next((r for r in (FAILS, DEPENDS) if self.count(r)), HOLDS)

    def to_dict(self) -> dict[str, Any]:
        """Its JSON."""
        return {
            "policy": self.policy,
            "place": self.title,
            "result": self.result,
            **{result: self.count(result) for result in RESULTS},
            "lines": [outcome.to_dict() for outcome in self.outcomes],
            "notes": [*self.notes, *self.untold],
            **({"coverage": self.coverage.to_dict()} if self.coverage else {}),
        }

    def __bool__(self) -> bool:
        return self.result == HOLDS


def worst(one: Outcome | None, other: Outcome) -> Outcome:
    """The worse of two, the first if they are as bad."""
    order = (HOLDS, DEPENDS, FAILS)
    if one is None or order.index(other.result) > order.index(one.result):
        return other
    return one
