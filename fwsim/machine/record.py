"""What a packet's way through one host leaves to tell."""

from __future__ import annotations

from fwsim.machine.table import Visit
from fwsim.machine.words import say
from fwsim.model.actions import NatRange
from fwsim.model.packet import Packet
from fwsim.model.trace import Counted, Ref, Step


class Record:
    """`steps` stay empty unless `explain`. `tables` are the rules that each table asked, `bindings`
    what NAT decided (whether for the source; None: to leave it as it is). `answered`: how
    the host answers in the far end's place."""

    def __init__(self, explain: bool = False) -> None:
        self.explain = explain
        self.matched: list[Counted] = []
        self.policies: list[Counted] = []
        self.steps: list[Step] = []
        self.tables: list[tuple[str, list[Visit]]] = []
        self.bindings: list[tuple[bool, NatRange | None]] = []
        self.decided: Ref | None = None
        self.reason = self.reject = ""
        self.answered: Packet | None = None
        self.queued = False
        self.by_chance: list[str] = []
        self.depends_on: list[str] = []

    def unread(self, queues: str) -> None:
        """A queue took the packet, and nobody told whether a program reads it."""
        self.queued = True
        self.depends_on.append(say("queue", queues=queues))

    def step(self, step: Step) -> None:
        """Remember a step, if anybody wants to know."""
        if self.explain:
            self.steps.append(step)
