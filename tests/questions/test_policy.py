"""`fwsim test`: a line is proved or a packet shows that it fails; a wrong policy is told where."""

from __future__ import annotations

from contextlib import suppress
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from random import Random

import pytest
from kernel.rulesets import random_rules

import fwsim
from fwsim.model.errors import FwsimError, QuestionError
from fwsim.net import Net
from fwsim.questions.policy.outcome import Outcome, Report
from fwsim.questions.policy.read import read_policy

COMPLETE = "example:article-complete"
CONTAINERS = "from = ['ns0', 'ns1']"
_POLICIES = "*filter\n:INPUT {} [0:0]\n:FORWARD {} [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n"


def _net(*commands: str) -> Net:
    return fwsim.load(COMPLETE).apply(*commands)


def _report(net: Net, *lines: str) -> Report:
    return net.test(read_policy("\n".join(lines), "policy.toml"))


def _outcome(net: Net, *lines: str) -> Outcome:
    (outcome,) = _report(net, *lines).outcomes
    return outcome


def _told(outcome: Outcome) -> str:
    """What a packet does that shows it: `what src dst proto dport`, and the rule that decided."""
    packet, ref = outcome.sent() or {}, outcome.ref
    port = packet.get("dport", "")
    rule = f"{ref.chain} {ref.rule}" if ref else "-"
    return f"{outcome.what} {packet['src']} {packet['dst']} {packet['proto']} {port} {rule}"


# -- must ------------------------------------------------------------------------------------------


def test_what_must_get_through_is_answered() -> None:
    line = ("[[must]]", CONTAINERS, "to = 'internet'")
    assert _outcome(_net(), *line).result == "holds"
    stopped = _outcome(_net("iptables -I FORWARD -s 172.18.0.3 -p udp --dport 53 -j DROP"), *line)
    assert stopped.result == "fails"
    assert _told(stopped) == "stopped 172.18.0.3 8.8.8.8 udp 53 FORWARD 1"
    lost = _outcome(_net("iptables -D FORWARD 9"), *line)
    assert _told(lost) == "lost 172.18.0.2 8.8.8.8 tcp 80 FORWARD policy"


def test_every_packet_that_a_line_speaks_of_must_get_through() -> None:
    only = _net(
        "iptables -P INPUT DROP", "iptables -A INPUT -p tcp --dport 8000:8010 -j ACCEPT",
        "iptables -A INPUT -p icmp -j ACCEPT",
    )  # fmt: skip
    line = ("[[must]]", "from = 'internet'", "to = 'host'", "proto = 'tcp'")
    assert _outcome(only, *line, "port = '8000-8010'").result == "holds"
    assert _outcome(only, *line, "port = ['8000-8005', 8010]").result == "holds"
    assert _outcome(only, *line, "port = '8000-8011'").result == "fails"
    assert _outcome(only, *line).result == "fails"
    assert _outcome(only, *line[:3], "proto = 'icmp'").result == "holds"


def test_two_machines_are_traced_whole() -> None:
    """The host lets it pass; the machine itself does not."""
    net = _net()
    line = ("[[must]]", "from = 'ns1'", "to = 'ns0'", "proto = 'tcp'", "port = 80")
    assert _outcome(net, *line).result == "holds"
    world = net.world
    deaf = world.namespaces["ns0"].with_rulesets(
        {4: fwsim.read(_POLICIES.format("DROP", "ACCEPT"))}
    )  # fmt: skip
    simulation = net.simulation.fork()
    simulation.world = world.with_namespace(deaf)
    outcome = _outcome(Net(simulation), *line)
    assert (outcome.result, outcome.what) == ("fails", "exchange")
    assert outcome.ref is not None
    assert outcome.ref.host == "ns0"


def test_a_network_is_the_machines_on_it() -> None:
    """Neither its broadcast address nor the host, which has addresses of its own."""
    net = _net("iptables -P INPUT DROP")
    line = ("[[must]]", "from = '172.18.0.0/16'", "to = 'internet'")
    assert _outcome(net, *line).result == "holds"
    assert _outcome(net, "[[must]]", "from = 'ns1'", "to = '172.18.0.0/16'").result == "holds"
    gateway = _outcome(net, "[[must]]", "from = 'ns1'", "to = '172.18.0.1'")
    assert _told(gateway) == "exchange 172.18.0.3 172.18.0.1 icmp  INPUT policy"


