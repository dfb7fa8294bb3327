"""One packet through one host, from its entrance to its end there."""

from __future__ import annotations

from fwsim.machine.buffer import Buffer
from fwsim.machine.moment import Moment
from fwsim.machine.netfilter import Netfilter
from fwsim.machine.passage import Passage
from fwsim.machine.record import Record
from fwsim.machine.stack import Stack
from fwsim.machine.state import State
from fwsim.machine.world import Namespace, World
from fwsim.model.trace import Step


def pass_through(
    world: World,
    ns: Namespace,
    state: State,
    buffer: Buffer,
    moment: Moment,
    *,
    leaves: str = "",
    explain: bool,
) -> Passage:
    """Take a packet in (where `buffer.in_` names a device) or send it (where it names none); with
    `leaves`, put it out by that port at once."""
    stack = Stack(world, ns, Netfilter(ns, state, moment), buffer, Record(explain))
    stack.netfilter = stack.netfilter._replace(tee=stack.copy)
    if buffer.in_:
        stack.record.step(Step("enter", data={"dev": buffer.in_}))
    stack.ports = [leaves] if leaves else []
    stack.walk("flood" if leaves else "arrive" if buffer.in_ else "send")
    return stack.passage
