"""Random policy routing: tables, rules, filters of sources, marks set by rules on the way; after
every packet, what left the machine and which rules matched are as fwsim says. FWSIM_SEED chooses
others."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random

import pytest

from fwsim.model.names import TCP_FLAGS, address_value
from fwsim.model.packet import TCP, UDP, Packet

from .conversations import Sent
from .duel import Duel, same, world_of
from .lab import Lab, require_kernel
from .spec import Neighbour, Spec, Tap, macs_of

require_kernel()

MACHINES, PACKETS = 12, 30
NAMES = ("eth0", "eth1", "eth2")
OWN = {4: "10.{}.0.1", 6: "fd{:02}::1"}
NEAR = {4: "10.{}.0.2", 6: "fd{:02}::2"}
FAR = {4: ("8.8.8.8", "8.8.4.4", "9.9.9.9", "203.0.113.7"), 6: ("2001:8::8", "2001:9::9")}
NETS = {
    4: ("8.0.0.0/8", "8.8.8.0/24", "8.8.8.8/32", "9.9.9.0/24", "203.0.113.0/24"),
    6: ("2001:8::/32", "2001:8::8/128", "2001:9::/32", "2001::/16"),
}
TABLES = ("main", "100", "200")


def machine(rng: Random, family: int) -> Spec:
    length = 16 if family == 4 else 64
    taps = tuple(Tap(n, (f"{OWN[family].format(i)}/{length}",)) for i, n in enumerate(NAMES))
    near = tuple(
        Neighbour(n, NEAR[family].format(i), f"02:00:00:00:0{i}:02") for i, n in enumerate(NAMES)
    )
    sysctls = {} if family == 6 else dict(_settings(rng))
    return Spec(
        taps, neighbours=near, sysctls=sysctls,
        routes=tuple(dict.fromkeys(_routes(rng, family))),
        rules=tuple(_rules(rng, family)),
    )  # fmt: skip


def _settings(rng: Random) -> list[tuple[str, object]]:
    found: list[tuple[str, object]] = [
        (f"net.ipv4.conf.{rng.choice(('all', *NAMES))}.rp_filter", rng.choice((0, 1, 2)))
    ]
    for name in ("accept_local", "route_localnet", "src_valid_mark", "forwarding"):
        if rng.random() < 0.3:
            value = rng.choice((0, 1)) if name == "forwarding" else 1
            found.append((f"net.ipv4.conf.{rng.choice(NAMES)}.{name}", value))
    return found


def _routes(rng: Random, family: int) -> list[str]:
    out = []
    for _ in range(rng.choice((3, 5, 7))):
        net = rng.choice((*NETS[family], "default"))
        table = rng.choice(TABLES)
        kinds = ("blackhole", "unreachable", "prohibit", *(("throw",) if family == 4 else ()))
        tos = " tos 0x10" if family == 4 and rng.random() < 0.15 else ""
        metric = f" metric {rng.choice((1, 20, 300))}"
        if rng.random() < 0.2:
            out.append(f"{rng.choice(kinds)} {net} table {table}{metric}{tos}")
            continue
        number = rng.randrange(3)
        way = f"via {NEAR[family].format(number)} dev {NAMES[number]}"
        out.append(f"{net} {way} table {table}{metric}{tos}")
    seen: set[tuple[str, ...]] = set()
    return [r for r in out if not (_key(r) in seen or seen.add(_key(r)))]


def _key(route: str) -> tuple[str, ...]:
    """Two routes alike in these cannot both be added."""
    words = route.split()
    kinds = ("blackhole", "unreachable", "prohibit", "throw")
    net = words[1] if words[0] in kinds else words[0]
    return (net, *words[words.index("table") :])


def _rules(rng: Random, family: int) -> list[str]:
    out = []
    for number in range(rng.choice((1, 2, 4))):
        words = [f"pref {100 + 10 * number}"]
        if rng.random() < 0.2:
            words.append("not")
        conditions = [
            f"from {rng.choice(NETS[family])}", f"to {rng.choice(NETS[family])}",
            f"iif {rng.choice((*NAMES, 'lo'))}", "fwmark 0x1", "fwmark 0x2/0x2", "tos 0x10",
            "ipproto udp", "ipproto tcp dport 80-90", "sport 5000", "uidrange 0-0",
            "uidrange 1000-2000",
        ]  # fmt: skip
        words += rng.sample(conditions, rng.choice((1, 1, 2)))
        out.append(" ".join((*words, _action(rng, number))))
    return out


def _action(rng: Random, number: int) -> str:
    roll = rng.random()
    if roll < 0.7:
        suppress = f" suppress_prefixlength {rng.choice((0, 8))}" if rng.random() < 0.2 else ""
        return f"lookup {rng.choice(TABLES)}{suppress}"
    return rng.choice(
        ("blackhole", "unreachable", "prohibit", f"goto {100 + 10 * number + rng.choice((15, 20))}")
    )


def ruleset(rng: Random) -> str:
    lines = ["*mangle", ":PREROUTING ACCEPT", ":OUTPUT ACCEPT"]
    for chain in ("PREROUTING", "OUTPUT"):
        for mark in ("0x1", "0x3"):
            if rng.random() < 0.6:
                proto = rng.choice(("tcp", "udp"))
                lines.append(f"-A {chain} -p {proto} -j MARK --set-mark {mark}")
    return "\n".join(
        [*lines, "COMMIT", "*filter", "-A OUTPUT", "-A FORWARD", "-A INPUT", "COMMIT\n"]
    )


def packet(rng: Random, family: int, spec: Spec) -> Sent:
    """A raw socket tells the kernel's routing neither ports nor TOS of what it sends: where rules
    ask for these, nothing is sent from the machine itself."""
    asked = {word for rule in spec.rules for word in rule.split()}
    local = not asked & {"ipproto", "sport", "tos"} and "tos" not in " ".join(spec.routes)
    dev = rng.choice((*NAMES, *NAMES, *((("",) * 3) if local else ())))
    macs = macs_of(spec)
    own = [OWN[family].format(i) for i in range(3)]
    near = [NEAR[family].format(i) for i in range(3)]
    odd = ("127.0.0.5",) if family == 4 else ()
    home = own if not dev else (*near, *FAR[family], *FAR[family], *own[:1], *odd)
    src, dst = rng.choice(home), rng.choice((*FAR[family], *FAR[family], *near, *own, *odd))
    made = Packet(
        family, address_value(src, family), address_value(dst, family), rng.choice((TCP, UDP)),
        sport=rng.choice((5000, 6000)), dport=rng.choice((80, 85, 443)),
        tos=rng.choice((0, 0, 0x10)), uid=None if dev else rng.choice((None, 1500)),
    )  # fmt: skip
    if made.proto == TCP:
        made = made.but(flags=TCP_FLAGS["SYN"], seq=1)
    return Sent(dev, macs[dev] if dev else "", made)


@pytest.mark.parametrize("family", [4, 6])
def test_random_policy_routing(family: int, seed: int) -> None:
    fates: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for number in range(MACHINES):
        rng = Random(f"routing {family} {seed} {number}")
        spec = machine(rng, family)
        with Lab(replace(spec, rules=())) as lab:
            for rule in spec.rules:
                lab.run("ip", f"-{family}", "rule", "add", *rule.split())
            assert lab.restore(ruleset(rng), family) == ""
            duel = Duel(lab, family, world_of(lab))
            for _ in range(PACKETS):
                sent = packet(rng, family, spec)
                kernel, (fwsim, leg) = duel.kernel(sent), duel.fwsim(sent)
                fates[leg.fate] += 1
                reasons[leg.reason] += 1
                assert same(kernel, fwsim, chance=False), (
                    f"seed {seed}, machine {number}: {spec}\n{sent}\n{leg.fate} {leg.reason}\n"
                    + "\n".join(f"kernel {line}" for line in kernel.lines())
                    + "\n" + "\n".join(f"fwsim {line}" for line in fwsim.lines())
                )  # fmt: skip
    assert min(fates[f] for f in ("delivered", "forwarded", "dropped")) > 30, fates
    assert sum(reason.startswith("route_") for reason in reasons) >= 3, reasons
