"""Witnesses in the real kernel: of each set of packets that a walk of sets ends with, one packet is
sent through the kernel under the same rules, whose counters and frames are those of its end."""

from __future__ import annotations

from random import Random

import pytest

from fwsim.machine.bridging import BROADCAST, asked_for
from fwsim.machine.sets.universe import by_devices, possible
from fwsim.machine.sets.walk import Ending, HostWalk
from fwsim.machine.simulate import Simulation
from fwsim.model.pred import all_of
from fwsim.questions.witness import witness
from fwsim.readings.space import PacketSet

from .cases import Case, DifferenceError, Tally, bare_world, complain, run
from .conversations import Sent
from .lab import require_kernel
from .rulesets import ADDRESSES, Rules, random_rules
from .spec import SMALL, macs_of

require_kernel()

RULESETS = 6
_DOORS = ("eth0", "veth0", "veth1")
_MACS = macs_of(SMALL)


class _Sets:
    """The lab's machine under a ruleset, walked with sets."""

    def __init__(self, rules: Rules, family: int) -> None:
        import fwsim

        world = bare_world()
        host = world.namespaces[world.host]
        read = fwsim.read(rules.dump(), family=family)
        self.family, self.world = family, world.with_namespace(host.with_rulesets({family: read}))
        self.walk = HostWalk(self.world, family, rules=True)

    def witnesses(self, rng: Random) -> dict[Ending, Sent]:
        """One packet of each ending that can be sent into the lab."""
        everyone = all_of(possible(self.family, (1,)), by_devices(_DOORS))
        found = {}
        for ending in self.walk.come(self.walk.space.read(everyone)):
            sent = self._sent(ending, rng) if ending.fate != "unknown" else None
            if sent is not None:
                found[ending] = sent
        return found

    def _sent(self, ending: Ending, rng: Random) -> Sent | None:
        likes = [{"src": rng.choice(self._addresses), "dst": rng.choice(self._addresses)}]
        packets, fates = PacketSet(self.walk.space, ending.where), frozenset({ending.fate})
        found = witness(packets, self.family, Simulation.of(self.world), fates, likes * 3)
        if found is None:
            return None
        mac = _MACS[found.dev]
        if found.dev != "eth0":
            host = self.world.namespaces[self.world.host]
            mac = asked_for(self.world, host, "docker1", found.packet)
        if mac == BROADCAST:
            return None  # nobody answers for the address: no such frame would be sent
        return Sent(found.dev, mac, found.packet)

    @property
    def _addresses(self) -> list[int]:
        from fwsim.model.names import address_value

        return [address_value(text, self.family) for text in ADDRESSES[self.family]]


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("backend", ["legacy", "nft"])
def test_a_witness_of_every_end(backend: str, family: int, seed: int) -> None:
    tally = Tally()
    for number in range(RULESETS):
        name = f"witness-{backend}-{family}-{seed}-{number}"
        rng = Random(name)
        rules = random_rules(rng, family)
        found = _Sets(rules, family).witnesses(rng)
        try:
            run(Case(backend, family, rules, tuple(found.values())), tally=tally)
        except DifferenceError as difference:
            complain(difference, name)
    assert tally.packets >= RULESETS * 3
    assert {"forwarded", "dropped"} <= set(tally.fates)
