"""Hypothesis strategies for firewalls: packets that a place's rules are about.

from hypothesis import given
from fwsim.strategies import packets

@given(packets(net, src="172.18.0.0/16", dst="internet"))
def test_everything_gets_out(packet):
    assert net.trace(packet).outcome == "answered"
"""

from __future__ import annotations

from fwsim.strategies.drawn import Drawn as Drawn
from fwsim.strategies.packets import packets as packets

__all__ = ["Drawn", "packets"]
