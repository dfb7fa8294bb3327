"""A real dockerd with networks, published ports, ufw before and DOCKER-USER rules after it: what
clients in every namespace see is what fwsim predicts from `fwsim snapshot` alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

import fwsim
from fwsim.net import Net, Trace

from .host import DOCKER, EngineHost, require

pytestmark = pytest.mark.docker

NETWORKS = (
    "front --subnet 172.18.0.0/16",
    "back --internal --subnet 172.30.0.0/24",
    "noicc --subnet 172.20.0.0/16 -o com.docker.network.bridge.enable_icc=false",
    "six --subnet 172.21.0.0/16 --ipv6 --subnet fd00:6::/64",
)
SECRETS = "-e TOKEN=hunter2 --label key=hunter2 -v /etc:/hunter2"
CONTAINERS = (
    ("web", 80, f"--network front -p 8080:80 --network-alias shop {SECRETS}"),
    ("db", 5432, "--network back"),
    ("plain", 80, "-p 127.0.0.1:7070:80"),
    ("other", 80, ""),
    ("lone1", 80, "--network noicc"),
    ("lone2", 80, "--network noicc -p 9001:80"),
    ("six1", 80, "--network six -p 8006:80"),
    ("six2", 80, "--network six"),
)
UFW = ("ufw --force reset", "ufw default deny incoming", "ufw allow 22/tcp", "ufw --force enable")
USER_RULES = (
    "-A DOCKER-USER -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN",
    "-A DOCKER-USER -i eth0 -p tcp -m conntrack --ctorigdstport 9001 -j DROP",
    "-A DOCKER-USER -d 203.0.113.9/32 -s 172.17.0.0/16 -p tcp -j REJECT",
)
# ufw lets pings cross a bridge but not the neighbour discovery before them, which fwsim leaves out,
# and says so.
UNDISCOVERED = {("six1", "fd00:6::3"), ("six2", "fd00:6::2")}
SAID = "note: neighbour discovery is left out, but filter"
OWN = ("192.0.2.10", "172.17.0.1", "127.0.0.1", "2001:db8::10", "203.0.113.9", "198.51.100.1")
PORTS = (80, 81, 5432, 7070, 8006, 8080, 9001)


def built(work: Path) -> EngineHost:
    host = EngineHost(work)
    for command in UFW:
        host.run(*command.split())
    for network in NETWORKS:
        name, _, options = network.partition(" ")
        host.engine(f"network create {options} {name}")
    for name, port, options in CONTAINERS:
        host.container(name, port, options)
    host.engine("network connect front db")
    host.run("iptables", "-F", "DOCKER-USER")
    for rule in USER_RULES:
        host.run("iptables", *rule.split())
    return host


def targets(found: dict[str, list[str]]) -> Iterator[tuple[str, ...]]:
    for address in (*OWN, *(a for own in found.values() for a in own)):
        yield "icmp", address
        yield from (("tcp", address, str(port)) for port in PORTS)


def test_clients_on_a_real_docker_host_see_what_fwsim_predicts(tmp_path: Path) -> None:
    require(DOCKER)
    with built(tmp_path) as host:
        host.snapshot(tmp_path / "snapshot")
        net = fwsim.load(str(tmp_path / "snapshot"))
        files = [p for p in (tmp_path / "snapshot").rglob("*") if p.is_file()]
        assert [p.name for p in files if "hunter2" in p.read_text()] == []
        assert_names(net)
        asked = list(targets({name: host.addresses(name) for name, _, _ in CONTAINERS}))
        told: Counter[str] = Counter()
        wrong: list[str] = []
        said: set[tuple[str, str]] = set()
        for name in ("host", "wan", *(name for name, _, _ in CONTAINERS)):
            for target, saw in zip(asked, host.seen(name, asked), strict=True):
                told[saw] += 1
                trace = _predicted(net, name, target)
                if target[0] == "icmp" and SAID in str(trace):
                    said.add((name, target[1]))
                    assert (saw, trace.outcome) == ("timeout", "answered")
                elif trace.outcome != saw:
                    line = f"{name} → {' '.join(target)}: saw {saw}, predicted {trace.outcome}"
                    wrong.append(line)
        assert said == UNDISCOVERED
        assert not wrong, f"{len(wrong)} of {told.total()}:\n" + "\n".join(wrong)
        assert min(told[word] for word in ("answered", "refused", "timeout")) > 50, told


def assert_names(net: Net) -> None:
    """Services and networks are known by the names that people type."""
    homes = {"shop": {"web"}, "front": {"web", "db"}, "noicc": {"lone1", "lone2"}}
    for name, known in homes.items():
        trace = net.trace(src=name, dst="internet", one_way=True)
        assert trace.legs[0].source in known
        assert ("is a network" in str(trace)) is (name != "shop")


def _predicted(net: fwsim.Net, name: str, target: tuple[str, ...]) -> Trace:
    kind, address = target[:2]
    port = int(target[2]) if kind == "tcp" else None
    return net.trace(src=name, dst=address, proto=kind, dport=port)
