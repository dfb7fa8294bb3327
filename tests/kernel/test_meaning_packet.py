"""The extensions that look at the packet itself, its link, its route or its sender, and those that
change it: each against the kernel. FWSIM_SEED chooses other rules and packets."""

from __future__ import annotations

import os
import re
import socket
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from random import Random

import pytest

from fwsim.machine.moment import Given
from fwsim.machine.response import Start
from fwsim.machine.world import World
from fwsim.model.names import address_value
from fwsim.model.packet import ICMP, ICMP6, TCP, UDP, Packet

from .conversations import Sent
from .duel import SENDER, Duel, world_of
from .lab import Lab, require_kernel
from .meaning import Kind, Machine, Tally, Way, compare, no, only, ways
from .rulesets import ADDRESSES
from .spec import SMALL, macs_of

require_kernel()

RULESETS = 4
MACS = macs_of(SMALL)
CPU = min(os.sched_getaffinity(0))
ODD_MACS = ("02:00:00:00:09:0a", "02:00:00:00:0b:0c")
SPEC = replace(
    SMALL,
    routes=(
        *SMALL.routes,
        "9.9.9.0/24 via 192.0.2.1 realm 3/7 mtu 1300",
        "8.8.0.0/16 via 192.0.2.1 realm 5",
        "2001:9::/32 via 2001:db8::1 mtu 1290",
        "172.18.0.3/32 dev docker1 realm 6",
        "198.51.100.0/24 dev eth0 table 100",
        "172.18.0.0/16 via 192.0.2.1 table 100",
        "fd18::/64 via 2001:db8::1 table 100",
    ),
    rules=("pref 50 fwmark 0x1 lookup 100",),
    sysctls={
        "net.ipv4.conf.all.rp_filter": 0,
        "net.ipv4.conf.all.accept_local": 1,
        "net.bridge.bridge-nf-call-iptables": 1,
        "net.bridge.bridge-nf-call-ip6tables": 1,
    },
)


@pytest.fixture(scope="module")
def machine() -> Iterator[tuple[Lab, World]]:
    with Lab(SPEC) as lab:
        lab.run("ip", "-6", "rule", "add", "pref", "50", "fwmark", "0x1", "lookup", "100")
        for words in ("eth0 mtu 1400 group 7", "docker1 group 5", "docker1 mtu 1280"):
            lab.run("ip", "link", "set", *words.split())
        everywhere = os.sched_getaffinity(0)
        lab.call(os.sched_setaffinity, 0, {CPU})  # each thread sends where it runs itself
        os.sched_setaffinity(0, {CPU})
        yield lab, world_of(lab)
        os.sched_setaffinity(0, everywhere)


# packets


def _filled(rng: Random, sent: Sent, **changes: object) -> Sent:
    return sent._replace(packet=sent.packet.but(**changes))


def _as_tcp(packet: Packet, **changes: object) -> Packet:
    clean = packet.but(
        proto=TCP, frag=0, more=False, icmp_type=0, icmp_code=0, icmp_id=0, inner=None,
        payload=b"", payload_len=0, sport=1024, dport=80,
    )  # fmt: skip
    return clean.but(**changes)


def tcp_options(rng: Random) -> bytes:
    pieces = (
        lambda: b"\2\4" + rng.choice((0, 100, 536, 1220, 1300, 1460, 9000)).to_bytes(2, "big"),
        lambda: b"\3\3\7", lambda: b"\1", lambda: b"\4\2", lambda: b"\0",
        lambda: b"\5\x0a" + b"s" * 8, lambda: b"\x08\x0a" + bytes(8),
        lambda: b"\2\3\5", lambda: b"\2\0", lambda: b"\xfe\x09x",
        lambda: b"\x13\x12" + b"m" * 16,
    )  # fmt: skip
    data = b"".join(rng.choice(pieces)() for _ in range(rng.choice((0, 1, 1, 2, 3, 5))))[:40]
    return data + b"\1" * (-len(data) % 4)


