"""Which rules something reached: a set of packets, a capture, or whatever moved the dump's own
counters. A rule is reached if it matched."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from fwsim.machine.account import reference
from fwsim.model.errors import QuestionError
from fwsim.model.frozen import Frozen
from fwsim.model.printing import Printed
from fwsim.model.trace import Ref
from fwsim.model.tuples import NamedTuple
from fwsim.questions.lint import lint

if TYPE_CHECKING:
    from fwsim.machine.simulate import Simulation
    from fwsim.model.trace import Leg
    from fwsim.questions.replay.summary import Replay

_NEVER = ("contradictory", "shadowed", "unreached")  # codes of lint that mean it
_PROVED = 2000  # so many rules at most are asked whether any packet reaches them

Place = tuple[int, str, str, int]  # family, table, chain, rule (0: the policy)


class Covered(NamedTuple):
    """A rule, how many packets reached it, and the code of lint that says that none can."""

    ref: Ref
    packets: int
    never: str = ""


class InChain(NamedTuple):
    """A chain's rules; `policy` is how many packets came to its end, None for a user's chain."""

    family: int
    table: str
    chain: str
    rules: tuple[Covered, ...]
    policy: int | None = None

    @property
    def reached(self) -> int:
        """How many of its rules."""
        return sum(bool(rule.packets) for rule in self.rules)


class Coverage(Printed, Frozen):
    """Chains with their rules; truth says whether every rule was reached. `by` is what reached them
    (counters, packets, capture), `unsure` how many packets' ways end at a fact that nobody knows,
    `proved` whether it was asked which rules no packet can reach."""

    title: str
    by: str
    chains: tuple[InChain, ...]
    unsure: int = 0
    proved: bool = True
    damage: str = ""

    @property
    def rules(self) -> Iterator[Covered]:
        """All of them."""
        return (rule for chain in self.chains for rule in chain.rules)

    @property
    def unreached(self) -> list[Covered]:
        """Those that nothing reached."""
        return [rule for rule in self.rules if not rule.packets]

    @property
    def percent(self) -> float:
        """Of the rules; 100 where there is none."""
        total = sum(1 for _ in self.rules)
        return 100 * (total - len(self.unreached)) / total if total else 100.0

    def __bool__(self) -> bool:
        return not self.unreached

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        total = sum(1 for _ in self.rules)
        return {
            "place": self.title,
            "by": self.by,
            "rules": total,
            "reached": total - len(self.unreached),
            "percent": round(self.percent, 1),
            "chains": [
                {"family": c.family, "table": c.table, "chain": c.chain, "rules": len(c.rules),
                 "reached": c.reached, "policy": c.policy}
                for c in self.chains
            ],
            "unreached": [{**r.ref.written(), "never": r.never or None} for r in self.unreached],
            "hits": [{**r.ref.written(), "packets": r.packets} for r in self.rules if r.packets],
            "unsure": self.unsure,
            "damage": self.damage or None,
        }  # fmt: skip


def by_counters(simulation: Simulation) -> Coverage:
    """What moved the counters that stand in the rules."""
    host = simulation.world.namespaces[simulation.world.host]
    counts: dict[Place, int] = {}
    for family, ruleset in host.rulesets.items():
        for table in ruleset.tables.values():
            for chain in table.chains.values():
                where = family, table.name, chain.name
                counts[(*where, 0)] = chain.counters[0]
                counts |= {(*where, n): r.counters[0] for n, r in enumerate(chain.rules, 1)}
    return _coverage(simulation, "counters", counts)


def by_legs(simulation: Simulation, legs: Iterable[Leg]) -> Coverage:
    """What packets reached."""
    counts: Counter[Place] = Counter()
    unsure = 0
    for leg in legs:
        unsure += leg.verdict == "UNKNOWN"
        for one in (*leg.matched, *leg.policies):
            if one.host == simulation.world.host:
                counts[one[1:]] += 1
    return _coverage(simulation, "packets", counts, unsure)


def by_replay(simulation: Simulation, replay: Replay) -> Coverage:
    """What a capture's packets reached."""
    counts: dict[Place, int] = {}
    for hit in replay.hits:
        ref = hit.ref
        number = ref.rule if isinstance(ref.rule, int) else 0
        counts[ref.family, ref.table, ref.chain, number] = hit.packets
    return _coverage(simulation, "capture", counts, replay.of("UNKNOWN"), replay.damage)


def _coverage(
    simulation: Simulation,
    by: str,
    counts: Mapping[Place, int],
    unsure: int = 0,
    damage: str = "",
) -> Coverage:
    rules = sum(1 for place in _places(simulation) if place[3])
    never = _never(simulation) if rules <= _PROVED else None
    chains = tuple(_chains(simulation, counts, never or {}))
    return Coverage(simulation.world.title, by, chains, unsure, never is not None, damage)


def _places(simulation: Simulation) -> Iterator[Place]:
    """Every rule and every policy of the host."""
    host = simulation.world.namespaces[simulation.world.host]
    for family, ruleset in host.rulesets.items():
        for table in ruleset.tables.values():
            for chain in table.chains.values():
                for number in range(len(chain.rules) + 1):
                    yield family, table.name, chain.name, number


def _chains(
    simulation: Simulation, counts: Mapping[Place, int], never: Mapping[Place, str]
) -> Iterator[InChain]:
    host = simulation.world.namespaces[simulation.world.host]
    for family, table, name, number in _places(simulation):
        if number:
            continue
        ruleset = host.rulesets[family]
        chain = ruleset.tables[table].chains[name]
        where = family, table, name
        rules = tuple(
            Covered(
                reference(host.name, ruleset, table, name, n),
                counts.get((*where, n), 0), never.get((*where, n), ""),
            )
            for n in range(1, len(chain.rules) + 1)
        )  # fmt: skip
        yield InChain(*where, rules, counts.get((*where, 0), 0) if chain.policy else None)


def _never(simulation: Simulation) -> dict[Place, str] | None:
    """Rules that no packet reaches, whatever it is, by lint's codes; None where their sets are too
    large to be told."""
    try:
        found = lint(simulation, _NEVER, everywhere=True)
    except QuestionError:
        return None
    return {
        (ref.family, ref.table, ref.chain, ref.rule): finding.code
        for finding in found
        for ref in (finding.rule, *finding.also)
        if isinstance(ref.rule, int)
    }
