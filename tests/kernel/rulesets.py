"""Random rulesets that iptables takes, steered to match: their addresses, ports and devices are
those that tests.kernel.conversations gives its packets."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from .lab import BASE_CHAINS

ADDRESSES = {
    4: ("172.18.0.2", "172.18.0.3", "172.18.0.1", "192.0.2.10", "192.0.2.1", "8.8.8.8", "9.9.9.9"),
    6: (
        "fd18::2",
        "fd18::3",
        "fd18::1",
        "2001:db8::10",
        "2001:db8::1",
        "2001:4860::8",
        "2001:9::9",
    ),
}  # two guests, the host inside and outside, its gateway, two hosts far away
NETS = {
    4: ("172.18.0.0/16", "192.0.2.0/24", "8.0.0.0/6", "172.18.0.2/31"),
    6: ("fd18::/64", "2001:db8::/64", "2001:4000::/18", "fd18::2/127"),
}
PORTS = (53, 80, 1024, 5000, 5001, 40000)
PORT_WORDS = (*map(str, PORTS), "1:1024", "5000:5001", ":5000", "1024:")
FLAG_WORDS = ("SYN SYN", "SYN,ACK,FIN,RST SYN", "ACK ACK", "RST RST", "ALL NONE", "SYN,RST SYN")
STATES = ("NEW", "ESTABLISHED", "RELATED", "INVALID", "NEW,RELATED", "ESTABLISHED,RELATED")
ICMP_NAMES = {
    4: ("echo-request", "echo-reply", "3", "3/3", "11"),
    6: ("128", "129", "1", "1/4", "3"),
}
REJECTS = {
    4: ("icmp-port-unreachable", "icmp-host-prohibited", "icmp-admin-prohibited"),
    6: ("icmp6-port-unreachable", "icmp6-adm-prohibited", "icmp6-no-route"),
}
_IN, _OUT = ("PREROUTING", "INPUT", "FORWARD"), ("FORWARD", "OUTPUT", "POSTROUTING")


class Line(NamedTuple):
    """A rule: `-A CHAIN …` in its table."""

    table: str
    text: str


@dataclass(frozen=True)
class Rules:
    """A family's ruleset; `policies` by (table, chain), `-` for user chains."""

    policies: dict[tuple[str, str], str]
    lines: tuple[Line, ...]

    def dump(self) -> str:
        """As iptables-restore takes it."""
        out = []
        for table in dict.fromkeys(table for table, _ in self.policies):
            chains = ((c, policy) for (t, c), policy in self.policies.items() if t == table)
            rules = (line.text for line in self.lines if line.table == table)
            out += [
                f"*{table}",
                *(f":{c} {policy} [0:0]" for c, policy in chains),
                *rules,
                "COMMIT",
            ]
        return "\n".join(out) + "\n"

    def only(self, lines: Iterable[Line]) -> Rules:
        """With these lines alone, without the user chains and tables that nothing needs now."""
        kept = tuple(lines)
        used = {(line.table, word) for line in kept for word in line.text.split()}
        tables = {line.table for line in kept}
        tables |= {table for (table, _), policy in self.policies.items() if policy == "DROP"}
        policies = {
            (table, chain): policy
            for (table, chain), policy in self.policies.items()
            if (table, chain) in used or (policy != "-" and table in tables)
        }
        return Rules(policies, kept)


def random_rules(rng: Random, family: int) -> Rules:
    """Some tables with some rules each, and user chains that jump on to later ones only."""
    tables = [t for t in BASE_CHAINS if t in ("nat", "filter") or rng.random() < 0.3]
    if rng.random() < 0.2:
        tables.remove("nat")
    return written([Writer(rng, family, table) for table in tables])


def written(writers: list[Writer]) -> Rules:
    """What they wrote."""
    policies = {key: policy for writer in writers for key, policy in writer.policies.items()}
    return Rules(policies, tuple(line for writer in writers for line in writer.lines))


