"""What changed from one ruleset to another, against packets that are sent through both."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import pytest
from kernel.rulesets import Line, Rules, random_rules

import fwsim
from fwsim.machine.infer import address_routes, infer_world
from fwsim.machine.place import examples
from fwsim.machine.response import Start
from fwsim.machine.simulate import Simulation
from fwsim.machine.world import Address, Namespace, Route
from fwsim.model import fields as F
from fwsim.model.errors import QuestionError
from fwsim.model.frozen import replace
from fwsim.model.names import address_value
from fwsim.model.packet import TCP, Packet
from fwsim.model.packet_json import packet_from_dict
from fwsim.model.pred import all_of, any_of, is_in
from fwsim.net import Net
from fwsim.questions import together
from fwsim.questions.asked import Asked
from fwsim.questions.diff import Diff, diff
from fwsim.readings.concrete import compile_pred
from fwsim.readings.cover import box_pred
from fwsim.readings.space import Space
from questions.packets import random_packet, view_of

_UNCUT = 1 << 20
_SHAKEN = 12
_PASSED = ("delivered", "forwarded", "sent")


def _under(rules: Rules, family: int) -> Net:
    """The article's hosts under these rules."""
    net = fwsim.load("example:article-complete")
    simulation = net.simulation.fork()
    host = simulation.world.namespaces[simulation.world.host]
    host = _with_six(host) if family == 6 else host
    simulation.govern(host.with_rulesets({family: fwsim.read(rules.dump(), family=family)}))
    return Net(simulation)


def _with_six(host: Namespace) -> Namespace:
    """The host with addresses of IPv6 too."""
    held = {"docker1": "fd18::1", "eth0": "2001:db8::10"}
    devices = dict(host.devices)
    for name, text in held.items():
        own = (*devices[name].addresses, Address(6, address_value(text, 6), 64))
        devices[name] = replace(devices[name], addresses=own)
    routes = (*address_routes(devices.values(), 6), Route(0, 0, "eth0"))
    sysctl = {**host.sysctl, "net.ipv6.conf.all.forwarding": "1"}
    return host._replace(devices=devices, routes={**host.routes, 6: routes}, sysctl=sysctl)


def _edited(rules: Rules, rng: Random) -> Rules:
    """The same but for a rule that is gone, or that stands elsewhere."""
    lines = [*rules.lines]
    moved = lines.pop(rng.randrange(len(lines)))
    if rng.random() < 0.5:
        lines.insert(rng.randrange(len(lines) + 1), moved)
    return Rules(rules.policies, tuple(lines))


def _pairs(family: int) -> list[tuple[int, Net, Net]]:
    found = []
    for seed in range(4):
        rng = Random(f"diff {family} {seed}")
        rules = random_rules(rng, family)
        other = random_rules(rng, family) if seed == 0 else _edited(rules, rng)
        found.append((seed, _under(rules, family), _under(other, family)))
    return found


def _outcome(simulation: Simulation, packet: Packet, dev: str) -> Any:
    """What its sender and receiver see of a packet."""
    start = Start(simulation.world.host, dev)
    leg, passages = simulation.fork().carry(packet, start, follow=False)
    arrived = leg.arrived
    if leg.fate in _PASSED and arrived is not None:
        out = passages[-1].buffer.out if leg.fate != "delivered" else ""
        return leg.fate, arrived.src, arrived.dst, arrived.sport, arrived.dport, out
    if leg.fate == "rejected":
        return leg.fate, passages[-1].record.reject
    return "unknown" if leg.fate == "unknown" else "dropped"


@pytest.mark.parametrize("name", [name for name, _ in examples()])
def test_a_place_does_not_differ_from_itself(name: str) -> None:
    net = fwsim.load(f"example:{name}")
    found = net.diff(net)
    assert found.equal is True
    assert not found
    assert found.to_dict() == {"equal": True, "changes": []}


