"""All packets through one table at once: chains, jumps, RETURN, goto, policy, as
fwsim.machine.table walks one packet through it.

What a piece of a chain does is told for packets that enter it (`Piece`): how they leave it, and
what becomes of their fields. Two pieces in a row are put together by halves, so that no set of
all packets that are left is carried past every rule (DESIGN, "Measured").
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from fwsim.language.rules import doing
from fwsim.language.ruleset import Chain, Rule, Table
from fwsim.machine.sets.env import Delta, Env, together
from fwsim.machine.sets.near import Near
from fwsim.machine.sets.reads import Reads
from fwsim.model.actions import Action, Jump
from fwsim.model.pred import FALSE
from fwsim.model.tuples import NamedTuple

if TYPE_CHECKING:
    from oxidd.bcdd import BCDDFunction

RETURN = "RETURN"
Where = tuple[str, int]
"""A chain and the number of a rule in it, from 1; 0 is its policy."""


class Exit(NamedTuple):
    """Packets that leave a chain: by which verdict (RETURN: to the caller), where that fell, and
    what became of their fields until then. `how` is what the verdict's action says of it."""

    verdict: str
    at: Where
    where: BCDDFunction
    delta: Delta
    how: str = ""


class Piece(NamedTuple):
    """Rules in a row: the exits, and the packets that come to the end, changed by `delta`. `hits`
    are the packets that each rule matched, where somebody wants to know."""

    exits: list[Exit]
    rest: BCDDFunction
    delta: Delta
    hits: list[tuple[Where, BCDDFunction]]


class Branch(NamedTuple):
    """One of the ways on from an action, for disjoint packets: `verdict` None goes on to the next
    action, or rule."""

    where: BCDDFunction
    verdict: str | None
    delta: Delta
    how: str = ""


Act = Callable[[Action, Env, str], list[Branch]]
"""What an action does, given the fields as they are and who asks."""


