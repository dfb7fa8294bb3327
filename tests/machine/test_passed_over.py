"""A packet's way is the same whether rules are passed over by an index or asked one by one."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from language.dumps import random_dump

import fwsim
from fwsim.language import index, quick
from fwsim.language import read as reading
from fwsim.model.trace import Step, rule_steps
from fwsim.net import Net

SRC = ("172.18.0.2", "172.18.0.3", "8.8.8.8", "10.0.0.1")
DST = ("172.18.0.2", "192.0.2.7", "8.8.8.8", "192.0.2.10")


def _under(text: str) -> Net:
    """The complete example under other rules."""
    net = fwsim.load("example:article-complete")
    host = net.world.namespaces["host"].with_rulesets({4: reading.read(text, 4)})
    simulation = net.simulation.fork()
    simulation.world = net.world.with_namespace(host)
    return Net(simulation)


def _filled(random: Random, text: str) -> Iterator[str]:
    """The dump with more rules of a few shapes in between."""
    for line in text.splitlines(keepends=True):
        yield line
        if line.startswith("-A"):
            option, proto = random.choice(("-s", "-d")), random.choice(("tcp", "udp"))
            for address in random.sample(SRC + DST, 4):
                port = random.choice((53, 80, 443))
                words = f"{option} {address}/32 -p {proto} -m {proto} --dport {port}"
                yield f"-A {line.split()[1]} {words}{random.choice((' -j RETURN', ''))}\n"


def _told(step: Step) -> Any:
    """A step with all that is in it, each rule that was passed over by itself."""
    return (*step[:6], tuple(map(_told, rule_steps(step.children))), dict(step.data))


def _way(net: Net, **asked: Any) -> Any:
    trace = net.trace(**asked)
    legs = [(*leg[:9], tuple(map(_told, leg.hops)), *leg[10:]) for leg in trace.legs]
    return trace.verdict, trace.outcome, legs, trace.text(verbose=True), str(trace), trace.help


def _exchanges(random: Random) -> Iterator[dict[str, Any]]:
    for proto in ("icmp", "tcp", "udp"):
        ports = {"dport": random.choice((53, 80, 443))} if proto != "icmp" else {}
        src, dst = random.choice(SRC), random.choice(DST)
        yield {
            "src": src,
            "dst": dst,
            "proto": proto,
            "in_": "eth0" if src[0] in "81" else "",
        } | ports


def _passed_over(net: Net, **asked: Any) -> int:
    hosts = [hop for leg in net.trace(**asked).legs for hop in leg.hops]
    tables = [step for hop in hosts for step in hop.children if step.kind == "table"]
    return sum(len(s.children) for table in tables for s in table.children if s.kind == "missed")


@pytest.mark.parametrize("many_lines", [0, 1 << 60], ids=["lines", "rules"])
def test_a_trace_does_not_show_that_rules_were_passed_over(
    many_lines: int, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MANY_LINES", many_lines)
    monkeypatch.setattr(quick, "FEW_LINES", 1)
    random = Random(seed)
    passed = 0
    for _ in range(4):
        text = "".join(_filled(random, random_dump(random, 4)))
        for asked in _exchanges(random):
            monkeypatch.setattr(index, "MANY_RULES", 1 << 60)
            expected = _way(_under(text), **asked)
            assert not _passed_over(_under(text), **asked)
            monkeypatch.setattr(index, "MANY_RULES", 1)
            assert _way(_under(text), **asked) == expected
            passed += _passed_over(_under(text), **asked)
    assert passed > 100
