"""The packets that two rulesets may treat differently, found without a walk: those that may match
a rule that only one of them has, or two rules that stand in another order.

All others match the same rules, one after the other, and so their fields and fates are the same:
nobody has to walk them to know that they did not change.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from itertools import accumulate
from typing import TYPE_CHECKING

from fwsim.language.write import rule_text
from fwsim.machine.sets.deep import deep
from fwsim.machine.sets.maybe import Coming
from fwsim.model.pred import FALSE
from fwsim.model.tuples import NamedTuple
from fwsim.readings.space import PacketSet, Space, bounded

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping

    from oxidd.bcdd import BCDDFunction

    from fwsim.language.ruleset import Chain, Rule, Table
    from fwsim.machine.sets.order import At
    from fwsim.machine.simulate import Simulation
    from fwsim.readings.diagram import Diagrams

_NOWHERE = 1 << 62
Twins = list[tuple[int, int]]
_Placed = tuple[int, "BCDDFunction"]
"""A rule's new place, and the packets that it may match."""


class _Chains(NamedTuple):
    """How two chains of one name differ: the numbers of the rules that only the one has, and the
    other; those that both have, where their order is not the same; whether policies differ."""

    name: str
    own: tuple[list[int], list[int]]
    turned: Twins
    policy: bool


@bounded
def differing(
    space: Space, old: Simulation, new: Simulation, family: int, *, local: bool
) -> PacketSet:
    """These packets, of those that come in, or with `local` those that the host sends; all of them
    where more than rules differs, or what is told of their world."""
    hosts = [s.world.namespaces[s.world.host] for s in (old, new)]
    rulesets = [host.rulesets.get(family) for host in hosts]
    one, two = rulesets
    if (
        one is None or two is None or one.nft != two.nft or old.given != new.given
        or hosts[0].sets != hosts[1].sets or not same_but_rules(old, new)
        or hosts[0].tracks(family) != hosts[1].tracks(family)
    ):  # fmt: skip
        return space.everything
    sides = tuple(
        Coming(host, ruleset, space.diagrams, local=local)
        for host, ruleset in zip(hosts, (one, two), strict=True)
    )
    known: dict[str, list[_Chains]] = {}
    parts: list[BCDDFunction] = []
    with deep():
        for at in dict.fromkeys(at for side in sides for at in side.places):
            if at.table not in known:
                known[at.table] = list(_unlike(one.tables.get(at.table), two.tables.get(at.table)))
            for chains in known[at.table]:
                parts += _of_chain(sides, at, chains, space.diagrams)
    return PacketSet(space, space.diagrams.either(parts))


def same_but_rules(old: Simulation, new: Simulation) -> bool:
    """Nothing but rules and sets differs between two places."""

    def bare(simulation: Simulation) -> object:
        world = simulation.world
        host = world.namespaces[world.host]
        return world.with_namespace(host._replace(rulesets={}, sets={}))._replace(
            title="", notes=(), place="", commands=()
        )

    return bare(old) == bare(new)


def _of_chain(
    sides: tuple[Coming, ...], at: At, chains: _Chains, diagrams: Diagrams
) -> Iterator[BCDDFunction]:
    for side, numbers in zip(sides, chains.own, strict=True):
        yield from (side.matched(at, chains.name, number) for number in numbers)
    if chains.policy and chains.name == at.hook:
        yield from (side.end(at, chains.name) for side in sides if side.has(at, chains.name))
    if chains.turned:
        twins = [
            diagrams.either(
                [s.matched(at, chains.name, n) for s, n in zip(sides, two, strict=True)]
            )
            for two in chains.turned
        ]
        places = [number for _, number in chains.turned]
        yield _crossing(list(zip(places, twins, strict=True)), diagrams)[0]


