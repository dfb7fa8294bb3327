"""One question of the diagram, asked for one packet."""

from __future__ import annotations

from fwsim.machine.buffer import Buffer
from fwsim.machine.moment import Moment
from fwsim.machine.netfilter import Netfilter
from fwsim.machine.passage import Passage
from fwsim.machine.policy import flow_of
from fwsim.machine.record import Record
from fwsim.machine.routing import lookup
from fwsim.machine.stack import Stack
from fwsim.machine.state import State
from fwsim.machine.world import Namespace, World


def asked(
    question: str, world: World, ns: Namespace, buffer: Buffer, moment: Moment, *, came_to: int
) -> tuple[str, Passage, list[str]]:
    """What the diagram would be answered for a packet in that state; what there is to tell of its
    end where that is one; the bridge ports that it leaves by. `came_to` is where its frame was
    sent to, before any translation."""
    stack = Stack(world, ns, Netfilter(ns, State(moment.tracker), moment), buffer, Record())
    stack.bridged_to = came_to
    if question == "age":
        stack.way = lookup(ns, flow_of(buffer.packet, buffer.in_, buffer.mark))
        if buffer.physin and came_to != buffer.packet.dst:
            buffer.speaks_by = stack.way.dev
    answer: str = getattr(stack, f"_{question}")()
    return answer, stack.passage, stack.ports