@pytest.mark.parametrize("family", [4, 6])
def test_a_packets_fates_differ_exactly_if_it_lies_in_a_change(family: int) -> None:
    told = 0
    for seed, old, new in _pairs(family):
        found = diff(old.simulation, new.simulation, _UNCUT)
        boxes = [box for change in found.changes for box in change.packets.boxes]
        changed = compile_pred(any_of(*map(box_pred, boxes)))
        maybe = compile_pred(any_of(*(box_pred(b) for part in found.perhaps for b in part.boxes)))
        rng = Random(seed)
        for _ in range(120):
            packet, dev = random_packet(rng, family)
            was, now = (_outcome(net.simulation, packet, dev) for net in (old, new))
            view = view_of(packet, dev)
            if "unknown" in (was, now) or maybe(view):
                continue
            assert changed(view) is (was != now), (seed, packet, dev, was, now)
            told += was != now
    assert told > 20


@pytest.mark.parametrize("family", [4, 6])
def test_changes_are_disjoint_and_their_witnesses_replay(family: int) -> None:
    replayed = 0
    for _, old, new in _pairs(family):
        found = diff(old.simulation, new.simulation)
        for change in found.changes:
            if change.witness is None:
                continue
            packet = change.witness.to_dict()
            legs = [next(net.packets([(change.witness.packet, packet["in"] or "", 0.0)]))
                    for net in (old, new)]  # fmt: skip
            assert [leg.verdict for leg in legs] == [
                change.was.fate.verdict, change.now.fate.verdict,
            ]  # fmt: skip
            for leg, side in zip(legs, (change.was, change.now), strict=True):
                assert side.ref is None or leg.decided_by == side.ref
            within = [
                other for other in found.changes
                if any(compile_pred(box_pred(b))(change.witness.view) for b in other.packets.boxes)
            ]  # fmt: skip
            assert within == [change]
            replayed += 1
    assert replayed > 3


def _told(found: Diff) -> Counter[Any]:
    return Counter(
        (c.was.fate, c.now.fate, c.was.ref, c.now.ref, c.packets.headers) for c in found.changes
    )


def _mirrored(found: Diff) -> Counter[Any]:
    return Counter(
        (c.now.fate, c.was.fate, c.now.ref, c.was.ref, c.packets.headers) for c in found.changes
    )


@pytest.mark.parametrize("family", [4, 6])
def test_the_other_way_round_it_is_the_mirror(family: int) -> None:
    for _, old, new in _pairs(family)[1:3]:
        assert old.diff(old).equal is not False
        assert _told(old.diff(new)) == _mirrored(new.diff(old))


def test_dumps_that_are_written_differently_are_proved_equal() -> None:
    one = """*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i eth0 -s 10.0.0.0/9 -p tcp --dport 80 -j ACCEPT
-A INPUT -i eth0 -s 10.128.0.0/9 -p tcp --dport 80 -j ACCEPT
-A INPUT -p udp -j REJECT
COMMIT
"""
    other = """*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:web - [0:0]
-A INPUT -p tcp -i eth0 -m multiport --dports 80 -g web
-A INPUT -p udp -j REJECT --reject-with icmp-port-unreachable
-A INPUT -j DROP
-A web ! -s 10.0.0.0/8 -j DROP
COMMIT
"""
    worlds = [_dump(text) for text in (one, other)]
    assert worlds[0].diff(worlds[1]).equal is True
    wider = _dump(one.replace("10.128.0.0/9", "10.128.0.0/8"))
    (change,) = worlds[1].diff(_dump(one.replace("10.0.0.0/9", "10.0.0.0/10"))).changes
    assert (change.was.fate.verdict, change.now.fate.verdict) == ("ACCEPT", "DROP")
    assert change.packets.to_list()[0]["src"] == ["10.64.0.0/10"]
    assert worlds[0].diff(wider).equal is True  # iptables masks the bits behind the prefix


def _dump(text: str) -> Net:
    return Net(Simulation.of(infer_world({4: fwsim.read(text, family=4)}, "a dump")))


def test_an_address_that_rules_for_the_host_name_is_its_own() -> None:
    text = """*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -d 203.0.113.5/32 -p tcp --dport 22 -j ACCEPT
COMMIT
"""
    (change,) = _dump(text).diff(_dump(text.replace("22", "2222"))).changes[1:]
    assert (change.was.fate.verdict, change.now.fate.verdict) == ("ACCEPT", "DROP")
    assert change.packets.to_list()[0]["dst"] == ["203.0.113.5"]


