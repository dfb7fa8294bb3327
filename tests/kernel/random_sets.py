"""Random address sets, and rules that ask and change them: their elements are what the packets of
tests.kernel.conversations are made of."""

from __future__ import annotations

from random import Random

from .lab import BASE_CHAINS
from .netns import Netns
from .rulesets import ADDRESSES, NETS, PORTS, Line, Rules

KINDS = (
    "bitmap:ip", "bitmap:ip,mac", "bitmap:port", "hash:ip", "hash:net", "hash:ip,port",
    "hash:net,port", "hash:ip,port,ip", "hash:ip,port,net", "hash:net,iface", "list:set",
)  # fmt: skip
OFTEN_ABSENT = ("hash:mac", "hash:ip,mac", "hash:ip,mark", "hash:net,net", "hash:net,port,net")
"""Types that a kernel may be built without."""
_DEVICES = ("eth0", "docker1", "docker", "veth0", "ve", "physdev:veth0", "lo")
_MACS = ("02:00:00:00:09:09", "02:00:00:00:00:10", "02:00:00:00:00:13")
_CHAINS = (("raw", "PREROUTING"), ("mangle", "FORWARD"), ("filter", "INPUT"),
           ("filter", "FORWARD"), ("filter", "OUTPUT"), ("mangle", "POSTROUTING"))  # fmt: skip


def present_kinds(host: Netns) -> tuple[str, ...]:
    """The types that this kernel has: all but those that kernels are often built without."""
    absent = [
        kind
        for kind in OFTEN_ABSENT
        if host.attempt("ipset", "create", "probe", kind).returncode
        or host.attempt("ipset", "destroy", "probe").returncode
    ]
    return (*KINDS, *(kind for kind in OFTEN_ABSENT if kind not in absent))


def clash(kind: str, family: int) -> bool:
    """The type has no sets of that family."""
    return family == 6 and kind in ("bitmap:ip", "bitmap:ip,mac")


