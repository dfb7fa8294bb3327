"""Random rules of the extensions that look at the packet itself, its link, its route or its sender,
and of those that change it; and the machine for them."""

from __future__ import annotations

import os
from dataclasses import replace
from random import Random

from fwsim.machine.moment import Given
from fwsim.model.names import address_value

from .duel import SENDER
from .lab import Lab
from .meaning import Kind, no, only
from .packet_tweaks import (
    ODD_MACS,
    filled,
    flows,
    foreign,
    framed,
    hops,
    owned,
    pieces,
    ports,
    quoted,
    tcp,
    tos,
)
from .rulesets import ADDRESSES
from .spec import SMALL

CPU = min(os.sched_getaffinity(0))
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


def with_links(lab: Lab) -> Lab:
    """The machine of SPEC, with what a Spec does not tell."""
    lab.run("ip", "-6", "rule", "add", "pref", "50", "fwmark", "0x1", "lookup", "100")
    for words in ("eth0 mtu 1400 group 7", "docker1 group 5", "docker1 mtu 1280"):
        lab.run("ip", "link", "set", *words.split())
    return lab


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
        lambda rng, sent: filled(rng, sent, tos=rng.choice((0xB8, 0xBB, 0x48, rng.randrange(256)))),
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
