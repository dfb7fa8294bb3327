"""A real podman with its own networks, a published port and shared namespaces: what clients see is
what fwsim predicts from `fwsim snapshot` alone."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

import fwsim

from .host import PODMAN, EngineHost, require

pytestmark = pytest.mark.docker

CONTAINERS = (
    ("web", 80, "-p 8080:80 -e TOKEN=hunter2 --label key=hunter2"),
    ("pg", 5432, "--network back"),
    ("island", 80, "--network closed"),
    ("side", 5433, "--network container:pg"),
    ("onhost", 5439, "--network host"),
)
OWN = ("192.0.2.10", "127.0.0.1", "203.0.113.9", "198.51.100.1")
PORTS = (80, 5432, 5433, 5439, 8080)
SHARED = {"side": "pg", "onhost": "host"}


def built(work: Path) -> EngineHost:
    host = EngineHost(work, PODMAN)
    host.engine("network create --subnet 10.90.0.0/24 back")
    host.engine("network create --subnet 10.91.0.0/24 --internal closed")
    for name, port, options in CONTAINERS:
        host.container(name, port, options)
    return host


def test_clients_on_a_real_podman_host_see_what_fwsim_predicts(tmp_path: Path) -> None:
    require(PODMAN)
    with built(tmp_path) as host:
        host.snapshot(tmp_path / "snapshot")
        net = fwsim.load(str(tmp_path / "snapshot"))
        files = [path for path in (tmp_path / "snapshot").rglob("*") if path.is_file()]
        assert [path.name for path in files if "hunter2" in path.read_text()] == []
        assert set(net.world.namespaces) == {"host", "wan", "web", "pg", "island"}
        assert {name: net.world.aliases[name] for name in SHARED} == SHARED
        assert set(net.world.networks) >= {"back", "closed"}
        own = [a for name in ("web", "pg", "island") for a in host.addresses(name)]
        asked = [
            target for address in (*OWN, *own)
            for target in (("icmp", address), *(("tcp", address, str(port)) for port in PORTS))
        ]  # fmt: skip
        told: Counter[str] = Counter()
        wrong = []
        for name in ("host", "wan", "web", "pg", "island"):
            for target, saw in zip(asked, host.seen(name, asked), strict=True):
                told[saw] += 1
                port = int(target[2]) if target[0] == "tcp" else None
                trace = net.trace(src=name, dst=target[1], proto=target[0], dport=port)
                if trace.outcome != saw:
                    wrong.append(f"{name} → {' '.join(target)}: {saw}, not {trace.outcome}")
        assert not wrong, f"{len(wrong)} of {told.total()}:\n" + "\n".join(wrong)
        assert min(told[word] for word in ("answered", "refused")) > 20, told