class SetWriter:
    """Writes commands for `ipset restore`; `room` is how many elements a small set holds;
    `names` are the sets made, by type."""

    def __init__(self, rng: Random, family: int, kinds: tuple[str, ...], room: int = 8) -> None:
        self.rng, self.family, self.room = rng, family, room
        self.kinds = [kind for kind in kinds if not clash(kind, family)]
        self.names: dict[str, str] = {}
        self.options: dict[str, list[str]] = {}

    def commands(self) -> str:
        """A set of each type with some elements; lists come last."""
        lines = []
        for kind in sorted(self.kinds, key=lambda kind: kind == "list:set"):
            name = kind.replace(":", "-").replace(",", "-")
            lines += self._set(name, kind)
            self.names[name] = kind
        return "\n".join(lines) + "\n"

    def _set(self, name: str, kind: str) -> list[str]:
        rng = self.rng
        options = [o for o in ("counters", "skbinfo", "comment") if rng.random() < 0.3]
        if rng.random() < 0.3:
            options.append("timeout 100")
        self.options[name] = options
        head = [f"create {name} {kind}"]
        if kind.startswith("hash:") and kind != "hash:mac":
            head.append(f"family {'inet' if self.family == 4 else 'inet6'}")
            if rng.random() < 0.2:
                head.append(f"maxelem {self.room}")
        if kind.startswith("bitmap:"):
            head.append("range 1-50000" if kind == "bitmap:port" else "range 172.18.0.0/16")
        if kind in ("hash:ip", "bitmap:ip") and rng.random() < 0.3:
            head.append(f"netmask {24 if self.family == 4 else 112}")
        count = 4 if kind == "list:set" else rng.choice((1, 3, 7))
        elements = dict.fromkeys(self._element(kind) for _ in range(count))
        if kind == "bitmap:ip,mac" and "timeout 100" in options:  # added twice may be gone at once
            elements = dict.fromkeys({e.split(",")[0]: e for e in elements}.values())
        return [" ".join([*head, *options])] + [
            f"add -exist {name} {element}{self._entry(kind, options)}" for element in elements
        ]

    def _entry(self, kind: str, options: list[str]) -> str:
        rng, words = self.rng, []
        if "net" in kind and rng.random() < 0.3:
            words.append("nomatch")
        if kind == "hash:net,iface" and rng.random() < 0.3:
            words.append("wildcard")
        if "timeout 100" in options and rng.random() < 0.5:
            words.append("timeout 0")
        if "counters" in options and rng.random() < 0.5:
            words.append(f"packets {rng.randrange(4)} bytes {rng.randrange(400)}")
        if "comment" in options:
            words.append('comment "some host"')
        if "skbinfo" in options and rng.random() < 0.7:
            words.append(f"skbmark {rng.choice(('0x5', '0x5/0xff', '0x100/0xf00'))}")
        return "".join(f" {word}" for word in words)

    def _element(self, kind: str) -> str:
        if kind == "list:set":
            return self.rng.choice(list(self.names))
        if kind == "bitmap:ip,mac" and self.rng.random() < 0.5:
            return self._part("bitmap", "ip")
        group, _, parts = kind.partition(":")
        return ",".join(self._part(group, part) for part in parts.split(","))

    def _part(self, group: str, part: str) -> str:
        rng = self.rng
        inside = ("172.18.0.1", "172.18.0.2", "172.18.0.3", "172.18.255.255")
        match part:
            case "ip":
                return rng.choice(inside if group == "bitmap" else ADDRESSES[self.family])
            case "net":
                own = (f"{a}/{rng.choice((8, 16, 24, 31))}" for a in ADDRESSES[self.family])
                return rng.choice((*NETS[self.family], *ADDRESSES[self.family], *own))
            case "port" if group == "bitmap":
                return str(rng.choice(PORTS))
            case "port":
                icmp = "icmp:8/0" if self.family == 4 else "icmpv6:128/0"
                return rng.choice((
                    f"tcp:{rng.choice(PORTS)}", f"udp:{rng.choice(PORTS)}", "udp:5000-5001", icmp,
                    "ospf:0",
                ))  # fmt: skip
            case "mac":
                return rng.choice(_MACS)
            case "iface":
                return rng.choice(_DEVICES)
            case _:
                return hex(rng.choice((0, 1, 5)))

    # rules

    def rules(self, changing: bool) -> Rules:
        """Rules that ask; with `changing`, others that change the sets."""
        policies = {(t, chain): "ACCEPT" for t, _ in _CHAINS for chain in BASE_CHAINS[t]}
        lines: list[Line] = []
        for table, chain in _CHAINS:
            for _ in range(self.rng.choice((2, 3, 4))):
                lines.append(Line(table, f"-A {chain} {self._rule(table, changing)}"))
        return Rules(policies, tuple(lines))

    def _rule(self, table: str, changing: bool) -> str:
        name = self.rng.choice(list(self.names))
        if not changing or self.rng.random() < 0.5:
            target = self.rng.choice(("", "", "", "-j DROP", "-j RETURN"))
            return f"{self._match(name)} {target}".strip()
        before = self.rng.choice(("", "-p udp ", self._match(name) + " "))
        return before + self._target(table, name)

    def _ways(self, name: str) -> str:
        parts = len(self.names[name].split(","))
        count = self.rng.choice((parts, parts, parts, 3, 1))
        return ",".join(self.rng.choice(("src", "dst")) for _ in range(count))

    def _match(self, name: str) -> str:
        rng = self.rng
        words = [f"-m set {rng.choice(('', '', '! '))}--match-set {name} {self._ways(name)}"]
        if rng.random() < 0.2:
            words.append("--return-nomatch")
        words += [
            f"! --{o}" for o in ("update-counters", "update-subcounters") if rng.random() < 0.2
        ]
        for what in ("packets", "bytes"):
            if rng.random() < 0.1:
                limit = rng.randrange(5 if what == "packets" else 500)
                words.append(f"--{what}-{rng.choice(('eq', 'lt', 'gt'))} {limit}")
        return " ".join(words)

    def _target(self, table: str, name: str) -> str:
        rng = self.rng
        if table == "mangle" and rng.random() < 0.4:
            return f"-j SET --map-set {name} {self._ways(name)} --map-mark"
        if rng.random() < 0.3:
            return f"-j SET --del-set {name} {self._ways(name)}"
        timeout = rng.choice(("", "", " --timeout 1", " --timeout 0"))
        exist = rng.choice(("", " --exist"))
        return f"-j SET --add-set {name} {self._ways(name)}{exist}{timeout}"
