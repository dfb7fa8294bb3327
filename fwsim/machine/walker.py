"""The diagram of fwsim.machine.hooks, walked by one packet through one host; what the diagram asks
is answered by those who inherit from here."""

from __future__ import annotations

from typing import Self

from fwsim.machine import routing
from fwsim.machine.buffer import Buffer
from fwsim.machine.hooks import DIAGRAM, Hook
from fwsim.machine.netfilter import Netfilter
from fwsim.machine.passage import Passage
from fwsim.machine.policy import Flow
from fwsim.machine.record import Record
from fwsim.machine.words import say
from fwsim.machine.world import Namespace, World
from fwsim.model.trace import Emitted, Step

ENDS = {
    "DROP": "dropped", "REJECT": "rejected", "QUEUE": "consumed",
    "STOLEN": "consumed", "HELD": "consumed", "UNKNOWN": "unknown",
}  # fmt: skip
"""The fate of packets that a hook does not let pass, by its verdict."""


class Walker:
    """One packet's way: the nodes of the diagram in turn, and where the packet ended."""

    def __init__(
        self, world: World, ns: Namespace, netfilter: Netfilter, buffer: Buffer, record: Record
    ) -> None:
        self.world, self.ns, self.netfilter = world, ns, netfilter
        self.buffer, self.record = buffer, record
        self.passage = Passage(ns.name, record, buffer, netfilter.moment)
        self.local = not buffer.in_
        self.bridged_to = 0  # the destination as the frame came in, to notice DNAT
        self.ports: list[str] = []
        self.way, self.branches = routing.NO_WAY, list[tuple[Walker, str]]()

    def walk(self, node: str) -> None:
        """Go on from a node of the diagram to the packet's end, and that of its copies."""
        self._walk(node if self._are_rules_told() else "")
        for other, start in self.branches:
            other.walk(start)
            self.passage.beside.append(other.passage)

    def _walk(self, node: str) -> None:
        while node:
            step = DIAGRAM[node]
            if isinstance(step, Hook):
                verdict = self.netfilter.run(step.hook, self.buffer, self.record)
                if verdict != "ACCEPT":
                    self._end(ENDS[verdict], self.record.reason)
                    return
                node = step.then
            else:
                answer: str = getattr(self, f"_{step.question}")()
                node = step.then.get(answer, "")

    def _are_rules_told(self) -> bool:
        """Rules of one family say nothing of the other's; then that was the packet's end."""
        untold = self.world.untold_rules(self.ns, self.buffer.packet.family)
        if untold:
            self.record.depends_on.append(say("untold", what=untold))
            self._end("unknown", "no_rules")
        return not untold

    def _end(self, fate: str, reason: str = "", error: str = "") -> str:
        self.passage.fate, self.passage.reason, self.passage.error = fate, reason, error
        self.record.step(Step("end", data={"fate": fate, "reason": reason}))
        return ""

    def _refuses(self, flow: Flow, out: str) -> bool:
        """Its source may not come in by its device: then that was its end."""
        refusal = routing.unexpected(self.ns, flow, out)
        if refusal is not None:
            self._end("dropped", refusal)
        return refusal is not None

    def _emit(self, dev: str) -> None:
        packet, mac = self.buffer.packet, self.buffer.mac_dst
        if packet.uid is not None:
            packet = packet.but(uid=None)  # nobody beyond this host knows who sent it
        self.passage.emitted.append(Emitted(self.ns.name, dev, packet, mac))
        self.record.step(Step("leave", after=packet, data={"dev": dev}))

    def _another(self, buffer: Buffer, netfilter: Netfilter) -> Self:
        return type(self)(self.world, self.ns, netfilter, buffer, Record(self.record.explain))