# -- must not --------------------------------------------------------------------------------------


def test_what_must_not_get_through_is_proved_or_shown() -> None:
    line = ("[[must_not]]", "from = 'internet'", "to = ['ns0', 'ns1']")
    assert _outcome(_net(), *line).result == "holds"
    opened = _outcome(
        _net("iptables -I FORWARD -i eth0 -d 172.18.0.3 -p tcp --dport 22 -j ACCEPT"), *line
    )
    assert _told(opened) == "through 8.8.8.8 172.18.0.3 tcp 22 FORWARD 1"
    assert opened.question is not None
    assert _net().trace(**opened.question).verdict == "DROP"


def test_a_published_port_is_found_by_where_its_packets_arrive() -> None:
    """Docker's trap: what is sent to the host arrives at a container."""
    nat, forward = "iptables -t nat -A PREROUTING -d 192.0.2.10", "iptables -I FORWARD -p tcp"
    published = _net(
        f"{nat} -p tcp --dport 15432 -j DNAT --to 172.18.0.3:5432",
        f"{forward} -d 172.18.0.3 --dport 5432 -m conntrack --ctstate DNAT -j ACCEPT",
    )
    line = ("[[must_not]]", "from = 'internet'", "to = 'ns1'", "proto = 'tcp'", "port = 5432")
    outcome = _outcome(published, *line)
    assert outcome.result == "fails"
    assert _told(outcome) == "through 8.8.8.8 192.0.2.10 tcp 15432 FORWARD 1"
    other = _outcome(published, *line[:4], "port = 5433")
    assert other.result == "holds"


def test_exceptions_are_left_out() -> None:
    net = _net("iptables -I FORWARD -i eth0 -s 203.0.113.0/24 -d 172.18.0.3 -j ACCEPT")
    line = ("[[must_not]]", "from = 'internet'", "to = 'ns1'")
    assert _outcome(net, *line).result == "fails"
    assert _outcome(net, *line, "except = '203.0.113.0/24'").result == "holds"
    assert _outcome(net, *line, "except = '203.0.113.0/25'").result == "fails"


def test_forged_packets_are_meant_where_a_device_is_named(tmp_path: Path) -> None:
    """Only rules are told, so no rp_filter stops them."""
    rules = tmp_path / "rules"
    rules.write_text(fwsim.save(_net("iptables -I FORWARD -s 172.18.0.0/16 -j ACCEPT").rules()))
    net = fwsim.load(rules)
    line = ("[[must_not]]", "from = '172.18.0.0/16'", "to = '172.17.0.0/16'")
    assert _outcome(net.apply("iptables -I FORWARD -i docker1 -j DROP"), *line).result == "holds"
    dropped = net.apply("iptables -I FORWARD -i docker1 -j DROP")
    assert _told(_outcome(dropped, *line, "in = 'eth0'")) == (
        "through 172.18.0.2 172.17.0.1 tcp 80 FORWARD 2"
    )


# -- isolated, unchanged ---------------------------------------------------------------------------


def test_isolated_is_both_ways_and_a_group_is_one_side() -> None:
    line = ("[[isolated]]", "between = ['bridge', 'containers']")
    groups = ("[groups]", "containers = ['ns0', 'ns1']", "bridge = '172.17.0.0/16'")
    one_way = _outcome(_net(), *groups, *line)
    assert _told(one_way) == "through 172.17.0.2 172.18.0.2 tcp 80 FORWARD 5"
    apart = _net(
        "iptables -I DOCKER-USER -i docker0 -o docker1 -j DROP",
        "iptables -I DOCKER-USER -i docker1 -o docker0 -j DROP",
    )
    assert _outcome(apart, *groups, *line).result == "holds"


