"""The JSON of traces is what docs/json.md says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fwsim
from fwsim.model.packet_json import KNOWN
from fwsim.net import Trace
from fwsim.show.json import exchange_dict

GUIDE = (Path(__file__).parents[2] / "docs" / "json.md").read_text("utf-8")


def traces() -> Iterator[Trace]:
    net = fwsim.load()
    yield net.trace(src="ns1", dst="8.8.8.8")
    yield net.trace(src="ns1", dst="ns0", proto="udp", dport=9)
    yield net.trace(src="ns1", dst="172.18.0.77")
    yield net.trace(src="ns1", dst="224.0.0.5", one_way=True)
    yield net.apply("iptables -I FORWARD -p tcp -j REJECT").trace(
        src="ns1", dst="8.8.8.8", proto="tcp", dport=443
    )


def documented(section: str) -> set[str]:
    """The words in the first column of a section's table."""
    text = GUIDE.split(f"\n## {section}\n", 1)[1].split("\n## ", 1)[0]
    rows = re.findall(r"^\|(.*?)\|", text, re.M)
    return {word for row in rows for word in re.findall(r"`(\w+)`", row)}


def steps(step: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield step
    for child in step.get("steps", ()):
        yield from steps(child)


def test_every_member_is_documented() -> None:
    for trace in traces():
        exchange = exchange_dict(trace.exchange, "host")
        assert json.loads(json.dumps(exchange)) == exchange
        assert exchange.keys() <= documented("An exchange")
        for leg in exchange["legs"]:
            assert leg.keys() <= documented("A leg")
            for packet in (leg["packet"], *leg["emitted"]):
                assert packet.keys() <= documented("A packet")


def test_every_kind_of_step_is_documented_with_its_members() -> None:
    told = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", GUIDE, re.M))
    shared = {"kind", "steps", "fate", "reason"}
    for trace in traces():
        for leg in exchange_dict(trace.exchange, "host")["legs"]:
            for hop in leg["hops"]:
                assert hop["kind"] == "host"
                for step in [one for child in hop["steps"] for one in steps(child)]:
                    assert step["kind"] in told, step
                    members = set(re.findall(r"`(\w+)`", told[step["kind"]]))
                    assert step.keys() - shared - {"ref", "text", "holds", "dropped"} <= members


def test_every_member_that_is_read_is_documented() -> None:
    assert documented("A packet") >= KNOWN
