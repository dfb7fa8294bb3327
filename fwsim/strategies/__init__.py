"""Hypothesis strategies for firewalls: packets that a place's rules are about.

from hypothesis import given
from fwsim.strategies import packets

@given(packets(net, src="172.18.0.0/16", dst="internet"))
def test_everything_gets_out(packet):
    assert net.trace(packet).outcome == "answered"
"""

from __future__ import annotations

from fwsim.strategies.addresses import addresses as addresses
from fwsim.strategies.conversations import Conversation as Conversation
from fwsim.strategies.conversations import conversations as conversations
from fwsim.strategies.drawn import Drawn as Drawn
from fwsim.strategies.machine import FirewallMachine as FirewallMachine
from fwsim.strategies.machine import hold as hold
from fwsim.strategies.packets import packets as packets
from fwsim.strategies.rules import Dump as Dump
from fwsim.strategies.rules import rules as rules
from fwsim.strategies.rules import rulesets as rulesets

__all__ = [
    "Conversation", "Drawn", "Dump", "FirewallMachine", "addresses", "conversations", "hold",
    "packets", "rules", "rulesets",
]  # fmt: skip
