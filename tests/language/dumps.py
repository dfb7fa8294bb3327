"""Random dumps that iptables accepts, and the published ones of the corpus."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

from .examples import ACCEPTED, Example

CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus"

_SOURCES = {
    4: ("10.0.0.0/8", "192.0.2.7", "172.18.0.0/16", "0.0.0.0", "10.1.2.0/255.0.255.0", "0.0.0.0/0"),
    6: ("fd00::/8", "2001:db8::7", "::", "fd00::1/ffff::ffff", "::/0", "fe80::/10"),
}
_DEVICES = ("eth0", "veth+", "docker1", "+", "a-long-name.100")
_PROTOCOLS = ("tcp", "17", "all", "253", "gre", "esp", "58")
_COUNTERS = (0, 1, 84, 99999, 100000, 9999499, 9999500, 10**10, 10**13, 2**63)


class Published(NamedTuple):
    """One file of the corpus."""

    name: str
    family: int
    accepted: bool

    def __str__(self) -> str:
        return self.name

    def text(self) -> str:
        return (CORPUS / self.name).read_text("utf-8", "surrogateescape")


def published() -> list[Published]:
    """The corpus; empty where it is absent."""
    if not (CORPUS / "INDEX.tsv").exists():
        return []
    with (CORPUS / "INDEX.tsv").open() as index:
        rows = list(csv.DictReader(index, delimiter="\t"))
    return [
        Published(r["file"], 6 if r["family"] == "v6" else 4, r["legacy_accepts"] == "y")
        for r in rows
    ]


def random_dump(
    random: Random, family: int, rules: int = 60, without: Collection[str] | None = None
) -> str:
    """A dump of all tables over every extension's EXAMPLES, core options and large counters; for a
    kernel, which is `without` some extensions, over those that it takes."""
    examples = [e for e in ACCEPTED if e.family == family]
    if without is not None:
        examples = [e for e in examples if e.extension not in without and not e.unloaded]
    chosen = random.sample(examples, min(rules, len(examples)))
    lines = []
    for table in dict.fromkeys(example.table for example in chosen):
        lines.append(f"*{table}")
        lines += _table(random, [e for e in chosen if e.table == table])
        lines.append("COMMIT")
    return "\n".join(lines) + "\n"


def _table(random: Random, chosen: list[Example]) -> Iterator[str]:
    used = list(dict.fromkeys(example.chain for example in chosen))
    policy = "DROP" if chosen[0].table == "filter" else "ACCEPT"
    yield from (f":{chain} {random.choice((policy, 'ACCEPT'))} {_count(random)}" for chain in used)
    yield from (f":{chain}-{n} - [0:0]" for chain in used for n in range(3))
    for chain in used:
        yield from (f"-A {chain} {_jump(random, chain)}" for _ in range(3))
    for example in chosen:
        own = random.choice(("", "-0", "-1", "-2"))
        core = _core(random, example)
        yield f"{_count(random)} -A {example.chain}{own} {core} {example.rule}"


def _jump(random: Random, chain: str) -> str:
    return f"-{random.choice('jg')} {chain}-{random.randrange(3)}"


def _count(random: Random) -> str:
    return f"[{random.choice(_COUNTERS)}:{random.choice(_COUNTERS)}]"


def _core(random: Random, example: Example) -> str:
    """Core options that the example does not give itself."""
    words = []
    for option in ("-s", "-d"):
        if random.random() < 0.4:
            words += [_not(random), option, random.choice(_SOURCES[example.family])]
    inward = example.chain in ("PREROUTING", "INPUT", "FORWARD")
    outward = example.chain in ("POSTROUTING", "OUTPUT", "FORWARD")
    for option, fits in (("-i", inward), ("-o", outward)):
        if fits and random.random() < 0.4 and f"{option} " not in example.rule:
            words += [_not(random), option, random.choice(_DEVICES)]
    if "-p" not in example.rule and "--reject-with" not in example.rule and random.random() < 0.3:
        words += ["-p", random.choice(_PROTOCOLS)]
    if example.family == 4 and random.random() < 0.1:
        words += [_not(random), "-f"]
    return " ".join(word for word in words if word)


def _not(random: Random) -> str:
    return random.choice(("", "", "!"))