def test_a_diff_may_be_narrowed() -> None:
    old = fwsim.load("example:article-complete")
    new = old.apply("iptables -I INPUT -p tcp --dport 22 -j DROP")
    assert old.diff(new, proto="udp").equal is True
    assert old.diff(new, in_="eth0", dport="23-80").equal is True
    with pytest.raises(QuestionError, match="nodev"):
        old.diff(new, in_="nodev")
    found = old.diff(new, in_="eth0", dst="192.0.2.10", proto="tcp")
    (change,) = found.changes
    assert (change.packets.to_list()[0]["dport"], len(change.packets.boxes)) == (["22"], 1)


def test_what_answers_need_is_compared_too() -> None:
    old, new = (fwsim.load(f"example:article-{n}") for n in ("outbound-only", "complete"))
    (change,) = old.diff(new).changes
    assert (change.was.fate.verdict, change.now.fate.verdict) == ("DROP", "ACCEPT")
    told = change.to_dict()
    assert told["packets"][0]["ctstate"] == ["RELATED", "ESTABLISHED"]
    assert (told["witness"]["src"], told["witness"]["dst"]) == ("8.8.8.8", "192.0.2.10")
    conversation = [
        (packet_from_dict(packet), packet["in"], 0.0)
        for packet in (*told["before"], told["witness"])
    ]
    for net, verdict in ((old, "DROP"), (new, "ACCEPT")):
        request, reply = net.packets(conversation)
        assert (request.verdict, reply.verdict, reply.ctstate) == (
            "ACCEPT", verdict, "ESTABLISHED",
        )  # fmt: skip


def test_a_translation_that_changed_is_a_change() -> None:
    net = fwsim.load("example:article-complete")
    command = "iptables -t nat -A PREROUTING -i eth0 -p tcp --dport 81 -j DNAT --to {}"
    old, new = (net.apply(command.format(to)) for to in ("172.18.0.2:80", "172.18.0.3:80"))
    allowed = "iptables -I FORWARD -i eth0 -o docker1 -p tcp --dport 80 -j ACCEPT"
    found = old.apply(allowed).diff(new.apply(allowed))
    became = {(c["was_becomes"].get("dst"), c["now_becomes"].get("dst"))
              for c in found.to_dict()["changes"]}  # fmt: skip
    assert ("172.18.0.2", "172.18.0.3") in became


def test_a_rule_that_moved_keeps_its_coin() -> None:
    net = fwsim.load("example:article-complete").apply(
        "iptables -A INPUT -p udp -m limit --limit 5/min -j ACCEPT",
        "iptables -A INPUT -p udp -j DROP",
    )
    assert net.diff(net.apply("iptables -I INPUT -p tcp -j ACCEPT")).equal is True
    assert net.diff(net.apply("iptables -D INPUT 1")).equal is None


def test_a_rule_that_no_compared_packet_meets_is_told() -> None:
    net = fwsim.load("example:article-complete")
    found = net.diff(net.apply("iptables -A INPUT -i nowhere -j DROP"))
    assert found.equal is True
    assert [ref.text for ref in found.unmet[1]] == ["-i nowhere -j DROP"]


def test_a_narrowed_diff_is_that_part_of_the_whole() -> None:
    """Rules that match nobody who is asked about are passed over; what is left is the same."""
    told = 0
    for _, old, new in _pairs(4):
        narrowed = Asked(proto="udp", src="0.0.0.0/1")
        whole, part = (
            diff(old.simulation, new.simulation, _UNCUT, asked) for asked in (Asked(), narrowed)
        )
        boxes = [[b for c in found.changes for b in c.packets.boxes] for found in (whole, part)]
        every, narrow = (compile_pred(any_of(*map(box_pred, each))) for each in boxes)
        rng = Random("narrowed")
        for _ in range(400):
            view = view_of(*random_packet(rng, 4))
            asked = view["proto"] == 17 and view["src"] < 1 << 31
            assert narrow(view) is (asked and every(view))
            told += narrow(view)
    assert told


