"""Which rules can concern packets at all: found out part by part of their conditions, before any
set of packets is made that a whole rule matches. Rules repeat their parts, so that most are passed
over by a look or two."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fwsim.language.rules import parts_of
from fwsim.language.ruleset import Part, Rule, drops_of, pred_of
from fwsim.model.pred import FALSE, And, Free, In, Pred, atoms
from fwsim.model.tuples import NamedTuple

if TYPE_CHECKING:
    from oxidd.bcdd import BCDDFunction

    from fwsim.machine.sets.env import Env


class Condition(NamedTuple):
    """When a rule matches, and when it drops a packet instead (Rule.pred, Rule.drops)."""

    pred: Pred
    drops: Pred


class _Part(NamedTuple):
    """Whether some packets meet a part of a condition, and whether it may drop some. The parts are
    kept, for nothing else to get their id."""

    meets: bool
    drops: bool
    kept: tuple[object, ...]


class Near:
    """The packets `among` all, at a point of their way where their fields are those of `env`."""

    def __init__(self, env: Env, among: BCDDFunction) -> None:
        self.env, self.among = env, among
        self._still: dict[int, tuple[BCDDFunction, object]] = {}
        self._parts: dict[tuple[int, int], _Part] = {}
        self._atoms: dict[In, bool] = {}

    def at(self, env: Env) -> Near:
        """The same packets at another point."""
        return self if env is self.env else Near(env, self.among)

    def condition(self, rules: Sequence[Rule], at: int) -> Condition | None:
        """The condition of a chain's rule; None where it neither matches nor drops any of them."""
        parts = parts_of(rules, at)
        matches = [self._match(parts.still, part) for part in parts.matches]
        drops = any(part.drops for part in matches)
        if not drops and not all(part.meets for part in matches):
            return None
        core = parts.core()
        drops = drops or any(self._may(part.meaning.hotdrop) for part in core)
        if not drops and not all(self._may(part.meaning.pred) for part in core):
            return None
        found = (*core, *parts.matches)
        return Condition(pred_of(found), drops_of(found))

    def _match(self, still: tuple[Part, ...], part: Part) -> _Part:
        key = id(still), id(part)
        known = self._parts.get(key)
        if known is None:
            here = self._here(still)
            meets, drops = (self._some(pred, here) for pred in part.meaning[:2])
            known = self._parts[key] = _Part(meets, drops, (still, part))
        return known

    def _here(self, still: tuple[Part, ...]) -> BCDDFunction:
        """The packets that have what rules of one shape have in common."""
        if id(still) not in self._still:
            here = self.env.read(pred_of(still)) & self.among
            self._still[id(still)] = here, still
        return self._still[id(still)][0]

    def _some(self, pred: Pred, here: BCDDFunction) -> bool:
        """Some of these packets meet it, or may where that depends on what no field holds."""
        if any(isinstance(atom, Free) for atom in atoms(pred)):
            return self._may(pred)
        return pred != FALSE and (self.env.read(pred) & here).satisfiable()

    def _may(self, pred: Pred) -> bool:
        """Each of its atoms by itself is met by some packets."""
        parts = pred.preds if isinstance(pred, And) else (pred,)
        return pred != FALSE and all(self._holds(part) for part in parts if isinstance(part, In))

    def _holds(self, atom: In) -> bool:
        if atom not in self._atoms:
            self._atoms[atom] = (self.env.inside(atom) & self.among).satisfiable()
        return self._atoms[atom]
