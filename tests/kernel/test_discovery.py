"""Where rules stop IPv6 neighbour discovery, a trace says so; the kernel's pings fail there."""

from __future__ import annotations

from pathlib import Path

import pytest

import fwsim

from .netns import Netns, require_kernel
from .snapshots import write_snapshot

require_kernel()

ONLY_ECHO = "-A {0} -p ipv6-icmp -m icmp6 --icmpv6-type {1} -j ACCEPT"
SAID = "note: neighbour discovery is left out, but filter"


def dump(chain: str, *rules: str) -> str:
    policies = (
        f":{c} {'DROP' if c == chain else 'ACCEPT'}" for c in ("INPUT", "FORWARD", "OUTPUT")
    )
    return "\n".join(("*filter", *policies, *rules, "COMMIT\n"))


CASES = {
    "nothing stops it": ("", ()),
    "not asked": ("OUTPUT", (ONLY_ECHO.format("OUTPUT", "128"), ONLY_ECHO.format("OUTPUT", "129"))),
    "not heard": ("INPUT", (ONLY_ECHO.format("INPUT", "128"), ONLY_ECHO.format("INPUT", "129"))),
    "not let across": ("FORWARD", ("-A FORWARD -p ipv6-icmp -m icmp6 --icmpv6-type 128 -j ACCEPT",
                                   "-A FORWARD -p ipv6-icmp -m icmp6 --icmpv6-type 129 -j ACCEPT")),
    "let through": ("INPUT", ("-A INPUT -p ipv6-icmp -j ACCEPT",)),
}  # fmt: skip


class Bridged(Netns):
    """Two guests `a` and `b` on the host's bridge, which br_netfilter shows to ip6tables."""

    def __init__(self) -> None:
        super().__init__()
        lines = ["link add br0 type bridge stp_state 0 forward_delay 0 mcast_snooping 0"]
        self.sysctl("net.ipv6.conf.default.accept_dad", 0)
        for name in "ab":
            self.run("ip", "netns", "add", name)
            self.run(
                "ip", "netns", "exec", name, "sysctl", "-qw", "net.ipv6.conf.default.accept_dad=0"
            )
            lines += [f"link add v{name} type veth peer name eth0 netns {name}",
                      f"link set v{name} master br0 up"]  # fmt: skip
        self.run("ip", "-batch", "-", text="\n".join([*lines, "link set br0 up"]))
        self.run("ip", "-6", "addr", "add", "fd00::1/64", "dev", "br0", "nodad")
        for number, name in enumerate("ab", 2):
            self.run("ip", "-n", name, "addr", "add", f"fd00::{number}/64", "dev", "eth0", "nodad")
            self.run("ip", "-n", name, "link", "set", "eth0", "up")
        self.sysctl("net.bridge.bridge-nf-call-ip6tables", 1)

    def forget(self) -> None:
        """All that was learnt of neighbours."""
        for where in ((), ("-n", "a"), ("-n", "b")):
            self.run("ip", *where, "-6", "neigh", "flush", "all")

    def ping(self, source: str, address: str) -> bool:
        enter = () if source == "host" else ("ip", "netns", "exec", source)
        return not self.attempt(*enter, "ping", "-6", "-n", "-c1", "-W0.4", address).returncode


@pytest.mark.parametrize("case", CASES)
def test_where_nobody_learns_who_has_an_address(case: str, tmp_path: Path) -> None:
    with Bridged() as net:
        net.run("ip6tables-legacy-restore", text=dump(*[CASES[case][0], *CASES[case][1]]))
        net.forget()
        write_snapshot(net.run, tmp_path, "--all")
        place = fwsim.load(tmp_path)
        for source, address in (("a", "fd00::3"), ("host", "fd00::2"), ("b", "fd00::1")):
            trace = place.trace(src=source, dst=address)
            net.forget()
            assert trace.outcome == "answered"
            assert net.ping(source, address) is (SAID not in str(trace)), (source, str(trace))
        asked = (("a", "fd00::3"), ("host", "fd00::2"), ("b", "fd00::1"))
        said = [SAID in str(place.trace(src=source, dst=dst)) for source, dst in asked]
        assert sum(said) == {"not asked": 2, "not heard": 2, "not let across": 1}.get(case, 0)