def tcp(rng: Random, sent: Sent) -> Sent:
    """Often TCP with all kinds of flags and options."""
    if rng.random() < 0.1:
        return sent
    packet = _as_tcp(
        sent.packet, flags=rng.choice((2, 2, 0x12, 0x10, 0xC2, 0x52, 0x92, 4)), seq=1000,
        ack=0, tcp_options=tcp_options(rng), payload_len=rng.choice((0, 0, 8)),
    )  # fmt: skip
    return sent._replace(packet=packet)


def pieces(rng: Random, sent: Sent) -> Sent:
    """The same, and now and then a later fragment, whose data may look like a header."""
    if rng.random() < 0.2 and sent.packet.family == 4:
        data = rng.choice((b"", b"short", bytes(12) + b"\x50\xff" + bytes(6), bytes(24)))
        data = rng.choice((data, bytes(12) + b"\x60\x42" + bytes(6) + b"\2\4\5\xb4"))
        plain = _as_tcp(sent.packet, sport=0, dport=0, flags=0, seq=0, ack=0, tcp_options=b"")
        filled = {"payload": data} if any(data) else {"payload_len": len(data)}
        return sent._replace(packet=plain.but(frag=9, **filled))
    return tcp(rng, sent)


def hops(rng: Random, sent: Sent) -> Sent:
    return _filled(rng, sent, ttl=rng.choice((1, 2, 3, 5, 63, 64, 250, 255)))


def tos(rng: Random, sent: Sent) -> Sent:
    return _filled(rng, sent, tos=rng.randrange(256))


def framed(rng: Random, sent: Sent) -> Sent:
    """From several MACs, now and then to all, or to a group."""
    source = rng.choice((*ODD_MACS, SENDER))
    sent = _filled(rng, sent, mac_src=source if sent.dev else None)
    if sent.dev == "eth0" and rng.random() < 0.4:
        own = sent.packet.but(
            dst=address_value(ADDRESSES[sent.packet.family][3], sent.packet.family)
        )
        return sent._replace(mac=rng.choice(("ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:05")), packet=own)
    return sent


def owned(rng: Random, sent: Sent) -> Sent:
    """Half of them sent by a user of this machine."""
    if rng.random() < 0.5:
        family = sent.packet.family
        inside, outside = (address_value(a, family) for a in ADDRESSES[family][2:4])
        packet = sent.packet.but(
            src=rng.choice((inside, outside)), uid=rng.choice((0, 5, 77, 1000))
        )
        shared = family == 4 and packet.dst == 0xFFFFFFFF
        return Sent("", "", packet.but(dst=address_value("8.8.8.8", 4)) if shared else packet)
    return sent if sent.dev else _filled(rng, sent, uid=0)


def foreign(rng: Random, sent: Sent) -> Sent:
    """From addresses that live elsewhere, or nowhere."""
    family = sent.packet.family
    odd = {
        4: ("198.51.100.7", "172.18.0.2", "192.0.2.10", "0.0.0.0", "8.8.8.8", "172.18.0.1"),
        6: ("2001:db8::99", "fd18::2", "2001:db8::10", "fe80::5", "2001:4860::8", "fd99::1"),
    }[family]
    if not sent.dev or rng.random() < 0.4:
        return sent
    src = rng.choice(odd)
    changed = _filled(rng, sent, src=address_value(src, family))
    if not src.startswith("fe80"):
        return changed
    own = {"eth0": ADDRESSES[family][3]}.get(sent.dev, ADDRESSES[family][2])
    return changed._replace(packet=changed.packet.but(dst=address_value(own, family)))


def flows(rng: Random, sent: Sent) -> Sent:
    """Many ports, and protocols that have an SPI."""
    packet = sent.packet
    if packet.frag or packet.inner or rng.random() < 0.3:
        return sent
    plain = packet.but(
        icmp_type=0, icmp_code=0, icmp_id=0, flags=0, seq=0, ack=0, tcp_options=b"", payload=b"",
        payload_len=0, sport=0, dport=0,
    )  # fmt: skip
    if rng.random() < 0.3 and packet.family == 4:
        body = bytes(rng.randrange(1, 256) for _ in range(rng.choice((2, 4, 12))))
        return sent._replace(packet=plain.but(proto=rng.choice((50, 51)), payload=body))
    ports = {"sport": rng.randrange(65536), "dport": rng.randrange(65536)}
    return sent._replace(packet=plain.but(proto=rng.choice((UDP, 132, 136)), **ports))


