"""Hosts on macvlan devices, in each of their modes: who reaches whom, predicted from a snapshot."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import fwsim

from .netns import Netns, require_kernel
from .snapshots import write_snapshot

require_kernel()

ADDRESSES = {
    "host": "192.0.2.10", "c1": "192.0.2.11", "c2": "192.0.2.12", "up": "192.0.2.1",
    "beside": "192.0.2.20",
}  # fmt: skip
RULES = "*filter\n:INPUT ACCEPT\n-A INPUT\n-A FORWARD\n-A OUTPUT\nCOMMIT\n"
BRIDGE = "type bridge stp_state 0 forward_delay 0 mcast_snooping 0"


class Shared(Netns):
    """`host` has eth0, behind which a bridge of `up` leads to `beside`; `c1` and `c2` are macvlans
    over it, one where the mode allows no other."""

    def __init__(self, mode: str) -> None:
        super().__init__()
        self.guests = ("c1",) if mode == "passthru" else ("c1", "c2")
        for name in (*self.guests, "up", "beside"):
            self.run("ip", "netns", "add", name)
        commands = [
            "link add eth0 type veth peer name u0 netns up",
            "link add u1 netns up type veth peer name eth0 netns beside",
            "link set eth0 up",
        ]
        commands += [
            f"link add link eth0 name eth0 netns {name} type macvlan mode {mode}"
            if name != "c2" else f"link add link eth0 name m0 netns c2 type macvlan mode {mode}"
            for name in self.guests
        ]  # fmt: skip
        self.run("ip", "-batch", "-", text="\n".join(commands))
        bridge = [f"link add br0 {BRIDGE}", *(f"link set {u} master br0 up" for u in ("u0", "u1"))]
        self.run("ip", "-n", "up", "-batch", "-", text="\n".join(bridge))
        for name, dev in self.places().items():
            where = () if name == "host" else ("-n", name)
            lines = [f"link set {device} up" for device in (dev, "lo")]
            lines.append(f"addr add {ADDRESSES[name]}/24 dev {dev}")
            self.run("ip", *where, "-batch", "-", text="\n".join(lines))
        self.run("iptables-legacy-restore", text=RULES)

    def places(self) -> dict[str, str]:
        own = {name: "m0" if name == "c2" else "eth0" for name in self.guests}
        return {"host": "eth0", **own, "up": "br0", "beside": "eth0"}

    def ping(self, source: str, address: str) -> bool:
        enter = () if source == "host" else ("ip", "netns", "exec", source)
        return not self.attempt(*enter, "ping", "-n", "-c1", "-W0.4", address).returncode

    def pairs(self) -> Iterator[tuple[str, str]]:
        for source in self.places():
            yield from ((source, target) for target in self.places() if target != source)


@pytest.mark.parametrize("mode", ["bridge", "private", "vepa", "passthru"])
def test_who_reaches_whom_over_macvlan(mode: str, tmp_path: Path) -> None:
    with Shared(mode) as net:
        write_snapshot(net.run, tmp_path, "--all")
        place = fwsim.load(tmp_path)
        predicted = {
            (source, target): place.trace(src=source, dst=ADDRESSES[target]).outcome
            for source, target in net.pairs()
        }
        seen = {pair: net.ping(pair[0], ADDRESSES[pair[1]]) for pair in net.pairs()}
        assert {pair: told == "answered" for pair, told in predicted.items()} == seen
        assert {"answered", "unreachable"} <= set(predicted.values())
        # what is for a macvlan is not shown to the rules of the host over whose device it lies
        leg = place.trace(src="beside", dst=ADDRESSES["c1"]).legs[0]
        assert [hop.text for hop in leg.hops] == ["beside", "up", "c1"]
        entered = place.trace(src="192.0.2.99", dst=ADDRESSES["c1"], in_="eth0").legs[0]
        assert [hop.text for hop in entered.hops] == ["c1"]
