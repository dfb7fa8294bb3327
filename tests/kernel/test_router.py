"""What a router does before its rules for FORWARD, and what it tells the sender: TTL, MTU, scope of
the source, frames that are not for it, broadcast. After every packet, what left the machine and
which rules matched are as fwsim says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from random import Random

import pytest

from fwsim.machine.simulate import Simulation
from fwsim.model.names import TCP_FLAGS, address_value
from fwsim.model.packet import ICMP, ICMP6, ICMP_ECHO, TCP, UDP, Packet
from fwsim.net import Net

from .conversations import Sent
from .duel import Duel, Seen, same, world_of
from .lab import Lab, require_kernel
from .spec import SMALL, Tap, macs_of

require_kernel()

RULES = """*mangle
-A PREROUTING
-A POSTROUTING
COMMIT
*filter
-A INPUT
-A FORWARD
-A OUTPUT
COMMIT
"""
TRACKED = RULES.replace("-A FORWARD\n", "-A FORWARD -m conntrack --ctstate RELATED\n-A FORWARD\n")
MACS = macs_of(SMALL)
MTUS = {"eth0": 1400, "docker1": 1300, "veth0": 1300, "veth1": 1300}
LINK_LOCAL = "fe80::99"
OUTSIDE = {4: ("8.8.8.8", "192.0.2.1"), 6: ("2001:4860::8", "2001:db8::1", LINK_LOCAL)}
GUESTS = {4: ("172.18.0.2", "172.18.0.3"), 6: ("fd18::2", "fd18::3", LINK_LOCAL)}
OWN = {4: ("192.0.2.10", "172.18.0.1"), 6: ("2001:db8::10", "fd18::1")}


def duel(family: int, rules: str) -> Duel:
    lab = Lab(SMALL, quiet=False)
    for name, mtu in MTUS.items():
        lab.run("ip", "link", "set", name, "mtu", str(mtu))
    lab.run("ip", "-6", "address", "add", "fe80::10/64", "dev", "eth0", "nodad")
    lab.run("ip", "-6", "address", "add", "fe80::1/64", "dev", "docker1", "nodad")
    for dev, mac in (("eth0", "02:00:00:00:01:01"), ("docker1", "02:00:00:00:02:02")):
        lab.run("ip", "neigh", "add", LINK_LOCAL, "dev", dev, "lladdr", mac, "nud", "permanent")
    assert lab.restore(rules, family) == ""
    return Duel(lab, family, world_of(lab))


def packet(rng: Random, family: int, src: str, dst: str) -> Packet:
    proto = rng.choice((TCP, UDP, ICMP if family == 4 else ICMP6))
    made = Packet(
        family, address_value(src, family), address_value(dst, family), proto,
        ttl=rng.choice((64, 64, 64, 2, 1)), df=family == 4,
    )  # fmt: skip
    if proto in (ICMP, ICMP6):
        made = made.but(icmp_type=ICMP_ECHO[family][0], icmp_id=7)
    else:
        made = made.but(sport=5000, dport=80)
    if proto == TCP:
        made = made.but(flags=TCP_FLAGS["SYN"])
    length = rng.choice((100, 1280, 1281, 1300, 1301, 1301, 1400, 1400))
    return made.but(payload_len=length - made.length)


def frames(rng: Random, family: int) -> Iterator[Sent]:
    """Back out of eth0 goes only what is not for a neighbour: for those IPv6 sends redirects, which
    no setting keeps it from (ndisc_send_redirect)."""
    beyond = {4: OUTSIDE[4], 6: OUTSIDE[6][:1]}
    out, in_ = ({4: found[4], 6: found[6][:2]} for found in (OUTSIDE, GUESTS))
    ways = (("eth0", OUTSIDE, in_), ("veth0", GUESTS, out), ("eth0", OUTSIDE, beyond))
    for dev, sources, targets in (*ways, ("eth0", OUTSIDE, OWN), ("veth0", GUESTS, OWN)):
        own = MACS["docker1" if dev == "veth0" else dev]
        odd = ("ff:ff:ff:ff:ff:ff", "02:00:00:00:07:07", "01:00:5e:00:00:07")
        macs = (own, own, own, *(odd if dev == "eth0" else ()))
        for src, dst in product(sources[family], targets[family]):
            yield Sent(dev, rng.choice(macs), packet(rng, family, src, dst))


def outcome(seen: Seen) -> tuple[object, ...]:
    """How the kernel cuts an error's quotation is not compared here, and of what leaves in pieces
    only the first is."""
    left = (
        (d, mac, p.src, p.dst, p.proto, p.icmp_type, p.icmp_code, p.ttl if not p.inner else 0)
        for d, mac, p in seen.emitted
        if not p.frag
    )
    return seen.matched, seen.policies, tuple(sorted(left))


@pytest.mark.parametrize("rules", [RULES, TRACKED], ids=["untracked", "tracked"])
@pytest.mark.parametrize("family", [4, 6])
def test_what_is_passed_on_refused_or_answered(family: int, rules: str, seed: int) -> None:
    reasons: Counter[str] = Counter()
    both = duel(family, rules)
    with both.lab:
        for number in range(20):
            for sent in frames(Random(f"router {family} {seed} {number}"), family):
                kernel, (fwsim, leg) = both.kernel(sent), both.fwsim(sent, answers=True)
                reasons[leg.reason or leg.fate] += 1
                assert outcome(kernel) == outcome(fwsim), report(sent, kernel, fwsim, leg)
    wanted = {"ttl", "too_big", "other_mac", "not_unicast", "forwarded", "delivered"}
    wanted |= {"link_local"} if family == 6 else set()
    assert all(reasons[word] >= 3 for word in wanted), reasons


def report(sent: Sent, kernel: Seen, fwsim: Seen, leg: object) -> str:
    return "\n".join(
        [str(sent), f"fwsim: {leg.fate} {leg.reason}"]  # type: ignore[attr-defined]
        + [f"kernel {line}" for line in kernel.lines()]
        + [f"fwsim {line}" for line in fwsim.lines()]
    )


def test_what_may_be_cut_in_pieces_goes_on(seed: int) -> None:
    both = duel(4, RULES)
    with both.lab:
        for length in (1300, 1301, 1399):
            made = packet(Random(length), 4, "8.8.8.8", "172.18.0.2").but(df=False, ttl=64)
            made = made.but(payload_len=length - made.but(payload_len=0).length)
            sent = Sent("eth0", MACS["eth0"], made)
            kernel, (fwsim, leg) = both.kernel(sent), both.fwsim(sent)
            assert leg.fate == "forwarded"
            assert kernel.matched == fwsim.matched
            assert {(d, mac) for d, mac, _ in kernel.emitted} == {("veth0", "02:00:00:00:02:02")}
            assert len(kernel.emitted) == 1 + (length > 1300)


@pytest.mark.parametrize("dst", ["255.255.255.255", "192.0.2.255", "172.18.255.255", "224.0.0.9"])
def test_what_the_host_sends_to_many(dst: str) -> None:
    both = duel(4, RULES)
    with both.lab:
        made = Packet(4, 0xC000020A, address_value(dst, 4), UDP, sport=5000, dport=4999)
        sent = Sent("", "", made)
        kernel, (fwsim, leg) = both.kernel(sent), both.fwsim(sent)
        assert same(kernel, fwsim, chance=False), report(sent, kernel, fwsim, leg)


def test_a_broadcast_is_told_once_to_the_host_and_once_to_the_link() -> None:
    rules = "*nat\n-A POSTROUTING -j SNAT --to-source 192.0.2.77\nCOMMIT\n" + TRACKED
    both = duel(4, rules)
    with both.lab:
        made = Packet(4, 0xC000020A, address_value("192.0.2.255", 4), UDP, sport=5000, dport=4999)
        for _ in range(2):
            sent = Sent("", "", made)
            kernel, (fwsim, leg) = both.kernel(sent), both.fwsim(sent)
            assert same(kernel, fwsim, chance=False), report(sent, kernel, fwsim, leg)


@pytest.mark.parametrize("forwarding", [0, 1])
@pytest.mark.parametrize("rp_filter", [0, 1])
@pytest.mark.parametrize("family", [4, 6])
def test_bridged_frames_whose_destination_rules_change(
    family: int, rp_filter: int, forwarding: int
) -> None:
    """IPv4 asks whether it may forward them even within the bridge (br_nf_pre_routing_finish)."""
    guests, others = GUESTS[family], {4: ("8.8.8.8", "172.18.0.1"), 6: ("2001:4860::8", "fd18::1")}
    nat = "".join(
        f"-A PREROUTING -p udp --dport {port} -j DNAT --to-destination {to}\n"
        for port, to in ((80, guests[1]), (81, others[family][0]), (82, others[family][1]))
    )
    both = duel(family, f"*nat\n{nat}COMMIT\n" + RULES)
    with both.lab as lab:
        for name in ("net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding"):
            lab.sysctl(name, forwarding)
        for dev in ("all", "docker1"):
            lab.sysctl(f"net.ipv4.conf.{dev}.rp_filter", rp_filter)
        both = Duel(lab, family, world_of(lab))
        sport = 6000
        for port, src in product((80, 81, 82), (guests[0], OUTSIDE[family][0], OWN[family][0])):
            sport += 1
            made = Packet(
                family, address_value(src, family), address_value(OWN[family][1], family), UDP,
                sport=sport, dport=port,
            )  # fmt: skip
            sent = Sent("veth0", MACS["docker1"], made)
            kernel, (fwsim, leg) = both.kernel(sent), both.fwsim(sent, answers=True)
            assert outcome(kernel) == outcome(fwsim), report(sent, kernel, fwsim, leg)


GROUPS = {
    4: {"224.0.0.1": "01:00:5e:00:00:01"},
    6: {
        "ff02::1": "33:33:00:00:00:01",
        "ff02::1:ff00:10": "33:33:ff:00:00:10",  # where 2001:db8::10 is asked for
    },
}


@pytest.mark.parametrize("proto", [UDP, TCP, ICMP])
@pytest.mark.parametrize("family", [4, 6])
def test_groups_that_every_host_is_in(family: int, proto: int) -> None:
    both = duel(family, RULES)
    with both.lab:
        for dst, mac in GROUPS[family].items():
            made = packet(Random(dst), family, OUTSIDE[family][1], dst).but(
                proto=ICMP6 if (proto, family) == (ICMP, 6) else proto, ttl=64, payload_len=20,
                icmp_type=ICMP_ECHO[family][0] if proto == ICMP else 0, df=False,
            )  # fmt: skip
            sent = Sent("eth0", mac, made)
            kernel, (fwsim, leg) = both.kernel(sent), both.fwsim(sent, answers=proto != ICMP)
            if proto != ICMP:
                assert outcome(kernel) == outcome(fwsim), report(sent, kernel, fwsim, leg)
            assert leg.fate == "delivered"
            assert kernel.matched[family, "filter", "INPUT", 1] == 1


THREE = replace(SMALL, taps=(*SMALL.taps, Tap("veth2", bridge="docker1")))
TO_ALL = {
    4: (("172.18.255.255", "ff:ff:ff:ff:ff:ff"), ("255.255.255.255", "ff:ff:ff:ff:ff:ff"),
        ("224.0.0.1", "01:00:5e:00:00:01"), ("172.18.0.77", "02:00:00:00:00:77")),
    6: (("ff02::1", "33:33:00:00:00:01"), ("ff02::1:ff00:1", "33:33:ff:00:00:01"),
        ("fd18::77", "02:00:00:00:00:77")),
}  # fmt: skip


@pytest.mark.parametrize("seen", [0, 1])
@pytest.mark.parametrize("family", [4, 6])
def test_what_a_bridge_gives_to_several_of_its_ports(family: int, seen: int) -> None:
    with Lab(THREE, quiet=False) as lab:
        for name in ("iptables", "ip6tables"):
            lab.sysctl(f"net.bridge.bridge-nf-call-{name}", seen)
        assert lab.restore(RULES, family) == ""
        both = Duel(lab, family, world_of(lab))
        for number, (dst, mac) in enumerate(TO_ALL[family]):
            made = Packet(
                family, address_value(GUESTS[family][0], family), address_value(dst, family), UDP,
                sport=7000 + number, dport=80,
            )  # fmt: skip
            sent = Sent("veth0", mac, made)
            kernel, (fwsim, leg) = both.kernel(sent), both.fwsim(sent)
            assert outcome(kernel) == outcome(fwsim), report(sent, kernel, fwsim, leg)
            assert {dev for dev, _, _ in kernel.emitted} == {"veth1", "veth2"}
            assert ((family, "filter", "INPUT", 1) in kernel.matched) is not mac.startswith("02")


@pytest.mark.parametrize("length", [1400, 1401])
@pytest.mark.parametrize("family", [4, 6])
def test_what_the_host_sends_fits_its_device(family: int, length: int) -> None:
    both = duel(family, RULES)
    with both.lab:
        made = packet(Random(length), family, OWN[family][0], OUTSIDE[family][0])
        made = made.but(payload_len=0, proto=UDP, ttl=64, flags=0, icmp_type=0, icmp_id=0)
        sent = Sent("", "", made.but(payload_len=length - made.length))
        kernel, (fwsim, leg) = both.kernel(sent), both.fwsim(sent)
        assert outcome(kernel) == outcome(fwsim), report(sent, kernel, fwsim, leg)
        assert leg.fate == ("sent" if length == 1400 else "dropped")


_REDIRECT = 5


@pytest.mark.parametrize(
    ("rules", "setting", "told"),
    [
        (RULES, 1, True),
        (RULES, 0, False),
        (RULES.replace("-A FORWARD\n", "-A FORWARD -j DROP\n"), 1, True),
    ],
)
@pytest.mark.parametrize(("src", "dst"), [("192.0.2.1", "8.8.8.8"), ("192.0.2.1", "172.18.0.2")])
def test_a_redirect_is_said_where_the_kernel_sends_one(
    rules: str, setting: int, told: bool, src: str, dst: str
) -> None:
    both = duel(4, rules)
    with both.lab as lab:
        for dev in ("all", "eth0"):
            lab.sysctl(f"net.ipv4.conf.{dev}.send_redirects", setting)
        made = packet(Random(1), 4, src, dst).but(ttl=64, payload_len=20)
        seen = both.kernel(Sent("eth0", MACS["eth0"], made._replace(mac_src="02:00:00:00:01:01")))
        sent = any(p.proto == ICMP and p.icmp_type == _REDIRECT for _, _, p in seen.emitted)
        trace = Net(Simulation.of(world_of(lab))).trace(made, in_="eth0", one_way=True)
        assert sent is (told and dst == "8.8.8.8"), "\n".join(seen.lines())
        assert ("ICMP redirect" in str(trace)) is sent