def ports(rng: Random, sent: Sent) -> Sent:
    """Other ports, where there are any."""
    if sent.packet.proto not in (TCP, UDP) or sent.packet.frag:
        return sent
    return _filled(rng, sent, sport=rng.randrange(65536), dport=rng.randrange(65536))


def quoted(rng: Random, sent: Sent) -> Sent:
    """Now and then to and from addresses with little left to change, or an error about such."""
    family, packet = 6, sent.packet
    pool = ("fd18::ffff:ffff:ffff:ffff", "fd18::1:2:3:4", "2001:db8::10", "fd18:0:0:ffff::2")
    if rng.random() < 0.3:
        packet = packet.but(dst=address_value(rng.choice(pool), family))
    if rng.random() < 0.3 and sent.dev:
        ends = (address_value(rng.choice(pool), family) for _ in range(2))
        inner = Packet(family, *ends, UDP, 5, 6)
        return sent._replace(
            packet=Packet(
                family, packet.src, packet.dst, ICMP6, icmp_type=1, icmp_code=3, inner=inner
            )
        )
    return sent._replace(packet=packet)


# rules


def _span(rng: Random, *values: int) -> str:
    low, high = sorted(rng.choices(values, k=2))
    return rng.choice((str(low), f"{low}:{high}", f":{high}", f"{low}:"))


def _address_range(rng: Random, family: int) -> str:
    ends = sorted(rng.choices(ADDRESSES[family], k=2), key=lambda a: address_value(a, family))
    return rng.choice((ends[0], "-".join(ends), "-".join(reversed(ends))))


def _ttl(rng: Random, family: int) -> str:
    name = "ttl" if family == 4 else "hl"
    value = rng.choice((0, 1, 2, 3, 62, 63, 64, 254, 255))
    option = rng.choice((f"{no(rng)}--{name}-eq", f"--{name}-lt", f"--{name}-gt"))
    return f"-m {name} {option} {value}"


def _set_ttl(rng: Random, family: int) -> str:
    name = "ttl" if family == 4 else "hl"
    option = rng.choice(("set", "inc", "dec"))
    return f"-j {name.upper()} --{name}-{option} {rng.choice((1, 2, 5, 64, 200, 255))}"


def _tos(rng: Random, family: int) -> str:
    value = rng.choice(
        (f"{rng.randrange(256)}/{rng.choice((0xFF, 0x3F, 3, 0x1C))}", "Minimize-Delay")
    )
    return f"-m tos {no(rng)}--tos {value}"


def _set_tos(rng: Random, family: int) -> str:
    option = rng.choice(("set", "and", "or", "xor"))
    mask = f"/{rng.randrange(256)}" if option == "set" and rng.random() < 0.5 else ""
    return f"-j TOS --{option}-tos {rng.randrange(256)}{mask}"


def _ecn(rng: Random, family: int) -> str:
    words = [
        f"{no(rng)}{option}" for option in ("--ecn-tcp-cwr", "--ecn-tcp-ece") if rng.random() < 0.5
    ]
    if not words or rng.random() < 0.3:
        words.append(f"{no(rng)}--ecn-ip-ect {rng.randrange(4)}")
    return f"-p tcp -m ecn {' '.join(words)}"


def _set_ecn(rng: Random, family: int) -> str:
    words = rng.choice((
        "--ecn-tcp-remove",
        f"--ecn-tcp-cwr {rng.randrange(2)}",
        f"--ecn-tcp-ece {rng.randrange(2)}",
        f"--ecn-tcp-ece 1 --ecn-tcp-cwr 0 --ecn-ip-ect {rng.randrange(4)}",
        f"--ecn-ip-ect {rng.randrange(4)}",
    ))  # fmt: skip
    return f"-p tcp -j ECN {words}"


def _set_mss(rng: Random, family: int) -> str:
    # In nft's own chains the kernel does not ask for SYN; legacy does.
    return f"-p tcp --tcp-flags SYN SYN -j TCPMSS --set-mss {rng.choice((0, 400, 536, 1000, 1300))}"


