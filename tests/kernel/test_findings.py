"""Findings in the real kernel: the witnesses of lint, of exposed and of repair's commands are sent
there, and do what is claimed of them."""

from __future__ import annotations

from typing import Any

import pytest

import fwsim
from fwsim.machine.simulate import Simulation
from fwsim.net import Net
from fwsim.questions.lint.finding import Finding

from . import mixed
from .cases import bare_world
from .conversations import Sent
from .duel import Duel, Seen
from .lab import Lab, require_kernel
from .rulesets import Line, Rules
from .spec import SMALL, macs_of

require_kernel()

_MACS = macs_of(SMALL)
_KNOWN = "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"
# a fault, the rules, and whether its witness moves the rule at fault
PLANTED = [
    ("shadowed", ["-A INPUT -i eth0 -s 10.0.0.0/8 -j DROP",
                  "-A INPUT -i eth0 -s 10.1.0.0/16 -p udp -j ACCEPT"], False),
    ("shadowed", ["-A INPUT -i eth0 -s 0.0.0.0/1 -j DROP",
                  "-A INPUT -i eth0 -s 128.0.0.0/1 -j DROP",
                  "-A INPUT -i eth0 -p tcp -j ACCEPT"], False),
    ("accept-first", ["-A FORWARD -i eth0 -p tcp -j ACCEPT",
                      "-A FORWARD -i eth0 -p tcp --dport 23 -j DROP"], False),
    ("partly-accepted", ["-A FORWARD -i eth0 -p tcp --dport 22 -j ACCEPT",
                         "-A FORWARD -i eth0 -s 9.9.9.9 -j DROP"], False),
    ("log-late", ["-A INPUT -i eth0 -p tcp -j DROP",
                  "-A INPUT -i eth0 -p tcp --dport 22 -j LOG"], False),
    ("redundant", ["-A FORWARD -i eth0 -s 9.9.9.0/24 -j DROP",
                   "-A FORWARD -i eth0 -s 9.9.0.0/16 -j DROP"], True),
    ("input-dnat", ["-A INPUT -i eth0 -p tcp --dport 8080 -j DROP"], False),
]  # fmt: skip
_PUBLISH = "-A PREROUTING -i eth0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.18.0.2:80"


def _rules(lines: list[str], code: str = "") -> Rules:
    policies = {("filter", chain): "ACCEPT" for chain in ("INPUT", "FORWARD", "OUTPUT")}
    found = [Line("filter", line) for line in lines]
    if code == "input-dnat":
        chains = ("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING")
        policies |= {("nat", chain): "ACCEPT" for chain in chains}
        found.append(Line("nat", _PUBLISH))
    return Rules(policies, tuple(found))


def _net(rules: Rules) -> Net:
    """The lab's machine under these rules."""
    world = bare_world()
    host = world.namespaces[world.host]
    ruled = host.with_rulesets({4: fwsim.read(rules.dump(), family=4)})
    return Net(Simulation.of(world.with_namespace(ruled)))


def _sent(rules: Rules, witness: Any) -> Seen:
    """What the kernel does with a witness under the rules."""
    with Lab(quiet=True) as lab, mixed.OneProcessor(lab):
        assert mixed.load(lab, rules, 4, "legacy")
        duel = Duel(lab, 4, bare_world())
        return duel.kernel(Sent(witness.dev, _MACS[witness.dev], witness.packet))


def _at(ref: Any) -> tuple[int, str, str, int]:
    return ref.family, ref.table, ref.chain, ref.rule


@pytest.mark.parametrize(("code", "lines", "moves"), PLANTED)
def test_a_finding_s_witness_does_so(code: str, lines: list[str], moves: bool) -> None:
    rules = _rules(lines, code)
    found: list[Finding] = [f for f in _net(rules).lint(everywhere=True) if f.code == code]
    assert found
    finding = found[0]
    assert finding.witness is not None
    assert finding.witness.dev == "eth0"
    seen = _sent(rules, finding.witness)
    assert (_at(finding.rule) in seen.matched) is moves
    if not moves:
        assert any(_at(ref) in seen.matched for ref in finding.because)


def test_an_open_door_is_open_and_a_closed_one_is_not() -> None:
    lines = ["-A FORWARD -i eth0 -p tcp -m tcp --dport 80 -j ACCEPT",
             "-A INPUT -i eth0 -p tcp -m tcp --dport 22 -j ACCEPT"]  # fmt: skip
    rules = _rules([*lines, f"-A FORWARD {_KNOWN}"], "input-dnat")
    closed = {("filter", "FORWARD"): "DROP", ("filter", "INPUT"): "DROP"}
    rules = Rules({**rules.policies, **closed}, rules.lines)
    doors = _net(rules).exposed("eth0").doors
    assert {door.fate for door in doors} == {"delivered", "forwarded"}
    assert any(door.becomes for door in doors)
    for door in doors:
        assert door.witness is not None
        seen = _sent(rules, door.witness)
        let_in = [_at(ref) for ref in door.by]
        assert any(at in seen.matched for at in let_in), door
        assert not {(4, "filter", "FORWARD"), (4, "filter", "INPUT")} & seen.policies.keys()


def test_a_remedy_opens_what_it_says() -> None:
    rules = _rules([f"-A FORWARD {_KNOWN}"])
    rules = Rules({**rules.policies, ("filter", "FORWARD"): "DROP"}, rules.lines)
    net = _net(rules)
    remedies = net.repair(src="9.9.9.9", dst="172.18.0.2", proto="tcp", dport=80)
    command = remedies.found[0].commands[0]
    changed = net.apply(command)
    witness = changed.reach(in_="eth0", src="9.9.9.9", dst="172.18.0.2", proto="tcp", dport="80")
    assert witness.witness is not None
    text = fwsim.save(changed.world.namespaces["host"].rulesets[4], counters=False)
    added = [Line("filter", line) for line in text.splitlines() if line.startswith("-A")]
    opened = Rules(rules.policies, tuple(added))
    before, after = (_sent(each, witness.witness) for each in (rules, opened))
    assert (4, "filter", "FORWARD") in before.policies
    assert not before.emitted
    assert (4, "filter", "FORWARD") not in after.policies
    assert after.emitted