def _crossing(rules: list[_Placed], diagrams: Diagrams) -> tuple[BCDDFunction, list[_Placed]]:
    """The packets of any two rules of which the later has come before the earlier; and the rules by
    their new places. As merging sorts, not pair by pair."""
    if len(rules) < 2:
        return diagrams.false, rules
    half = len(rules) // 2
    one, before = _crossing(rules[:half], diagrams)
    two, after = _crossing(rules[half:], diagrams)
    found = diagrams.either([one, two, *_inverted(before, after, diagrams)])
    return found, sorted(before + after, key=_place)


def _inverted(
    before: list[_Placed], after: list[_Placed], diagrams: Diagrams
) -> Iterator[BCDDFunction]:
    """The packets of one of the first and one of the others, which has a smaller place. Both are
    sorted by places."""
    if not (before and after) or before[-1][0] < after[0][0]:
        return
    if before[0][0] > after[-1][0]:
        yield _any(before, diagrams) & _any(after, diagrams)
        return
    middle = sorted(place for place, _ in before + after)[(len(before) + len(after)) // 2]
    one, two = (bisect_left(rules, middle, key=_place) for rules in (before, after))
    yield from _inverted(before[one:], after[:two], diagrams)
    yield from _inverted(before[:one], after[:two], diagrams)
    yield from _inverted(before[one:], after[two:], diagrams)


def _any(rules: list[_Placed], diagrams: Diagrams) -> BCDDFunction:
    return diagrams.either([packets for _, packets in rules])


def _place(rule: _Placed) -> int:
    return rule[0]


def _out_of_order(twins: Twins) -> Twins:
    """Those that another has overtaken, or that have overtaken it."""
    greatest = [0, *accumulate((new for _, new in twins), max)]
    least = [*[*accumulate((new for _, new in reversed(twins)), min)][::-1], _NOWHERE]
    return [
        two
        for number, two in enumerate(twins)
        if greatest[number] > two[1] or least[number + 1] < two[1]
    ]


def _unlike(old: Table | None, new: Table | None) -> Iterator[_Chains]:
    chains: list[Mapping[str, Chain]] = [table.chains if table else {} for table in (old, new)]
    for name in {**chains[0], **chains[1]}:
        one, two = (of.get(name) for of in chains)
        rules = [list(chain.rules) if chain else [] for chain in (one, two)]
        policies = [(chain.policy if chain else None) or "ACCEPT" for chain in (one, two)]
        policy = policies[0] != policies[1]
        if policy or not same(one, two):
            ours, theirs = (_numbered(side) for side in rules)
            own = tuple(
                [number for key, number in mine.items() if key not in others]
                for mine, others in ((ours, theirs), (theirs, ours))
            )
            twins = [(number, theirs[key]) for key, number in ours.items() if key in theirs]
            acting = [(a, b) for a, b in twins if _acts(rules[0][a - 1])]
            yield _Chains(name, (own[0], own[1]), _out_of_order(acting), policy)


def same(old: Chain | None, new: Chain | None) -> bool:
    """Two chains have the same rules."""
    one, two = (chain.rules if chain else () for chain in (old, new))
    return len(one) == len(two) and all(map(_equal, one, two))


def _equal(old: Rule, new: Rule) -> bool:
    return old == new and (not old.sharing or _meaning(old) == _meaning(new))


def _numbered(rules: list[Rule]) -> dict[Hashable, int]:
    """The numbers of rules, by their words, the how manieth of such it is, and, where others have a
    say in it, their meaning."""
    count: Counter[Hashable] = Counter()
    found: dict[Hashable, int] = {}
    for number, rule in enumerate(rules, 1):
        key = rule_text(rule), _meaning(rule) if rule.sharing else ()
        count[key[0]] += 1
        found[key, count[key[0]]] = number
    return found


def _meaning(rule: Rule) -> Hashable:
    return rule.pred, rule.drops


def _acts(rule: Rule) -> bool:
    """It does something to what it matches."""
    return bool(rule.actions) or rule.drops != FALSE