def test_unchanged_is_no_difference_in_what_is_asked() -> None:
    line = ("[[unchanged_since]]", f"place = '{COMPLETE}'")
    assert _outcome(_net(), *line).result == "holds"
    net = _net("iptables -I FORWARD -d 8.8.8.8 -p tcp --dport 25 -j DROP")
    outcome = _outcome(net, *line)
    assert _told(outcome) == "changed 172.18.0.2 8.8.8.8 tcp 25 FORWARD 1"
    for narrow, result in (
        (("to = '8.8.4.4'",), "holds"), (("proto = 'tcp'", "port = 25"), "fails"),
        (("from = 'ns1'", "proto = 'udp'"), "holds"),
    ):  # fmt: skip
        assert _outcome(net, *line, *narrow).result == result, narrow


# -- what is not known, families -------------------------------------------------------------------


@pytest.mark.parametrize("line", [
    ("[[must]]", "from = 'ns1'", "to = 'internet'"),
    ("[[must_not]]", "from = 'ns1'", "to = 'internet'"),
    ("[[unchanged_since]]", f"place = '{COMPLETE}'"),
])  # fmt: skip
def test_what_depends_on_the_unknown_is_neither(line: tuple[str, ...]) -> None:
    drop = "iptables -I FORWARD -m string --algo bm --string secret -j DROP"
    outcome = _outcome(_net(drop), *line)
    assert outcome.result == "depends"
    assert "secret" in " ".join(outcome.depends_on)


def test_each_family_is_tested_of_which_rules_are_told() -> None:
    both = fwsim.load(COMPLETE)
    simulation = both.simulation.fork()
    host = simulation.world.namespaces["host"]
    six = fwsim.read(
        "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n", 6
    )
    simulation.govern(host.with_rulesets({**host.rulesets, 6: six}))
    net = Net(simulation)
    report = _report(
        net, "[[must_not]]", "from = '2001:db8::/32'", "to = '2001:db8:1::5'", "in = 'eth0'"
    )
    assert report.result == "holds"
    assert not report.untold
    opened = net.apply("ip6tables -P FORWARD ACCEPT", "ip6tables -A FORWARD -j ACCEPT")
    line = ("[[must_not]]", "from = '2001:db8::/32'", "to = '2001:db8:1::5'", "in = 'eth0'")
    assert _outcome(opened, *line).family in (0, 6)
    assert _report(both, "[[must_not]]", "to = 'ns1'", "from = 'ns0'", "proto = 'gre'").untold
    half = _outcome(both, "[[must_not]]", "from = 'internet'", "to = ['ns1', '2001:db8::2']")
    assert (half.result, half.depends_on) == ("depends", ("the rules of IPv6 (ip6tables-save)",))
    with pytest.raises(QuestionError, match="addresses of one family"):
        _outcome(both, "[[must_not]]", "from = '2001:db8::1'", "to = '2001:db8::2'")


# -- held against packets --------------------------------------------------------------------------


def _random(seed: int) -> Net:
    rules = fwsim.read(random_rules(Random(f"policy {seed}"), 4).dump())
    simulation = fwsim.load(COMPLETE).simulation.fork()
    simulation.govern(simulation.world.namespaces["host"].with_rulesets({4: rules}))
    return Net(simulation)


@pytest.mark.parametrize("seed", range(8))
def test_lines_say_what_packets_do(seed: int) -> None:
    """Under random rules: what is proved holds for random packets, what fails is shown by one."""
    net, random = _random(seed), Random(f"packets {seed}")
    kinds = {
        "must": ("from = 'ns1'", "to = 'internet'"),
        "must_not": ("from = 'ns1'", "to = 'ns0'"),
    }
    for kind, ends in kinds.items():
        for proto, port in (("tcp", 80), ("udp", 5000)):
            line = (f"[[{kind}]]", *ends, f"proto = '{proto}'", f"port = {port}")
            outcome = _outcome(net, *line)
            if outcome.result == "fails":
                assert outcome.trace is not None
                assert (outcome.trace.verdict == "ACCEPT") is (kind == "must_not")
            for _ in range(10 if outcome.result == "holds" else 0):
                trace = net.trace(
                    src="ns1", dst="8.8.8.8" if kind == "must" else "ns0", proto=proto, dport=port,
                    sport=random.randrange(1024, 65536), one_way=True,
                )  # fmt: skip
                assert (trace.verdict == "ACCEPT") is (kind == "must"), trace


