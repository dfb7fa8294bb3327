"""The packets that a question is about, and the walk of all of them through the host."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fwsim.machine.infer import with_device, with_route
from fwsim.machine.naming import BEYOND
from fwsim.machine.sets.env import Facts
from fwsim.machine.sets.universe import entrances, possible
from fwsim.machine.sets.walk import Ending, HostWalk
from fwsim.model import fields as F
from fwsim.model.names import STATES, iface_value
from fwsim.model.pred import Pred, all_of, is_in, negate, prefix
from fwsim.questions.asked import Asked, by_devices
from fwsim.readings.space import PacketSet

if TYPE_CHECKING:
    from fwsim.machine.simulate import Simulation
    from fwsim.machine.world import World

FRESH = (STATES.index("NEW"), STATES.index("INVALID"))
KNOWN = (STATES.index("ESTABLISHED"), STATES.index("RELATED"))
UNTRACKED = STATES.index("UNTRACKED")


class Population:
    """What is asked of a place: `universe` are all packets that there are, `asked` those that the
    question is about. `simulation` is the place with the devices that it names."""

    def __init__(
        self, simulation: Simulation, asked: Asked, *, rules: bool = False, **how: Any
    ) -> None:
        self.simulation, self.question = placed(simulation, asked), asked
        world = self.simulation.world
        self.family = asked.of_family(world)
        self.facts = Facts(self.simulation.given.answer)
        self.walk = HostWalk(world, self.family, facts=self.facts, rules=rules, **how)
        self.space = self.walk.space
        self.sends = self._is_host(asked.src) and not asked.in_
        doors = asked.doors(world) or list(entrances(self.walk.regions))
        begins = is_in(F.IN, iface_value("")) if self.sends else by_devices(doors)
        everyone = all_of(
            possible(self.family, self._walked(), self._loaded()), begins, *self._unicast()
        )
        walked = self.space.read(everyone)
        self.universe = walked
        if self._untracked:
            own = self.space.read(is_in(F.CTSTATE, *asked.states()))
            self.universe = walked & own | self._left_alone(walked)
        self.asked = walked & self.space.read(asked.pred(world, self.family))

    @property
    def _untracked(self) -> bool:
        return UNTRACKED in self.question.states()

    def _walked(self) -> tuple[int, ...]:
        """The states of the packets that are walked: any may be left alone by a rule of raw."""
        states = self.question.states()
        return (*states, *FRESH) if self._untracked else states

    def _left_alone(self, packets: PacketSet) -> PacketSet:
        """The same packets, untracked."""
        return packets.erase(F.CTSTATE) & self.space.read(is_in(F.CTSTATE, UNTRACKED))

    def _loaded(self) -> frozenset[str]:
        ruleset = self.walk.regions.ns.rulesets.get(self.family)
        return ruleset.loaded if ruleset else frozenset()

    def _unicast(self) -> list[Pred]:
        """Such destinations alone, unless it is others that are asked about."""
        many = multicast(self.family)
        asked = self.question.pred(self.simulation.world, self.family)
        only = self.space.read(asked) <= self.space.read(many)
        return [] if only else [negate(many)]

    def likes(self) -> list[dict[str, int]]:
        """Addresses that people would expect in an example."""
        return likes(self.simulation.world, self.family)

    def endings(self) -> list[Ending]:
        """How the ways of the packets asked about end, in disjoint sets but for unknown facts."""
        return self.walk.send(self.asked) if self.sends else self.walk.come(self.asked)

    def packets(self, ending: Ending) -> PacketSet:
        """The packets of an ending, those in the states that are asked about."""
        return self._of_states(ending, PacketSet(self.space, ending.where))

    def _of_states(self, ending: Ending, packets: PacketSet) -> PacketSet:
        alone = PacketSet(self.space, ending.env.read(is_in(F.CTSTATE, UNTRACKED)))
        own = self.space.read(is_in(F.CTSTATE, *self.question.states()))
        if self._untracked:
            return (packets & own) - alone | self._left_alone(packets & alone)
        known = self.space.read(is_in(F.CTSTATE, *KNOWN))
        return packets & own - (known & alone)

    def left_by(self, ending: Ending, dev: str) -> PacketSet:
        """Those of them that leave by a device, or a bridge's port."""
        by = any(
            (ending.env.read(is_in(field, iface_value(dev))) & ending.where).satisfiable()
            for field in (F.OUT, F.PHYSOUT)
        )
        if not by:
            return self.space.nothing
        out, port = (
            ending.env.read(is_in(field, iface_value(dev))) for field in (F.OUT, F.PHYSOUT)
        )
        return self._of_states(ending, PacketSet(self.space, ending.where & (out | port)))

    def _is_host(self, name: str) -> bool:
        world = self.simulation.world
        return world.aliases.get(name, name) == world.host


def likes(world: World, family: int) -> list[dict[str, int]]:
    """Addresses that people would expect in an example: of the hosts behind the devices by which
    packets come, of hosts beyond, and its own."""
    src, dst, host = F.SRC[family].name, F.DST[family].name, world.namespaces[world.host]
    doors = [device for device in host.devices.values() if device.peer]
    homes = [world.namespaces[d.peer[0]] for d in doors if d.peer and d.peer[0] in world.namespaces]
    near = [a.value for ns in homes for _, a in ns.addresses(family) if a.scope == "global"]
    own = [a.value + 1 for _, a in host.addresses(family) if a.scope == "global"]
    far = BEYOND[family]
    through = [{src: a, dst: b} for a in (*near, far, *own) for b in (far, *near)]
    return through[:40] + [{src: a, dst: b - 1} for a in (far, *near[:1]) for b in own][:10]


def multicast(family: int) -> Pred:
    """Multicast routing is not modelled: such destinations are left out, and that is said."""
    dst = F.DST[family]
    return prefix(dst, 0xE << 28, 4) if family == 4 else prefix(dst, 0xFF << 120, 8)


def placed(simulation: Simulation, asked: Asked) -> Simulation:
    """The place with the devices that are asked about; where only rules were given, `out` leads to
    every destination that no other device does."""
    world = simulation.world
    if asked.in_:
        world = with_device(world, asked.in_)
    if asked.out:
        world = with_device(world, asked.out)
        if world.inferred:
            world = with_route(world, asked.of_family(world), 0, asked.out, length=0)
    changed = simulation.fork()
    changed.world = world
    return changed