class TableWalk:
    """One table, for one hook. `rules`: tell the hits of each rule, and keep apart what leaves at
    different ones. `reads` may be shared by the walks of one table. `among` are the packets that
    matter, as they came in: what is found is told for no others, and a rule that concerns none of
    those that may come to it is passed over."""

    def __init__(
        self,
        table: Table,
        act: Act,
        *,
        rules: bool = False,
        reads: Reads | None = None,
        among: BCDDFunction,
    ) -> None:
        self.among = among
        self.table, self.act, self.rules = table, act, rules
        self.reads = reads or Reads(table)
        self._pieces: dict[object, Piece] = {}

    def base(self, hook: str, env: Env) -> Piece:
        """The packets that enter a built-in chain: all of them leave it, by exits."""
        chain = self.table.chains[hook]
        piece = self.chain(hook, env, self.among)
        policy = Exit(chain.policy or "ACCEPT", (hook, 0), piece.rest, piece.delta)
        exits = [*piece.exits, policy] if piece.rest.satisfiable() else piece.exits
        hits = [*piece.hits, ((hook, 0), piece.rest)] if self.rules else []
        return piece._replace(exits=exits, rest=env.diagrams.false, delta=Delta(), hits=hits)

    def chain(self, name: str, env: Env, among: BCDDFunction) -> Piece:
        """The packets that enter a chain, of `among` at most; what returns is at its end. A chain
        that many lead to is walked once for all packets that matter."""
        if name not in self.reads.shared:
            return self._whole(name, Near(env, among))
        key = (name, env.key(self.reads.of(name)))
        if key not in self._pieces:
            self._pieces[key] = self._whole(name, Near(env, self.among))
        return self._pieces[key]

    def _whole(self, name: str, near: Near) -> Piece:
        chain = self.table.chains[name]
        return _returned(self._row(chain, 0, len(chain.rules), near), near.env)

    def _row(self, chain: Chain, first: int, end: int, near: Near) -> Piece:
        env = near.env
        if end - first < 2:
            return self._rule(chain, first, near) if end > first else _nothing(env)
        half = (first + end) // 2
        before = self._row(chain, first, half, near)
        if not before.rest.satisfiable():
            return self._unreached(chain, before, half, end, env)
        after = self._row(chain, half, end, near.at(env.after(before.delta)))
        return self._joined(before, after, env)

    def _unreached(self, chain: Chain, before: Piece, first: int, end: int, env: Env) -> Piece:
        if not self.rules:
            return before
        false = env.diagrams.false
        none = [((chain.name, number + 1), false) for number in range(first, end)]
        return before._replace(hits=before.hits + none)

    def _joined(self, before: Piece, after: Piece, env: Env) -> Piece:
        if not self.rules and _passes(before):
            return after
        rest, changed = before.rest, before.delta
        exits = before.exits + [
            leaves._replace(where=where, delta=changed.then(leaves.delta, env.diagrams))
            for leaves in after.exits
            if (where := leaves.where & rest).satisfiable()
        ]
        left = rest & after.rest
        delta = changed.then(after.delta, env.diagrams).only(left)
        hits = before.hits + [(at, hit & rest) for at, hit in after.hits]
        return Piece(self._merged(exits, env), left, delta, hits)

    def _merged(self, exits: list[Exit], env: Env) -> list[Exit]:
        """What leaves in the same way is told together, unless somebody wants to know where."""
        if self.rules or len(exits) < 2:
            return exits
        alike: dict[object, list[Exit]] = {}
        for leaves in exits:
            key = (leaves.verdict, leaves.how, tuple(leaves.delta.items()))
            alike.setdefault(key, []).append(leaves)
        either = env.diagrams.either
        return [
            group[0]._replace(where=either([leaves.where for leaves in group]))
            for group in alike.values()
        ]

    def _rule(self, chain: Chain, number: int, near: Near) -> Piece:
        env, at = near.env, (chain.name, number + 1)
        asker = self._asker(at)
        asked = near.condition(chain.rules, number)
        if asked is None:
            return _nothing(env)._replace(hits=[(at, env.diagrams.false)] if self.rules else [])
        hit = env.read(asked.pred, asker)
        hits = [(at, hit)] if self.rules else []
        dropped = env.diagrams.false if asked.drops == FALSE else env.read(asked.drops, asker)
        rule, matched = doing(chain.rules, number), hit
        if rule.verdict is None:
            matched = hit & near.among
            if not (matched.satisfiable() or dropped.satisfiable()):
                return _nothing(env)._replace(hits=hits)
        taken = self._taken(rule, at, hit, env, matched)
        exits = [*taken.exits]
        if dropped.satisfiable():
            kept = ~dropped
            exits = [e._replace(where=e.where & kept) for e in exits]
            exits = [*exits, Exit("DROP", at, dropped, Delta(), "malformed")]
            taken = taken._replace(rest=taken.rest & kept)
        missed = ~(hit | dropped)
        rest = missed | taken.rest
        return Piece(exits, rest, taken.delta.only(taken.rest), hits + taken.hits)

    def _asker(self, at: Where) -> str:
        return f"{self.table.name} {at[0]} {at[1]}"

    def _taken(
        self, rule: Rule, at: Where, hit: BCDDFunction, env: Env, among: BCDDFunction
    ) -> Piece:
        """What becomes of the packets that a rule matches."""
        if rule.jump is not None:
            return self._jump(rule.jump, at, hit, env, among)
        exits: list[Exit] = []
        delta = Delta()
        for action in rule.actions:
            on: list[tuple[BCDDFunction, Delta]] = []
            for way in self.act(action, env.after(delta), self._asker(at)):
                where = hit & way.where
                if not where.satisfiable():
                    continue
                if way.verdict is None:
                    on.append((where, way.delta))
                else:
                    done = delta.then(way.delta, env.diagrams)
                    exits.append(Exit(way.verdict, at, where, done, way.how))
            hit = env.diagrams.either([where for where, _ in on])
            delta = delta.then(together(on, env.diagrams), env.diagrams)
        return Piece(exits, hit, delta, [])

    def _jump(
        self, jump: Jump, at: Where, hit: BCDDFunction, env: Env, among: BCDDFunction
    ) -> Piece:
        inner = self.chain(jump.chain, env, among)
        exits = [
            leaves._replace(where=where)
            for leaves in inner.exits
            if (where := leaves.where & hit).satisfiable()
        ]
        hits = [(rule, seen & hit) for rule, seen in inner.hits]
        rest = inner.rest & hit
        if jump.come_back:
            return Piece(exits, rest, inner.delta, hits)
        if rest.satisfiable():
            exits.append(Exit(RETURN, at, rest, inner.delta))
        return Piece(exits, env.diagrams.false, Delta(), hits)


def _passes(piece: Piece) -> bool:
    """Nothing happens to anyone."""
    return not piece.exits and not piece.delta and piece.rest.valid()


def _nothing(env: Env) -> Piece:
    return Piece([], env.diagrams.true, Delta(), [])


def _returned(piece: Piece, env: Env) -> Piece:
    """The end of a chain, where those that return are too."""
    back = [leaves for leaves in piece.exits if leaves.verdict == RETURN]
    if not back:
        return piece
    gone = [leaves for leaves in piece.exits if leaves.verdict != RETURN]
    rest = env.diagrams.either([piece.rest, *(leaves.where for leaves in back)])
    ways = [(piece.rest, piece.delta), *((leaves.where, leaves.delta) for leaves in back)]
    return piece._replace(exits=gone, rest=rest, delta=together(ways, env.diagrams))