def _shaken(rules: Rules, rng: Random) -> Rules:
    """The same but for a rule of another ruleset, a policy, or two rules exchanged."""
    lines, policies = [*rules.lines], dict(rules.policies)
    match rng.randrange(3):
        case 0:
            others = [line for line in random_rules(rng, 4).lines if _fits(line, rules)]
            lines.insert(rng.randrange(len(lines) + 1), rng.choice(others))
        case 1:
            base = rng.choice([key for key, policy in policies.items() if policy == "ACCEPT"])
            policies[base] = "DROP"
        case _:
            one, two = (rng.randrange(len(lines)) for _ in range(2))
            lines[one], lines[two] = lines[two], lines[one]
    return Rules(policies, tuple(lines))


def _fits(line: Line, rules: Rules) -> bool:
    """Its chain, and what it jumps to, are there."""
    words = line.text.split()
    chains = {chain for table, chain in rules.policies if table == line.table}
    target = words[words.index("-j") + 1] if "-j" in words else ""
    return words[1] in chains and (target in chains or target == target.upper())


def test_only_packets_that_may_come_to_what_differs_are_walked_and_nothing_is_missed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = 0
    for seed in range(_SHAKEN):
        rng = Random(f"shaken {seed}")
        rules = random_rules(rng, 4)
        places = [rules, _shaken(rules, rng) if seed % 4 else _edited(rules, rng)]
        known = rng.random() < 0.7
        old, new = (_under(each, 4) if known else _dump(each.dump()) for each in places)
        narrowed = diff(old.simulation, new.simulation, _UNCUT)
        with monkeypatch.context() as patched:
            patched.setattr(together, "differing", lambda space, *_, **__: space.everything)
            whole = diff(old.simulation, new.simulation, _UNCUT)
        assert _counted(narrowed) == _counted(whole), seed
        assert narrowed.unmet == whole.unmet
        assert narrowed.depends_on == whole.depends_on
        told += bool(whole)
    assert told > _SHAKEN // 5


def _counted(found: Diff) -> tuple[object, ...]:
    """What is told of it, but for the order in which equals stand, and the examples."""
    changes = Counter(
        (c.was, c.now, c.packets.headers, repr(c.packets.boxes)) for c in found.changes
    )
    return changes, found.perhaps, found.equal


_WEB = """*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:web - [0:0]
:open - [0:0]
-A FORWARD -j web
-A open -p tcp -j ACCEPT
{}
COMMIT
"""


def test_rules_in_another_order_are_proved_equal_without_a_walk() -> None:
    """Those that match no packet together; where two do, these packets alone are compared."""
    lines = [
        f"-A web -d 10.0.{n % 3}.{n}/32 -p tcp -m tcp --dport 80 -j {('open', 'DROP')[n % 2]}"
        for n in range(40)
    ]
    wide = "-A web -d 10.0.1.0/24 -p tcp -j DROP"
    turned = Random(3).sample(lines, len(lines))
    old, new, first, last = (
        _dump(_WEB.format("\n".join(rules))).simulation
        for rules in (lines, turned, [wide, *lines], [*lines, wide])
    )
    space = Space()
    assert together.differing(space, old, new, 4, local=False).is_empty
    assert diff(old, new).equal is True
    found = together.differing(space, first, last, 4, local=False)
    passed = [n for n in range(40) if n % 3 == 1]
    there = is_in(F.DST[4], *(address_value(f"10.0.1.{n}", 4) for n in passed))
    assert found == space.read(all_of(there, is_in(F.PROTO, TCP), is_in(F.DPORT, 80)))
    assert diff(first, last, asked=Asked(in_="eth0")).equal is False


def test_what_is_chosen_freely_may_be_as_it_was() -> None:
    """The port that MASQUERADE chooses may be the packet's own, or lies where its own does not."""
    net = fwsim.load("example:article-complete")
    asked = {"in_": "docker1", "proto": "udp", "src": "172.18.0.2", "dst": "8.8.8.8"}
    rule = "iptables -t nat -I POSTROUTING 1 -s 172.18.0.2 -p udp -j SNAT --to-source 192.0.2.10"
    old, new = net.apply(rule), net.apply(f"{rule}:1000-1010")
    found = old.diff(new, **asked)
    (surely,) = found.changes
    (perhaps,) = found.perhaps
    assert surely.packets.to_list()[0]["sport"] == ["0-999", "1011-65535"]
    assert perhaps.to_list()[0]["sport"] == ["1000-1010"]
