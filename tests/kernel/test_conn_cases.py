"""What random rules about connections come to seldom or never, put to the kernel packet by packet:
addresses out of ranges, copies, transparent sockets, SYNs answered for others, routes that change,
limits of connections."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from random import Random
from typing import NamedTuple

import pytest

from fwsim.machine.moment import Given
from fwsim.model.names import TCP_FLAGS, address_value
from fwsim.model.packet import ICMP6, TCP, UDP, Packet

from .conversations import Sent
from .duel import NOTHING, Duel, Seen, same, world_of
from .lab import BASE_CHAINS, Lab, require_kernel
from .spec import SMALL, macs_of

require_kernel()

_MACS = macs_of(SMALL)
_SYN, _ACK, _RST, _FIN = (TCP_FLAGS[name] for name in ("SYN", "ACK", "RST", "FIN"))
_GUEST = {4: "172.18.0.2", 6: "fd18::2"}
_OTHER = {4: "172.18.0.3", 6: "fd18::3"}
_FAR = {4: "8.8.8.8", 6: "2001:4860::8"}
_OWN = {4: "192.0.2.10", 6: "2001:db8::10"}
_UNSPECIFIED = {4: "0.0.0.0", 6: "::"}
BOTH = pytest.mark.parametrize("family", [4, 6])
BACKENDS = pytest.mark.parametrize("backend", ["legacy", "nft"])


class Told(NamedTuple):
    """What came of packets, told by the kernel and by fwsim alike."""

    seen: list[Seen]
    fates: list[str]


def packet(
    src: str, dst: str, proto: int = UDP, sport: int = 1000, dport: int = 53, **more: int
) -> Packet:
    family = 6 if ":" in src else 4
    ends = address_value(src, family), address_value(dst, family)
    return Packet(family, *ends, proto, sport=sport, dport=dport, **more)


def sent(dev: str, made: Packet) -> Sent:
    """Through the TAP of that device, to the host; or by the host itself."""
    to = "docker1" if dev.startswith("veth") else dev
    return Sent(dev, _MACS[to] if dev else "", made)


def agreed(duel: Duel, packets: Iterable[Sent], *, answers: bool = False) -> Told:
    """Send them. Fails where the two disagree; chance must not have chosen anything."""
    told = Told([], [])
    for one in packets:
        kernel, (fwsim, leg) = duel.kernel(one), duel.fwsim(one, answers)
        lines = [str(one), "kernel:", *kernel.lines(), f"fwsim ({leg.fate}):", *fwsim.lines()]
        assert not leg.by_chance
        alike = same(kernel, fwsim, chance=False, answers=answers)
        assert alike, "\n".join(lines)
        told.seen.append(kernel)
        told.fates.append(leg.fate)
    return told


def opened(
    lab: Lab, rules: str, family: int = 4, backend: str = "legacy", given: Given = NOTHING
) -> Duel:
    """The lab under these rules (`TABLE CHAIN RULE` a line), and fwsim under the same."""
    assert lab.restore(_dump(rules), family, backend) == ""
    return Duel(lab, family, world_of(lab), given, tracked=True)


def _dump(rules: str) -> str:
    tables: dict[str, list[str]] = {}
    for line in rules.splitlines():
        table, chain, rule = line.split(" ", 2)
        chains = [f":{chain} ACCEPT [0:0]" for chain in BASE_CHAINS[table]]
        tables.setdefault(table, chains).append(f"-A {chain} {rule}")
    return "".join("\n".join((f"*{table}", *lines, "COMMIT\n")) for table, lines in tables.items())


# -- addresses out of ranges -----------------------------------------------------------------------

_RANGES = {
    4: ("198.51.100.3-198.51.100.9", "9.0.0.0-11.255.255.255", "198.51.100.9-198.51.100.1",
        "0.0.0.0-255.255.255.255"),
    6: ("2001:db8:9::3-2001:db8:9::9", "2001:9::-2001:b:ffff::", "2001:9::ffff:0-2001:9::1:ffff:3",
        "2001:9::9-2001:9::1"),
}  # fmt: skip


@BOTH
@BACKENDS
def test_the_address_out_of_a_range(family: int, backend: str, seed: int) -> None:
    rng = Random(f"{seed} {family} {backend}")
    chosen = set()
    for _ in range(6):
        to, by = rng.choice(_RANGES[family]), rng.choice(_RANGES[family][:3])
        flags = [rng.choice(("", " --persistent")) for _ in range(2)]
        rules = (
            "raw PREROUTING -p udp --sport 30000: -j CT --zone 7\n"
            "raw PREROUTING -p udp --sport 20000: -j CT --zone-orig 5\n"
            f"nat PREROUTING -i docker1 -j DNAT --to-destination {to}{flags[0]}\n"
            f"nat POSTROUTING -o eth0 -j SNAT --to-source {by}{flags[1]}"
        )
        with Lab() as lab:
            duel = opened(lab, rules, family, backend)
            told = agreed(duel, (_opening(rng, family) for _ in range(25)))
        chosen |= {(c.reply[0], c.reply[1]) for seen in told.seen for c in seen.connections}
    assert len(chosen) > 60


def _opening(rng: Random, family: int) -> Sent:
    if family == 4:
        src = f"172.18.{rng.randrange(256)}.{rng.randrange(2, 256)}"
        dst = f"{rng.choice((1, 8, 77))}.{rng.randrange(256)}.3.4"
    else:
        src = f"fd18::{rng.randrange(2, 0xFFFF):x}:{rng.randrange(0xFFFF):x}"
        dst = f"2001:{rng.randrange(1, 0xDB7):x}:{rng.randrange(0xFFFF):x}::{rng.randrange(9):x}"
    return sent("veth0", packet(src, dst, sport=rng.randrange(1024, 65536)))


# -- copies ----------------------------------------------------------------------------------------


@BOTH
@BACKENDS
def test_copies_go_their_own_way(family: int, backend: str, seed: int) -> None:
    rng = Random(f"tee {seed} {family} {backend}")
    gates = (_GUEST[family], _OTHER[family], _FAR[family])
    copies = 0
    for _ in range(8):
        rules = "".join(
            f"{table} {chain} {_tee(rng, gates)}\n"
            f"{table} OUTPUT -m conntrack --ctstate UNTRACKED -j MARK --set-mark 3\n"
            for table, chain in _teed(rng)
        )
        rules += "filter OUTPUT -m conntrack --ctstate NEW\nfilter OUTPUT -m mark --mark 3"
        with Lab(quiet=False) as lab:
            told = agreed(opened(lab, rules, family, backend), _passing(rng, family))
        copies += sum(len(seen.emitted) > 1 for seen in told.seen)
    assert copies > 20


def _teed(rng: Random) -> list[tuple[str, str]]:
    places = {
        "raw": ("PREROUTING", "OUTPUT"),
        "mangle": ("PREROUTING", "FORWARD", "OUTPUT", "POSTROUTING"),
        "security": ("FORWARD", "OUTPUT"),
    }
    return [(table, rng.choice(chains)) for table, chains in places.items()]


def _tee(rng: Random, gates: tuple[str, ...]) -> str:
    return f"-j TEE --gateway {rng.choice(gates)}{rng.choice(('', '', ' --oif eth0'))}"


def _passing(rng: Random, family: int) -> Iterable[Sent]:
    """Packets to which nobody here has anything to say."""
    guest, far = _GUEST[family], _FAR[family]
    for port in range(1000, 1008):
        ttl = rng.choice((64, 2))
        ways = (("veth0", guest, far), ("eth0", far, guest), ("", _OWN[family], far))
        dev, src, dst = rng.choice(ways)
        yield sent(dev, packet(src, dst, sport=port, ttl=ttl))


# -- transparent sockets ---------------------------------------------------------------------------


@BOTH
@BACKENDS
def test_a_transparent_socket_takes_what_is_diverted(family: int, backend: str) -> None:
    rules = (
        "mangle PREROUTING -p udp -j TPROXY --on-port 53 --tproxy-mark 0x1/0x1\n"
        "mangle PREROUTING -p tcp -j TPROXY --on-port 80 --tproxy-mark 0x1/0x1\n"
        "mangle PREROUTING -m mark --mark 1\nmangle INPUT -m mark --mark 1\n"
        "filter INPUT -m conntrack --ctstate NEW\nfilter FORWARD -p udp"
    )
    assume = Given({"TPROXY": True})
    ip = ("ip", f"-{family}")
    with Lab() as lab:
        lab.run(*ip, "rule", "add", "fwmark", "1", "lookup", "100")
        lab.run(*ip, "route", "add", "local", "default", "dev", "lo", "table", "100")
        sockets = lab.call(_transparent, family)
        duel = opened(lab, rules, family, backend, assume)
        guest, far = _GUEST[family], _FAR[family]
        told = agreed(duel, [
            sent("eth0", packet(far, guest, UDP, 1001, 5353)),
            sent("veth0", packet(guest, far, UDP, 1002, 5353)),  # the bridge lets go of the socket
            sent("eth0", packet(far, guest, UDP, 1003, 5353)),
            sent("veth0", packet(guest, far, 89, 0, 0)),
        ])  # fmt: skip
        syn = sent("eth0", packet(far, guest, TCP, dport=443, flags=_SYN, seq=9))
        answered = agreed(duel, [syn], answers=True)
        received = [sockets[0].recvfrom(64)[1][1] for _ in range(2)]
        for one in sockets:
            one.close()
    assert told.fates == ["delivered"] * 3 + ["forwarded"]
    assert len(answered.seen[0].emitted) == 1
    assert received == [1001, 1003]


def _transparent(family: int) -> list[socket.socket]:
    level, option = (socket.IPPROTO_IP, 19) if family == 4 else (socket.IPPROTO_IPV6, 75)
    opened = []
    for kind, port in ((socket.SOCK_DGRAM, 53), (socket.SOCK_STREAM, 80)):
        one = socket.socket(socket.AF_INET if family == 4 else socket.AF_INET6, kind)
        one.setsockopt(level, option, 1)  # IP_TRANSPARENT, IPV6_TRANSPARENT
        one.bind((_UNSPECIFIED[family], port))
        if kind == socket.SOCK_STREAM:
            one.listen()
        one.settimeout(5)
        opened.append(one)
    return opened


# -- SYNs that are answered for others -------------------------------------------------------------


@BOTH
@BACKENDS
@pytest.mark.parametrize("notrack", [True, False])
def test_a_syn_is_answered_in_the_servers_place(family: int, backend: str, notrack: bool) -> None:
    rules = "raw PREROUTING -p tcp --syn -j CT --notrack\n" if notrack else ""
    rules += "".join(
        f"filter OUTPUT -m conntrack --ctstate {state}\n"
        for state in ("INVALID", "NEW", "ESTABLISHED", "UNTRACKED")
    )
    rules += (
        "filter INPUT -p tcp -j SYNPROXY --mss 1460 --sack-perm\n"
        "filter FORWARD -p tcp -m conntrack --ctstate INVALID,UNTRACKED,NEW -j SYNPROXY --wscale 7"
    )
    guest, far, own = _GUEST[family], _FAR[family], _OWN[family]
    with Lab(quiet=False) as lab:
        duel = opened(lab, rules, family, backend)
        told = agreed(duel, [
            sent("eth0", packet(far, guest, TCP, dport=80, flags=_SYN, seq=9)),
            sent("eth0", packet(far, own, TCP, dport=80, flags=_SYN, seq=9)),
        ], answers=True)  # fmt: skip
        told_more = agreed(duel, [
            sent("eth0", packet(far, guest, TCP, dport=80, flags=_ACK, seq=10, ack=77)),
            sent("eth0", packet(far, guest, TCP, dport=80, flags=_RST, seq=10)),
        ])  # fmt: skip
    assert told.fates == ["consumed", "consumed"]
    assert [len(seen.emitted) for seen in told.seen] == [1, 1]
    assert told_more.fates == ["dropped", "forwarded"]


# -- routes that change ----------------------------------------------------------------------------


@BOTH
@BACKENDS
def test_a_masqueraded_connection_does_not_leave_by_another_device(
    family: int, backend: str
) -> None:
    rules = "nat POSTROUTING -p udp -j MASQUERADE"
    guest, far = _GUEST[family], _FAR[family]
    asked = sent("veth0", packet(guest, far))
    with Lab() as lab:
        duel = opened(lab, rules, family, backend)
        agreed(duel, [asked, asked])
        bits = 32 if family == 4 else 128
        lab.run(
            "ip",
            f"-{family}",
            "route",
            "add",
            f"{far}/{bits}",
            "via",
            _OTHER[family],
            "dev",
            "docker1",
        )
        changed = world_of(lab).namespaces["host"]
        rulesets = duel.simulation.world.namespaces["host"].rulesets
        duel.simulation.govern(changed.with_rulesets(rulesets))
        told = agreed(duel, [asked, asked, asked])
    assert told.fates == ["dropped", "forwarded", "forwarded"]
    assert [len(seen.connections) for seen in told.seen] == [0, 1, 1]


# -- limits of connections -------------------------------------------------------------------------


@BOTH
@BACKENDS
def test_connections_are_counted_until_tcp_closes_them(family: int, backend: str) -> None:
    rules = (
        "filter FORWARD -p tcp --syn -m connlimit --connlimit-above 2 --connlimit-mask 16 -j DROP\n"
        "filter FORWARD -p tcp -m conntrack --ctstate ESTABLISHED"
    )
    guest, far = _GUEST[family], _FAR[family]

    def syn(port: int) -> Sent:
        return sent("veth0", packet(guest, far, TCP, port, 80, flags=_SYN, seq=99))

    def back(port: int, flags: int) -> Sent:
        return sent("eth0", packet(far, guest, TCP, 80, port, flags=flags, seq=7, ack=100))

    with Lab() as lab:
        duel = opened(lab, rules, family, backend)
        told = agreed(duel, [syn(1), syn(2), syn(3), syn(1), back(1, _RST | _ACK), syn(3), syn(4)])
    assert "".join(fate[0] for fate in told.fates) == "ffddffd"


# -- what a bridge and short headers do ------------------------------------------------------------


@BACKENDS
def test_a_bridged_frame_is_not_redirected_to_the_loopback_address(backend: str) -> None:
    rules = "nat PREROUTING -p udp -j REDIRECT --to-ports 53"
    guest, other = _GUEST[6], _OTHER[6]
    across = Sent("veth0", "02:00:00:00:02:03", packet(guest, other))
    to_loopback = Sent("veth0", "02:00:00:00:02:03", packet(guest, "::1"))
    pings = Sent("veth0", "02:00:00:00:02:03", packet(guest, other, ICMP6, 0, 0, icmp_type=128))
    with Lab() as lab:
        agreed(opened(lab, rules, 6, backend), [across, to_loopback, pings])


@BACKENDS
@pytest.mark.parametrize("length", [0, 3, 4, 7, 8])
def test_gre_without_a_whole_header_is_not_masqueraded(backend: str, length: int) -> None:
    rules = "nat POSTROUTING -o eth0 -j MASQUERADE"
    gre = packet(_GUEST[4], _FAR[4], 47, 0, 0, payload_len=length)
    with Lab() as lab:
        told = agreed(opened(lab, rules, 4, backend), [sent("veth0", gre)])
    assert told.fates == ["forwarded" if length >= 8 else "dropped"]


# -- the order of security and nat -----------------------------------------------------------------


@BOTH
@BACKENDS
def test_security_comes_before_nat_in_input_or_behind_it(family: int, backend: str) -> None:
    other = _OTHER[family]
    rules = f"nat INPUT -p udp -j SNAT --to-source {other}\nsecurity INPUT -s {other} -j DROP"
    asked = sent("eth0", packet(_FAR[family], _OWN[family]))
    with Lab() as lab:
        told = agreed(opened(lab, rules, family, backend), [asked])
    assert told.fates == ["delivered" if backend == "legacy" else "dropped"]


# -- addresses that only old kernels refused -------------------------------------------------------


_ZEROS = {
    4: (("8.8.8.8", "0.0.0.28", "f"), ("0.0.0.28", "172.18.0.2", "f"), ("0.1.2.3", "0.3.2.1", "f"),
        ("8.8.8.8", "0.0.0.0", "d"), ("0.0.0.0", "172.18.0.2", "d")),
    6: (("2001:4860::8", "::", "f"), ("::", "fd18::2", "d"), ("2001:4860::8", "::2", "f")),
}  # fmt: skip


@BOTH
def test_of_the_zero_network_the_zero_address_alone_is_nowhere(family: int) -> None:
    ends = _ZEROS[family]
    with Lab() as lab:
        duel = opened(lab, "filter FORWARD -m conntrack --ctstate NEW", family)
        told = agreed(duel, (sent("eth0", packet(src, dst)) for src, dst, _ in ends))
    assert "".join(fate[0] for fate in told.fates) == "".join(fate for _, _, fate in ends)
