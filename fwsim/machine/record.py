"""What a packet's way through one host leaves to tell."""

from __future__ import annotations

from dataclasses import dataclass, field

from fwsim.model.trace import Counted, Ref, Step


@dataclass(slots=True)
class Record:
    """`steps` stay empty unless `explain`."""

    explain: bool = False
    matched: list[Counted] = field(default_factory=list)
    policies: list[Counted] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    decided: Ref | None = None
    reason: str = ""
    reject: str = ""
    by_chance: list[str] = field(default_factory=list)
    depends_on: list[str] = field(default_factory=list)

    def step(self, step: Step) -> None:
        """Remember a step, if anybody wants to know."""
        if self.explain:
            self.steps.append(step)