def test_examples_have_addresses_that_people_expect() -> None:
    net = _net("iptables -I FORWARD -j ACCEPT")
    line = ("[[must_not]]", "from = '10.20.0.0/16'", "in = 'eth0'", "to = '172.18.0.0/16'")
    packet = _outcome(net, *line).sent()
    assert packet is not None
    assert packet["src"] == "10.20.0.1"
    assert IPv4Address(packet["dst"]) in IPv4Network("172.18.0.0/28")


# -- what is wrong with a policy -------------------------------------------------------------------

WEB = "[[must]]\nfrom = 'ns1'\nto = 'internet'\n"


@pytest.mark.parametrize(("text", "where", "said"), [
    ("[[must]\n", "1:7", "this is no TOML"),
    ("a = 1\nb = = 2", "2:5", "this is no TOML"),
    ("mustnot = 3", "1:1", "Did you mean 'must_not'?"),
    ("[must]\nfrom = 'a'\nto = 'b'", "1:2", "write [[must]]"),
    ("[[must_not]]\nform = 'ns1'\nto = 'ns0'", "2:1", "Did you mean 'from'?"),
    (f"{WEB}prot = 'tcp'", "4:1", "Did you mean 'proto'?"),
    (f"{WEB}proto = 'tpc'", "4:9", "unknown protocol 'tpc'"),
    (f"{WEB}proto = 'tcp'\nport = ['80', 'http']", "5:15", "'http' is not a port"),
    (f"{WEB}proto = 'tcp'\nport = 70000", "5:8", "'70000' is not a port"),
    (f"{WEB}proto = 'tcp'\nport = true", "5:8", "'True' is not a port"),
    (f"{WEB}proto = 'icmp'\nport = 80", "4:9", "icmp has no ports"),
    (f"{WEB}why = 3", "4:7", "'3' is not a text"),
    ("[[must]]\nfrom = 'ns1'", "1:3", "does not say 'to'"),
    ("[[must]]\nfrom = 'ns2'\nto = 'internet'", "2:8", "Did you mean 'ns1'?"),
    ("[[must_not]]\nto = ['ns0', 'ns3']", "2:14", "nothing here is called 'ns3'"),
    ("[[must_not]]\nto = ['ns0', 3]", "2:14", "'3' is not a name"),
    ("[[must_not]]\nto = []", "2:6", "'[]' is not"),
    ("[[isolated]]\nbetween = ['ns0']", "2:11", "between whom?"),
    ("[[must_not]]\nto = '172.18.0.0/33'", "2:6", "is no network"),
    ("[groups]\nweb = ['db']\ndb = ['web']\n" + WEB, "3:7", "a part of itself: web → db → web"),
    ("[groups]\ninternet = 'ns1'\n" + WEB, "2:1", "has a meaning already"),
    ("[groups]\nwebs = 'ns1'\n[[must]]\nfrom = 'web'\nto = 'ns0'", "4:8", "Did you mean 'webs'?"),
    (f"{WEB}in = 'a device'", "4:6", "device"),
    ("[[unchanged_since]]\nplace = 'example:nothing'", "2:9", "no example"),
    ("[[must_not]]\nfrom = 'ns1'\nto = '224.0.0.1'", "1:3", "no packet is like that"),
    (f"{WEB}[[must_not]]\nfrom = 'ns1'\nto = '8.8.0.0/16'\nport = 443", "4:3", "line 1 says that"),
    ("must = [{from = 'ns1', too = 'ns0'}]", "1:24", "Did you mean 'to'?"),
    ("", "", "asks for nothing"),
    ("x = " + "[" * 20000, "", "nested too deeply"),
    (f"{WEB}port = 0x{'f' * 5000}", "4:8", "is not a port"),
    (f"{WEB}port = {'9' * 5000}", "4:8", "this number is too long"),
])  # fmt: skip
def test_what_is_wrong_is_told_with_its_place(text: str, where: str, said: str) -> None:
    with pytest.raises(FwsimError) as refused:
        _report(_net(), text)
    message = str(refused.value)
    assert message.startswith(f"policy.toml:{where}: " if where else "policy.toml: "), message
    assert said in message
    assert "\n    " in message or not where  # the line, with its caret


