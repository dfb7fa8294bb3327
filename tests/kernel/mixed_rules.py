"""Random rulesets over every extension together.

Conditions and targets come from the other generators here, whose values are steered, and from the
extensions' own EXAMPLES, varied. They are put together at random, in base chains and in user chains
that several hooks come to; fwsim's own reader says what may stand where.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from random import Random

from fwsim.language.read import read
from fwsim.language.ruleset import Rule
from fwsim.model.errors import FwsimError

from .conn_rules import conn_rules
from .lab import BASE_CHAINS
from .meaning import Kind, dump
from .modules import OPTIONAL
from .packet_kinds import ASIDE, ASSUMED, MATCHES, TARGETS
from .pieces import Piece, piece, uses_of
from .protos import MADE
from .protos import random_rules as proto_rules
from .random_sets import SetWriter
from .remembering import memory_rules
from .rulesets import ADDRESSES, NETS, Line, Rules, random_rules

KINDS: Mapping[str, Kind] = {**MATCHES, **TARGETS, **ASSUMED, **ASIDE}
LEFT_OUT = {
    "TEE": "a copy keeps more of what the packet came with than is known well enough",
}
"""What no rule has, and why; it is compared in test_conn_cases."""
_ELSEWHERE = ("rateest", "RATEEST")  # EXAMPLES name estimators that the rules do not make
_ODDS = {"raw": 0.6, "mangle": 0.8, "nat": 0.6, "filter": 0.95, "security": 0.2}
_UNCOMPARED = re.compile(
    r"-[jg] [a-z]|--mode random|-m cluster .*-m pkttype"
    r"|--hashlimit-htable-(expire \d{1,4}|gcinterval)\b"  # the kernel collects when it likes
)
_NFT_TWICE = re.compile(r"-m (tcp|udp)\b.*-m \1\b")
"""iptables-nft 1.8.9 saves only the last of two such matches; no dump tells what the first asks."""
_SHARED = re.compile(r"(--(?:hashlimit-)?name [\w-]{1,8})[\w-]*")
"""Of rules that share a list or a table, the first one's numbers count; which of the tables was
loaded first is not seen later."""
_PROTOS = ("tcp", "tcp", "tcp", "udp", "udp", "icmp", "ipv6-icmp", "ah", "esp", "sctp", "dccp")
_TRIES = 30


class Mixer:
    """Writes one ruleset. `sets` has written the sets that it may name; `absent` are extensions
    that no rule is to have."""

    def __init__(
        self, rng: Random, family: int, backend: str, sets: SetWriter, absent: Collection[str]
    ) -> None:
        self.rng, self.family, self.nft = rng, family, backend == "nft"
        left_out = {*LEFT_OUT, *_ELSEWHERE, *absent}
        self.uses = [u for name, u in uses_of(family).items() if name not in left_out]
        memory = memory_rules(rng, "any", family, backend).lines
        self.estimators = [x for x in memory if "-j RATEEST" in x.text and rng.random() < 0.1]
        names = [name for name, kind in KINDS.items() if family in kind.families]
        self.made = rng.sample([n for n, made in MADE.items() if family in made.families], 4)
        self.kinds = rng.sample(names, 6)
        lines = [*random_rules(rng, family).lines, *conn_rules(rng, family, backend).lines]
        lines += [*sets.rules(True).lines, *(x for x in memory if self._knows_rates(x.text))]
        texts = [line.text for line in lines]
        for text in (
            *(dump(rng, family, KINDS[name]) for name in self.kinds),
            *(proto_rules(rng, name, family, 2) for name in self.made),
        ):
            texts += [line for line in text.splitlines() if line.startswith("-A")]
        self.bodies = [text.split(" ", 2)[2] for text in texts if text.count(" ") > 1]

    def _knows_rates(self, text: str) -> bool:
        named = re.findall(r"RE\d", text)
        return all(any(name in made.text for made in self.estimators) for name in named)

    def rules(self) -> Rules:
        """The ruleset."""
        tables = [table for table, odds in _ODDS.items() if self.rng.random() < odds] or ["filter"]
        policies: dict[tuple[str, str], str] = {}
        lines = list(self.estimators)
        for table in dict.fromkeys([*(line.table for line in lines), *tables]):
            chains = self._chains(table)
            lenient = table != "filter" or self.rng.random() < 0.7
            for chain in chains:
                base = "ACCEPT" if lenient else self.rng.choice(("ACCEPT", "DROP"))
                policies[table, chain] = base if chain in BASE_CHAINS[table] else "-"
            lines += [line for chain in chains for line in self._filled(table, chain, chains)]
        return Rules(policies, tuple(lines))

    def _chains(self, table: str) -> dict[str, frozenset[str]]:
        """Each with the hooks that may come to it."""
        base, rng = BASE_CHAINS[table], self.rng
        chains = {chain: frozenset({chain}) for chain in base}
        for number in range(rng.choice((0, 1, 2, 3, 4))):
            some = rng.sample(base, rng.choice((1, 1, 2, len(base))) if len(base) > 1 else 1)
            chains[f"user{number}"] = frozenset(some)
        return chains

    def _filled(
        self, table: str, chain: str, chains: Mapping[str, frozenset[str]]
    ) -> Iterator[Line]:
        """The chain's rules; they jump to later chains only."""
        order, hooks = list(chains), chains[chain]
        later = [c for c in order[order.index(chain) + 1 :] if hooks <= chains[c]]
        later = [c for c in later if c not in BASE_CHAINS[table]]
        for _ in range(self.rng.choice((0, 1, 2, 3, 5))):
            if body := self._body(table, hooks):
                jumps = later and "-j " not in body and self.rng.random() < 0.6
                end = f"-{self.rng.choice('jjjg')} {self.rng.choice(later)}" if jumps else ""
                yield Line(table, " ".join(filter(None, ("-A", chain, body, end))))
        if later and self.rng.random() < 0.7:
            yield Line(table, f"-A {chain} -j {self.rng.choice(later)}")

    def _body(self, table: str, hooks: Collection[str]) -> str:
        """What stands behind -A CHAIN; empty where nothing fitted."""
        for _ in range(_TRIES):
            body = _SHARED.sub(rf"\1{table[0]}", self._mixed())
            if "-j " not in body and self.rng.random() < 0.2:
                body += f" -j {self.rng.choice(('ACCEPT', 'RETURN', 'RETURN', 'DROP'))}"
            uncompared = _UNCOMPARED.search(body) or (self.nft and _NFT_TWICE.search(body))
            if not uncompared and may_stand(body, table, hooks, self.family):
                return body
        return ""

    def _mixed(self) -> str:
        rng, roll, one = self.rng, self.rng.random(), self._example()
        if roll < 0.4:
            return rng.choice(self.bodies)
        if roll < 0.6:
            return f"{rng.choice(self.bodies)} {one.words}"
        words = [f"-p {rng.choice(one.protos or _PROTOS)}"] * (bool(one.protos) or roll < 0.75)
        if rng.random() < 0.2:
            pool = ADDRESSES[self.family] + NETS[self.family]
            words.append(f"{rng.choice(('', '! '))}-{rng.choice('sd')} {rng.choice(pool)}")
        others = [self._example().words for _ in range(roll > 0.85)]
        return " ".join((*words, *others, one.words))

    def _example(self) -> Piece:
        """A match or target of any extension, each as often."""
        return piece(self.rng, self.rng.choice(self.uses), self.family)


def may_stand(body: str, table: str, hooks: Collection[str], family: int) -> bool:
    """fwsim takes the rule in a chain of the table that these hooks come to."""
    chain = min(hooks)
    try:
        rule: Rule = read(f"*{table}\n-A {chain} {body}\nCOMMIT\n", family).rule(table, chain, 1)
    except FwsimError:
        return False
    places = [use.hooks for use in rule.uses if use.hooks]
    return all(set(hooks) <= set(found) for found in places)


def mixed_names() -> frozenset[str]:
    """The extensions that some rule may have, if the kernel has them."""
    return (frozenset(uses_of(4)) | frozenset(uses_of(6))) - {*LEFT_OUT, *OPTIONAL}