def _clamp(rng: Random, family: int) -> str:
    return "-p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu"


def _strip(rng: Random, family: int) -> str:
    kinds = rng.sample(("mss", "wscale", "sack", "sack-permitted", "timestamp", "md5", "254"), 3)
    return f"-p tcp -j TCPOPTSTRIP --strip-options {','.join(kinds)}"


def _rpfilter(rng: Random, family: int) -> str:
    options = [f"--{o}" for o in ("loose", "validmark", "accept-local", "invert")]
    return f"-m rpfilter {' '.join(rng.sample(options, rng.randrange(4)))}"


def _owner(rng: Random, family: int) -> str:
    words = []
    if rng.random() < 0.7:
        words.append(
            f"{no(rng)}--uid-owner {rng.choice(('0', '77', '1-100', '0-4294967294', '6'))}"
        )
    if rng.random() < 0.3:
        words.append(f"{no(rng)}--gid-owner {rng.choice((0, 5))}")
        words += ["--suppl-groups"] * (rng.random() < 0.2)
    if not words or rng.random() < 0.2:
        words.append(f"{no(rng)}--socket-exists")
    return f"-m owner {' '.join(words)}"


def _hmark(rng: Random, family: int) -> str:
    bits = 32 if family == 4 else 128
    lengths = [rng.randrange(bits + 1) for _ in range(2)]
    words = rng.choice((
        "--hmark-tuple src,dst,sport,dport,proto", "--hmark-tuple ct,src,dst,sport,dport,proto",
        "--hmark-src-prefix {} --hmark-dst-prefix {}".format(*lengths),
        f"--hmark-sport-mask {rng.randrange(65536)} --hmark-dport {rng.randrange(65536)}",
        "--hmark-tuple spi,src", f"--hmark-spi-mask 0xffff00ff --hmark-spi {rng.randrange(2**32)}",
        "--hmark-tuple dst,proto --hmark-dport-mask 0xf0f0 --hmark-sport 5",
    ))  # fmt: skip
    mod, offset = rng.choice((1, 10, 2**32 - 1)), rng.choice((0, 3, 2**32 - 5))
    rnd = rng.randrange(2**32)
    return f"-j HMARK {words} --hmark-mod {mod} --hmark-offset {offset} --hmark-rnd {rnd}"


def _npt(name: str, *prefixes: str):
    def rule(rng: Random, family: int) -> str:
        source, target = rng.choice(prefixes), rng.choice(prefixes)
        return f"-d fd18::/16 -j {name} --src-pfx {source} --dst-pfx {target}"

    return rule


