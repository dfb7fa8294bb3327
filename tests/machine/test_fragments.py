"""Fragments that wait for others. What becomes of single ones, the kernel says
(tests/kernel/test_mixed.py)."""

from __future__ import annotations

from fwsim.language.read import read_as_listed
from fwsim.machine.infer import infer_world
from fwsim.machine.response import Start
from fwsim.machine.simulate import Simulation
from fwsim.model.exthdr import FRAGMENT
from fwsim.model.names import address_value
from fwsim.model.packet import Packet
from fwsim.model.trace import Leg

_RULES = """*filter
:FORWARD ACCEPT [0:0]
-A FORWARD -i eth0 -m conntrack --ctstate NEW -j ACCEPT
COMMIT
"""
_ENDS = address_value("2001:db8::1", 6), address_value("2001:db8::2", 6)


def _simulation() -> Simulation:
    return Simulation.of(infer_world({6: read_as_listed(_RULES, 6, "dump")}, "dump"))


def _comes(simulation: Simulation, ident: int, at: float = 0.0) -> Leg:
    """What becomes of a later fragment of that packet."""
    simulation.now = at
    header = bytes((0, 0, 8)) + ident.to_bytes(4, "big")
    packet = Packet(6, *_ENDS, ext=((FRAGMENT, header),), frag=1, payload=b"abc")
    return simulation.carry(packet, Start("host", "eth0"), follow=False)[0]


def _legs(*idents: int) -> list[Leg]:
    """Of later fragments that come in one after another."""
    simulation = _simulation()
    return [_comes(simulation, ident) for ident in idents]


def test_fragments_of_different_packets_wait_apart() -> None:
    assert {(leg.fate, leg.reason) for leg in _legs(1, 2, 3)} == {("consumed", "fragment")}


def test_what_fragments_make_together_is_not_known_and_said() -> None:
    first, other, second = _legs(1, 2, 1)
    assert {first.fate, other.fate} == {"consumed"}
    assert (second.fate, second.reason) == ("unknown", "fragment")
    assert "is not modelled" in "".join(second.depends_on)


def test_a_fragment_is_given_up_a_minute_after_the_first_of_its_packet() -> None:
    simulation = _simulation()
    fates = [_comes(simulation, 1, at).fate for at in (0.0, 59.0, 61.0, 100.0, 122.0)]
    assert fates == ["consumed", "unknown", "consumed", "unknown", "consumed"]


def test_what_waits_does_not_grow_with_time() -> None:
    simulation = _simulation()
    for ident in range(300):
        _comes(simulation, ident, float(ident))
    assert len(simulation.states["host"].fragments) == 60