class Writer:
    """One table's rules."""

    def __init__(self, rng: Random, family: int, table: str) -> None:
        self.rng, self.family, self.table = rng, family, table
        self.lines: list[Line] = []
        self.policies = {(table, chain): self._policy() for chain in BASE_CHAINS[table]}
        for base in BASE_CHAINS[table]:
            inner = [f"{base[:4].lower()}{n}" for n in range(rng.choice((0, 0, 1, 2)))]
            self.policies |= {(table, chain): "-" for chain in inner}
            for number, chain in enumerate((base, *inner)):
                for _ in range(rng.choice((0, 1, 2, 3)) + bool(inner[number:])):
                    target = self._target(base, chain == base, inner[number:])
                    words = ("-A", chain, *self._matches(base, chain == base, target), target)
                    self.lines.append(Line(table, " ".join(filter(None, words))))

    def _policy(self) -> str:
        lenient = self.table != "filter" or self.rng.random() < 0.75
        return "ACCEPT" if lenient else "DROP"

    def _not(self) -> str:
        return "! " if self.rng.random() < 0.2 else ""

    # targets

    def _target(self, base: str, top: bool, inner: list[str]) -> str:
        pick, roll = self.rng.choice, self.rng.random()
        if inner and roll < 0.45:
            return f"{pick(('-j', '-j', '-g'))} {pick(inner)}"
        if roll < 0.6:
            return f"-j {pick(('ACCEPT', 'RETURN'))}"
        if self.table == "nat":
            return self._nat(base)
        common = ["-j DROP", '-j LOG --log-prefix "seen: "', "", self._mark(), self._mark()]
        if self.table == "filter":
            common += ["-j ACCEPT", f"-j REJECT --reject-with {pick(REJECTS[self.family])}"]
            common.append("-p tcp -j REJECT --reject-with tcp-reset")
        return pick(common)

    def _mark(self) -> str:
        rng = self.rng
        value = f"{rng.choice((1, 2, 3, 0x10)):#x}"
        word = rng.choice(("set-mark", "or-mark", "and-mark", "xor-mark", "set-xmark"))
        return f"-j MARK --{word} {value}{'/0xff' if word == 'set-xmark' else ''}"

    def _nat(self, base: str) -> str:
        rng = self.rng
        address = rng.choice(ADDRESSES[self.family])
        port = rng.choice(PORTS)
        proto = rng.choice(("tcp", "udp"))
        wrapped = f"[{address}]" if self.family == 6 else address
        if base in ("INPUT", "POSTROUTING"):
            choices = [f"-j SNAT --to-source {address}"]
            choices.append(f"-p {proto} -j SNAT --to-source {wrapped}:{port}")
            if base == "POSTROUTING":
                choices += ["-j MASQUERADE"] * 2
                choices.append(f"-p {proto} -j MASQUERADE --to-ports {port}")
            return rng.choice(choices)
        return rng.choice((
            f"-j DNAT --to-destination {address}",
            f"-p {proto} -j DNAT --to-destination {wrapped}:{port}",
            "-j REDIRECT",
            f"-p {proto} -j REDIRECT --to-ports {port}",
            "-j MARK --set-mark 0x1",
        ))  # fmt: skip

    # matches

    def _matches(self, base: str, top: bool, target: str) -> list[str]:
        rng = self.rng
        if rng.random() < 0.12:
            return []
        proto = "" if " -p " in f" {target}" else self._proto()
        makers = [self._source, self._destination, self._device, self._conntrack, self._mark_match]
        makers += [self._addrtype, self._physdev, self._comment]
        out = [proto] if proto else []
        chosen = rng.sample(makers, rng.choice((0, 1, 1, 2)))
        for maker in chosen:
            out.append(maker(base, top))
        return list(dict.fromkeys(filter(None, out)))

    def _proto(self) -> str:
        rng = self.rng
        icmp = "icmp" if self.family == 4 else "ipv6-icmp"
        proto = rng.choice(("", "", "tcp", "tcp", "udp", "udp", icmp, "89", "any", "frag"))
        if proto == "frag":
            return f"{self._not()}-f" if self.family == 4 else ""
        if not proto or proto == "any":
            return ""
        if rng.random() < 0.15:
            return f"! -p {proto}"
        return f"-p {proto} {self._transport(proto)}".rstrip()

    def _transport(self, proto: str) -> str:
        rng, port = self.rng, self.rng.choice(PORT_WORDS)
        if proto in ("tcp", "udp") and rng.random() < 0.3:
            ports = ",".join(rng.sample([w for w in PORT_WORDS if w[0] != ":" and w[-1] != ":"], 2))
            return (
                f"-m multiport {self._not()}--{rng.choice(('sports', 'dports', 'ports'))} {ports}"
            )
        if proto in ("icmp", "ipv6-icmp") and rng.random() < 0.7:
            word = "icmp" if proto == "icmp" else "icmp6"
            option = "icmp-type" if proto == "icmp" else "icmpv6-type"
            return f"-m {word} {self._not()}--{option} {rng.choice(ICMP_NAMES[self.family])}"
        if proto == "tcp" and rng.random() < 0.5:
            flags = f"--tcp-flags {rng.choice(FLAG_WORDS)}"
            return f"-m tcp {self._not()}{rng.choice(('--syn', flags, '--tcp-option 2'))}"
        if proto in ("tcp", "udp") and rng.random() < 0.7:
            return f"-m {proto} {self._not()}--{rng.choice(('sport', 'dport'))} {port}"
        return ""

    def _source(self, base: str, top: bool) -> str:
        return f"{self._not()}-s {self.rng.choice(ADDRESSES[self.family] + NETS[self.family])}"

    def _destination(self, base: str, top: bool) -> str:
        return f"{self._not()}-d {self.rng.choice(ADDRESSES[self.family] + NETS[self.family])}"

    def _device(self, base: str, top: bool) -> str:
        ways = (["-i"] if base in _IN else []) + (["-o"] if base in _OUT else [])
        name = self.rng.choice(("eth0", "docker1", "docker+", "e+", "lo", "veth0"))
        return f"{self._not()}{self.rng.choice(ways)} {name}"

    def _conntrack(self, base: str, top: bool) -> str:
        rng, no = self.rng, self._not()
        address = rng.choice(ADDRESSES[self.family] + NETS[self.family])
        icmp = "icmp" if self.family == 4 else "ipv6-icmp"
        return rng.choice((
            f"-m conntrack {no}--ctstate {rng.choice((*STATES, 'DNAT', 'SNAT', 'UNTRACKED'))}",
            f"-m state {no}--state {rng.choice(STATES)}",
            f"-m conntrack {no}--ctorigsrc {address}",
            f"-m conntrack {no}--ctorigdst {address}",
            f"-m conntrack {no}--ctreplsrc {address}",
            f"-m conntrack {no}--ctrepldst {address}",
            f"-m conntrack {no}--ctproto {rng.choice(('tcp', 'udp', icmp))}",
            f"-m conntrack {no}--ctorigdstport {rng.choice(PORTS)}",
            f"-m conntrack {no}--ctstatus {rng.choice(('SEEN_REPLY', 'ASSURED', 'CONFIRMED'))}",
            f"-m conntrack --ctdir {rng.choice(('ORIGINAL', 'REPLY'))}",
        ))  # fmt: skip

    def _mark_match(self, base: str, top: bool) -> str:
        return f"-m mark {self._not()}--mark {self.rng.choice(('0x0', '0x1', '0x2', '0x1/0x1'))}"

    def _addrtype(self, base: str, top: bool) -> str:
        fourth = "BROADCAST" if self.family == 4 else "MULTICAST"
        kind = self.rng.choice(("LOCAL", "UNICAST", "LOCAL,UNICAST", fourth))
        limits = (
            [""] + [" --limit-iface-in"] * (base in _IN) + [" --limit-iface-out"] * (base in _OUT)
        )
        limit = self.rng.choice(limits) if top else ""
        which = self.rng.choice(("src-type", "dst-type"))
        return f"-m addrtype {self._not()}--{which} {kind}{limit}"

    def _physdev(self, base: str, top: bool) -> str:
        words = []
        if base in _IN or base == "POSTROUTING":
            words += ["--physdev-in veth0", "--physdev-in veth+", "--physdev-is-in"]
        if base in ("FORWARD", "POSTROUTING"):
            words += ["--physdev-out veth1", "--physdev-is-bridged", "--physdev-is-out"]
        return f"-m physdev {self._not()}{self.rng.choice(words)}" if words else ""

    def _comment(self, base: str, top: bool) -> str:
        return '-m comment --comment "why not"'