_PREFIXES = ("fd18::/64", "fd18::/48", "2001:db8:1::/48", "2001:db8:1:2::/64", "fd00::/8")
_BITS = tuple(f"-m mark --mark {1 << bit:#x}/{1 << bit:#x}" for bit in (*range(5), 17, 30, 31))
_IN = ("PREROUTING", "INPUT", "FORWARD")
MANGLE = {"mangle": ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING")}

MATCHES = {
    "length": Kind(
        lambda rng, family: f"-m length {no(rng)}--length {_span(rng, 20, 28, 40, 48, 60, 84, 104)}"
    ),
    "ttl": Kind(_ttl, hops),
    "tos": Kind(_tos, tos),
    "dscp": Kind(
        lambda rng, family: (
            f"-m dscp {no(rng)}"
            + rng.choice((f"--dscp {rng.randrange(64)}", "--dscp-class EF", "--dscp-class AF21"))
        ),
        lambda rng, sent: _filled(
            rng, sent, tos=rng.choice((0xB8, 0xBB, 0x48, rng.randrange(256)))
        ),
    ),
    "ecn": Kind(_ecn, lambda rng, sent: tos(rng, pieces(rng, sent))),
    "iprange": Kind(
        lambda rng, family: (
            "-m iprange "
            + f"{no(rng)}--{rng.choice(('src', 'dst'))}-range {_address_range(rng, family)}"
        )
    ),
    "mac": Kind(
        lambda rng, family: f"-m mac {no(rng)}--mac-source {rng.choice((*ODD_MACS, SENDER))}",
        framed,
        only(*_IN),
    ),
    "pkttype": Kind(
        lambda rng, family: (
            f"-m pkttype {no(rng)}--pkt-type "
            + rng.choice(("unicast", "broadcast", "multicast", "otherhost"))
        ),
        framed,
    ),
    "devgroup in": Kind(
        lambda rng, family: (
            f"-m devgroup {no(rng)}--src-group " + rng.choice(("7", "5", "0", "1/1", "0x7/0x3"))
        ),
        where=only(*_IN),
    ),
    "devgroup out": Kind(
        lambda rng, family: (
            f"-m devgroup {no(rng)}--dst-group {rng.choice(('7', '5', '0', '1/1'))}"
        ),
        where=only("FORWARD", "OUTPUT", "POSTROUTING"),
    ),
    "rpfilter": Kind(
        _rpfilter,
        foreign,
        {"raw": ("PREROUTING",), "mangle": ("PREROUTING",)},
        ("-p udp -j MARK --set-mark 0x1",),
    ),
    "tcpmss": Kind(
        lambda rng, family: (
            "-p tcp -m tcpmss "
            + f"{no(rng)}--mss {rng.choice(('0', '536', '100:1300', '1400:', ':'))}"
        ),
        pieces,
    ),
    "owner": Kind(
        _owner,
        owned,
        only("OUTPUT", "POSTROUTING"),
        given=Given(assume={"owner gid 0": True, "owner gid 5": False}),
    ),
    "realm": Kind(
        lambda rng, family: (
            f"-m realm {no(rng)}--realm "
            + rng.choice(
                ("0", "7", "0x30007", "0x50007/0xffff", "5", "0x60000/0xffff0000", "0x70005")
            )
        ),
        where=only("INPUT", "FORWARD", "OUTPUT", "POSTROUTING"),
        families=(4,),
    ),
}
TARGETS = {
    "TTL": Kind(_set_ttl, hops, MANGLE, rules_each=1),
    "TOS": Kind(_set_tos, tos, MANGLE),
    "DSCP": Kind(lambda rng, family: f"-j DSCP --set-dscp {rng.randrange(64)}", tos, MANGLE),
    "ECN": Kind(
        _set_ecn, lambda rng, sent: tos(rng, pieces(rng, sent)), MANGLE, families=(4,), rules_each=1
    ),
    "TCPMSS set": Kind(_set_mss, tcp, rules_each=1),
    "TCPMSS clamp": Kind(_clamp, tcp, only("FORWARD", "OUTPUT", "POSTROUTING"), rules_each=1),
    "TCPOPTSTRIP": Kind(_strip, pieces, MANGLE, rules_each=1),
    "HMARK": Kind(_hmark, flows, after=_BITS, rules_each=1),
    "HMARK tracked": Kind(
        _hmark, ports, after=(*_BITS, "-m conntrack --ctstate INVALID"), rules_each=1
    ),
    "DNPT": Kind(
        _npt("DNPT", *_PREFIXES), quoted, {"mangle": ("PREROUTING", "OUTPUT")}, families=(6,),
        rules_each=1,
    ),
    "SNPT": Kind(
        _npt("SNPT", *_PREFIXES), quoted, {"mangle": ("INPUT", "POSTROUTING")}, families=(6,),
        rules_each=1,
    ),
}  # fmt: skip
ASSUMED = {
    "cpu": Kind(
        lambda rng, family: f"-m cpu {no(rng)}--cpu {rng.choice((CPU, CPU + 1))}",
        given=Given(assume={f"cpu {CPU}": True, f"cpu {CPU + 1}": False}),
    ),
    "cgroup": Kind(
        lambda rng, family: (
            f"-m cgroup {no(rng)}{rng.choice(('--path /', '--cgroup 0', '--cgroup 9'))}"
        ),
        where=only("INPUT", "OUTPUT", "POSTROUTING"),
        given=Given(
            assume={"cgroup socket": False, "cgroup /": True, "cgroup 0": True, "cgroup 9": False}
        ),
    ),
}  # what no place tells, and this machine does
ASIDE = {
    "CHECKSUM": Kind(lambda rng, family: "-j CHECKSUM --checksum-fill", where=MANGLE),
    "AUDIT": Kind(
        lambda rng, family: f"-j AUDIT --type {rng.choice(('accept', 'drop', 'reject'))}"
    ),
    "TRACE": Kind(lambda rng, family: "-j TRACE", where={"raw": ("PREROUTING", "OUTPUT")}),
    "NFLOG": Kind(lambda rng, family: "-j NFLOG --nflog-group 77"),
    "IDLETIMER": Kind(lambda rng, family: f"-j IDLETIMER --timeout 60 --label fwsim{family}"),
    "CONNSECMARK": Kind(
        lambda rng, family: f"-j CONNSECMARK --{rng.choice(('save', 'restore'))}", where=MANGLE
    ),
    "CLASSIFY": Kind(
        lambda rng, family: f"-j CLASSIFY --set-class {rng.randrange(9)}:{rng.randrange(9)}",
        where=only("FORWARD", "OUTPUT", "POSTROUTING"),
    ),
}


def _tally(lab: Lab, world: World, kinds: Mapping[str, Kind], way: Way, seed: int) -> Tally:
    rng = Random(f"{way} {seed}")
    machine = Machine(lab, world, way.backend)
    tallies = [compare(machine, kinds[way.name], way.family, rng) for _ in range(RULESETS)]
    return Tally(*(sum(numbers) for numbers in zip(*tallies, strict=True)))


@pytest.mark.parametrize("way", ways({**MATCHES, **ASSUMED}), ids=str)
def test_matches(machine: tuple[Lab, World], way: Way, seed: int) -> None:
    assert _tally(*machine, {**MATCHES, **ASSUMED}, way, seed).hits


@pytest.mark.parametrize("way", ways(TARGETS), ids=str)
def test_targets(machine: tuple[Lab, World], way: Way, seed: int) -> None:
    tally = _tally(*machine, TARGETS, way, seed)
    assert tally.hits > 20
    assert way.name.startswith("HMARK") or tally.changed > 2


@pytest.mark.parametrize("way", ways(ASIDE), ids=str)
def test_what_lets_every_packet_go_on(machine: tuple[Lab, World], way: Way, seed: int) -> None:
    lab, world = machine
    rng = Random(f"{way} {seed}")
    assert compare(Machine(lab, world, way.backend), ASIDE[way.name], way.family, rng).hits > 20


# what needs more than rules and packets


def _time_rule(rng: Random, now: int) -> str:
    day = lambda: time.strftime("%H:%M:%S", time.gmtime(rng.randrange(86400)))  # noqa: E731
    start, stop = day(), day()
    words = [f"--timestart {start} --timestop {stop}"] if rng.random() < 0.7 else []
    if words and start > stop and rng.random() < 0.5:
        words.append("--contiguous")
    if rng.random() < 0.5:
        words.append(f"{no(rng)}--weekdays {','.join(map(str, rng.sample(range(1, 8), 3)))}")
    if rng.random() < 0.4:
        words.append(f"{no(rng)}--monthdays {','.join(map(str, rng.sample(range(1, 32), 12)))}")
    for option in ("--datestart", "--datestop"):
        if rng.random() < 0.3:
            date = time.gmtime(now + rng.randrange(-400, 400) * 43200)
            words.append(f"{option} {time.strftime('%Y-%m-%dT%H:%M:%S', date)}")
    far = rng.choice(("--datestart 2036-05 --kerneltz", "--datestop 2000 --kerneltz"))
    return f"-m time {far if rng.random() < 0.05 else ' '.join(words)}"


@pytest.mark.parametrize("backend", ["legacy", "nft"])
def test_time(machine: tuple[Lab, World], backend: str, seed: int) -> None:
    """The kernel's clock is read before and after each packet: one of the two has to agree."""
    lab, world = machine
    rng = Random(f"time {backend} {seed}")
    rules = [f"-A PREROUTING {_time_rule(rng, int(time.time()))}\n" for _ in range(150)]
    assert lab.restore(f"*raw\n{''.join(rules)}COMMIT\n", 4, backend) == ""
    ends = (address_value(a, 4) for a in ("8.8.8.8", "192.0.2.10"))
    sent = Sent("eth0", MACS["eth0"], Packet(4, *ends))
    said, before = [], time.time()
    kernel = Duel(lab, 4, world).kernel(sent)
    for epoch in (before, time.time()):
        said.append(Duel(lab, 4, world, Given(epoch=epoch)).fwsim(sent)[0].matched)
    assert 10 < len(kernel.matched) < 100
    assert kernel.matched in said


@pytest.mark.parametrize("backend", ["legacy", "nft"])
@pytest.mark.parametrize("family", [4, 6])
def test_socket(machine: tuple[Lab, World], backend: str, family: int) -> None:
    """Of what may have a socket, fwsim is told; of the rest it knows."""
    lab, world = machine
    own, far = (ADDRESSES[family][n] for n in (3, 5))
    here, there = (address_value(a, family) for a in (own, far))
    kind = socket.AF_INET if family == 4 else socket.AF_INET6
    plain = Packet(family, there, here, UDP, sport=5, dport=5000)
    error = {4: {"proto": ICMP, "icmp_type": 3}, 6: {"proto": ICMP6, "icmp_type": 1}}[family]
    about = Packet(family, there, here, **error)
    cases = [
        (plain, True), (plain.but(dport=5001), False),
        (plain.but(proto=89, sport=0, dport=0), None),
        (about.but(inner=Packet(family, here, there, UDP, sport=5000, dport=5)), True),
        (about.but(inner=Packet(family, here, there, 89)), None),
        (about.but(icmp_type=8 if family == 4 else 128, icmp_id=1), None),
    ]  # fmt: skip
    with lab.call(socket.socket, kind, socket.SOCK_DGRAM) as opened:
        lab.call(opened.bind, (own, 5000))
        chains = ":PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n"
        text = (
            f"*mangle\n{chains}-A PREROUTING -m socket\n-A INPUT -m socket --nowildcard\nCOMMIT\n"
        )
        assert lab.restore(text, family, backend) == ""
        for packet, takes in cases:
            given = Given(assume={} if takes is None else {"socket": takes})
            duel, sent = Duel(lab, family, world, given), Sent("eth0", MACS["eth0"], packet)
            kernel, (fwsim, _) = duel.kernel(sent), duel.fwsim(sent)
            assert kernel == fwsim, packet
            assert bool(kernel.matched) is bool(takes)


@pytest.mark.parametrize("backend", ["legacy", "nft"])
@pytest.mark.parametrize("family", [4, 6])
def test_classify_sets_the_priority(machine: tuple[Lab, World], backend: str, family: int) -> None:
    lab, world = machine
    rules = [f"-p {p} -j CLASSIFY --set-class {c}" for p, c in (("tcp", "1:2"), ("udp", "ab:ffff"))]
    chain = "".join(f"-A FORWARD {rule}\n" for rule in rules)
    assert lab.restore(f"*filter\n{chain}COMMIT\n", family, backend) == ""
    counters = "\n".join(f"meta priority {c} counter" for c in ("1:2", "ab:ffff"))
    hook = "type filter hook postrouting priority 300;"
    lab.run("nft", f"add table inet seen; add chain inet seen p {{ {hook} }}")
    lab.run("nft", "-f", "-", text=f"table inet seen {{\nchain p {{\n{counters}\n}}\n}}")
    ends = [address_value(ADDRESSES[family][n], family) for n in (0, 5)]
    for number, (proto, priority) in enumerate(((TCP, 0x10002), (UDP, 0xABFFFF)), 1):
        sent = Sent("veth0", MACS["docker1"], Packet(family, *ends, proto, sport=5, dport=6))
        duel = Duel(lab, family, world)
        duel.kernel(sent)
        counted = re.findall(r"packets (\d)", lab.run("nft", "list", "chain", "inet", "seen", "p"))
        assert counted == ["1", "0"] if number == 1 else ["1", "1"]
        _, (passage,) = duel.simulation.carry(sent.packet, Start("host", sent.dev, sent.mac))
        assert passage.buffer.priority == priority
    lab.run("nft", "delete", "table", "inet", "seen")
