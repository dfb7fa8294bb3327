"""Answers by classes of packets: every combination of them is asked about, by one sample; equal
answers are put together."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING

from fwsim.machine.sets.env import Env
from fwsim.model.pred import In, Pred, any_of, is_in

if TYPE_CHECKING:
    from oxidd.bcdd import BCDDFunction

Sample = dict[str, int]
Class = tuple[Pred, Sample]
"""A region of the values of some fields, and one value of each in it."""
Dim = tuple[Class, ...] | Callable[[Sample], tuple[Class, ...]]
"""A dimension: classes, or which, given those that a sample has so far."""
Outcome = Callable[[Sample], Hashable]
Tree = Hashable


def tree(dims: tuple[Dim, ...], outcome: Outcome, sample: Sample) -> Tree:
    """The answers for every combination of classes; classes with equal answers are one."""
    return _tree(dims, outcome, sample, {})


def _tree(
    dims: tuple[Dim, ...], outcome: Outcome, sample: Sample, made: dict[Hashable, Tree]
) -> Tree:
    if not dims:
        answer = outcome(sample)
        return made.setdefault(answer, answer)
    groups: dict[int, list[Pred]] = {}
    below: dict[int, Tree] = {}
    for pred, value in dims[0](sample) if callable(dims[0]) else dims[0]:
        found = _tree(dims[1:], outcome, {**sample, **value}, made)
        below[id(found)] = found
        groups.setdefault(id(found), []).append(pred)
    if len(groups) == 1:
        return next(iter(below.values()))
    ways = tuple((_joined(preds), below[key]) for key, preds in groups.items())
    same = tuple((pred, id(found)) for pred, found in ways)  # those made are the same if equal
    return made.setdefault(same, _Choice(ways))


class _Choice:
    """Preds, and what is asked on."""

    __slots__ = ("ways",)

    def __init__(self, ways: tuple[tuple[Pred, Tree], ...]) -> None:
        self.ways = ways


def _joined(preds: list[Pred]) -> Pred:
    """One of the regions, in one atom where they are spans of one field."""
    plain = [pred for pred in preds if isinstance(pred, In) and pred.mask is None]
    if len(plain) < len(preds) or len({pred.field for pred in plain}) != 1:
        return any_of(*preds)
    return is_in(plain[0].field, *(span for pred in plain for span in pred.spans))


def spread(
    answers: Tree, env: Env, among: BCDDFunction, found: dict[Hashable, list[BCDDFunction]]
) -> None:
    """Add to what was found the packets, among some, of each answer."""
    if not isinstance(answers, _Choice):
        found.setdefault(answers, []).append(among)
        return
    for pred, below in answers.ways:
        where = env.read(pred) & among
        if where.satisfiable():
            spread(below, env, where, found)