def test_what_contradicts_is_told_with_a_packet_and_what_to_do() -> None:
    with pytest.raises(QuestionError) as refused:
        _report(_net(), WEB, "[[must_not]]\nto = '8.8.8.8'")
    assert "172.18.0.3 → 8.8.8.8" in str(refused.value)
    assert "except" in str(refused.value)
    found = _report(_net(), WEB, "[[must_not]]\nto = '8.8.8.8'\nexcept = 'ns1'")
    assert [outcome.result for outcome in found.outcomes] == ["holds", "fails"]


def test_a_place_beside_the_policy_is_found(tmp_path: Path) -> None:
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "rules.txt").write_text(fwsim.save(_net().rules()))
    text = f"from = 'rules.txt'\n{WEB}[[unchanged_since]]\nplace = 'rules.txt'"
    policy = read_policy(text, str(folder / "p.toml"))
    assert policy.place == str(folder / "rules.txt")
    assert policy.lines[1].place is not None
    assert policy.lines[1].place.text == policy.place
    assert read_policy(f"from = '{COMPLETE}'\n{WEB}", "p.toml").place == COMPLETE


# -- coverage --------------------------------------------------------------------------------------

POLICY = f"""
{WEB}
[[must_not]]
from = 'internet'
to = ['ns0', 'ns1']
[[isolated]]
between = ['172.18.0.0/16', '172.17.0.0/16']
"""


def test_coverage_is_what_taking_rules_away_shows() -> None:
    net = fwsim.load("example:article-before-docker").apply(
        "iptables -P FORWARD DROP",
        "iptables -A FORWARD -i eth0 -p tcp --dport 22 -j DROP",
        "iptables -A FORWARD -i docker0 -o docker1 -j DROP",
        "iptables -A FORWARD -o docker1 -m conntrack --ctstate ESTABLISHED -j ACCEPT",
        "iptables -A FORWARD -i docker1 -o eth0 -j ACCEPT",
        "iptables -A FORWARD -i docker0 -j ACCEPT",
    )
    policy = read_policy(POLICY, "policy.toml")
    report = net.test(policy, coverage=True)
    assert report.coverage is not None
    spare = {(r.table, r.chain, r.rule) for r in (*report.coverage.unmet, *report.coverage.same)}
    results = [outcome.result for outcome in report.outcomes]
    assert results == ["holds"] * 3
    tried = 0
    for table in net.rules().tables.values():
        for chain in table.chains.values():
            for number in range(1, len(chain.rules) + 1):
                without = net.apply(f"iptables -t {table.name} -D {chain.name} {number}")
                same = [o.result for o in without.test(policy).outcomes] == results
                assert same is ((table.name, chain.name, number) in spare), (chain.name, number)
                tried += 1
    assert tried == report.coverage.rules
    assert ("filter", "FORWARD", 1) in spare  # the policy does the same
    assert ("filter", "FORWARD", 2) not in spare
    assert [ref.rule for ref in report.coverage.unmet] == []


@pytest.mark.parametrize("seed", range(3))
def test_whatever_is_read_is_a_policy_or_told(seed: int) -> None:
    random = Random(f"text {seed}")
    signs = [
        "[",
        "]",
        "{",
        "}",
        "'",
        '"',
        '"""',
        "=",
        ",",
        "\n",
        "#",
        ".",
        "1979-13-01",
        "0x",
        "\x1b",
    ]
    signs += [
        "9" * 5000,
        "to",
        "must",
        "from",
        "true",
        "[[must]]",
        "\\u0000",
        "é",
        "\ufeff",
        "a." * 50,
    ]
    for _ in range(400):
        text = POLICY
        for _ in range(random.randrange(1, 6)):
            at, cut = random.randrange(len(text) + 1), random.choice((0, 0, 1, 5))
            text = text[:at] + random.choice(signs) + text[at + cut :]
        with suppress(FwsimError):
            read_policy(text, "policy.toml")
