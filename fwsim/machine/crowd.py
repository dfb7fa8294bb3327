"""Many packets through one table: the walk of fwsim.machine.table for all of them at once.

Each packet is in a chain, waits for that chain's first rule from some place on, and knows where it
is to come back to. A step finds that rule for every packet (fwsim.readings.classify, the chain
being one more axis) and does what it says; whose fate is settled takes no part in the next one.
"""

from __future__ import annotations

from typing import TypeGuard

import numpy as np
from numpy.typing import NDArray

from fwsim.machine.many import Packets
from fwsim.machine.plan import (
    ASKED,
    BACK,
    BLURRED,
    CHAIN,
    DROP,
    DROPPED,
    JUMP,
    MATCHED,
    ON,
    OPEN,
    UNKNOWN,
    Plan,
)
from fwsim.model.actions import Assign, Copy
from fwsim.model.fields import CT_MARK
from fwsim.model.pred import FALSE, In, Pred, atoms
from fwsim.readings.boxes import Axis
from fwsim.readings.classify import Codes, Find, Numbers
from fwsim.readings.columns import Answer, Column, columns

POLICY = -1  # instead of a rule
_SETTLED = -1  # instead of a chain


class Crowd:
    """Packets on their way through a table: `code` will be that of each one's verdict
    (plan.VERDICTS), `rule` the one that decided, or POLICY."""

    def __init__(self, plan: Plan, packets: Packets) -> None:
        self.plan, self.packets = plan, packets
        self.code = np.zeros(packets.count, np.uint8)
        self.rule = np.full(packets.count, POLICY)
        self._chain, self._since, self._frame = (np.zeros(packets.count, np.int64) for _ in "123")
        self._frames = _Frames()
        self._codes: dict[Axis, Codes] = {}

    def walk(self) -> None:
        """Settle the fate of all."""
        rows = np.arange(self.packets.count)
        while len(rows):
            self._step(rows)
            rows = rows[self._chain[rows] != _SETTLED]

    def _step(self, rows: Numbers) -> None:
        """On to each packet's next rule."""
        plan = self.plan
        box = plan.classifier.first(self._finder(rows), self._since[rows])
        rule, kind = plan.rule_of[box], plan.kind_of[box]
        deed = plan.deed_of[rule]
        deed[kind == DROPPED] = DROP
        deed[(kind == BLURRED) | (kind == OPEN)] = UNKNOWN
        matched = kind == MATCHED
        for number in np.unique(rule[kind == ASKED]):
            here = np.flatnonzero((rule == number) & (kind == ASKED))
            deed[here], matched[here] = self._ask(int(number), rows[here])
        self._since[rows] = plan.behind[box]
        self._change(rows[matched], rule[matched])
        ended = deed < ON
        self._settle(rows[ended], deed[ended], rule[ended])
        self._jump(rows[deed == JUMP], rule[deed == JUMP])
        self._return(rows[deed == BACK])

    def _finder(self, rows: Numbers) -> Find:
        found: dict[Axis, Codes] = {}

        def find(axis: Axis) -> Codes:
            if axis not in found:
                of_all = self._chain.astype(np.uint32) if axis == CHAIN else self._codes_of(axis)
                found[axis] = of_all[rows] if len(rows) < len(of_all) else of_all
            return found[axis]

        return find

    def _codes_of(self, axis: Axis) -> Codes:
        if axis not in self._codes:
            given = self.packets.get(axis.field.name)
            codes = self.plan.classifier.scales[axis].codes(given)
            self._codes[axis] = np.broadcast_to(codes, (self.packets.count,))
        return self._codes[axis]

    # -- rules that do not fit into boxes --------------------------------------------------------

    def _ask(self, number: int, rows: Numbers) -> tuple[Numbers, NDArray[np.bool_]]:
        """What a rule does to packets, and whether it matches."""
        matches, drops = self.plan.questions[number]
        must, may = self._holds(matches, rows)
        end = int(self.plan.deed_of[number])
        moves = end != ON or number in self.plan.effects
        deed = np.where(must, end, np.where(may & moves, UNKNOWN, ON))
        if drops != FALSE:
            sure, perhaps = self._holds(drops, rows)
            deed = np.where(sure, DROP, np.where(perhaps, UNKNOWN, deed))
        return deed, must

    def _holds(self, pred: Pred, rows: Numbers) -> Answer:
        population: dict[str, Column | int] = {}
        for atom in atoms(pred):
            if isinstance(atom, In):
                given = self.packets.get(atom.field.name)
                population[atom.field.name] = given[rows] if _many(given) else given
        must, may = columns(pred, population)
        return np.broadcast_to(must, rows.shape), np.broadcast_to(may, rows.shape)

    # -- what rules do ----------------------------------------------------------------------------

    def _settle(self, rows: Numbers, code: Numbers | int, rule: Numbers | int) -> None:
        self.code[rows], self.rule[rows] = code, rule
        self._chain[rows] = _SETTLED

    def _jump(self, rows: Numbers, rule: Numbers) -> None:
        back = self.plan.comes_back[rule]
        caller = rows[back]
        self._frame[caller] = self._frames.push(
            self._frame[caller], rule[back], self._chain[caller], self._since[caller]
        )
        self._chain[rows], self._since[rows] = self.plan.target[rule], 0

    def _return(self, rows: Numbers) -> None:
        ends = self._frame[rows] == 0
        self._settle(rows[ends], self.plan.policy, POLICY)
        rows = rows[~ends]
        chain, since, frame = self._frames.pop(self._frame[rows])
        self._chain[rows], self._since[rows], self._frame[rows] = chain, since, frame

    def _change(self, rows: Numbers, rule: Numbers) -> None:
        """Carry out the effects of the rules that packets match."""
        for number in np.unique(rule) if self.plan.effects else ():
            for action in self.plan.effects.get(int(number), ()):
                self._write(action, rows[rule == number])

    def _write(self, action: Assign | Copy, rows: Numbers) -> None:
        """As fwsim.machine.effects does it for one packet."""
        target = action.field if isinstance(action, Assign) else action.target
        if target == CT_MARK or (isinstance(action, Copy) and action.source == CT_MARK):
            rows = rows[self._values("ct_known", rows) != 0]
        kept = self._values(target.name, rows) & ~np.int64(action.clear)
        flip: Numbers | int
        if isinstance(action, Assign):
            flip = action.flip
        else:
            taken = self._values(action.source.name, rows) & action.mask
            moved = taken << action.shift if action.shift >= 0 else taken >> -action.shift
            flip = moved & target.top
        self.packets.write(target, rows, kept ^ flip)
        for axis in [axis for axis in self._codes if axis.field == target]:
            del self._codes[axis]

    def _values(self, name: str, rows: Numbers) -> Numbers:
        given = self.packets.get(name)
        one: Numbers = given[rows] if _many(given) else np.full(len(rows), given)
        return one.astype(np.int64)


class _Frames:
    """Where packets come back to. Frame 0 is that of packets that are in no call."""

    def __init__(self) -> None:
        self._kept = np.zeros((3, 1), np.int64)  # chain, place in it, the frame before

    def push(self, frame: Numbers, rule: Numbers, chain: Numbers, since: Numbers) -> Numbers:
        """The frames of packets that a rule sends away."""
        base = self._kept.shape[1]
        _, first, number = np.unique(rule * base + frame, return_index=True, return_inverse=True)
        new = np.stack((chain, since, frame))[:, first]
        self._kept = np.concatenate((self._kept, new), axis=1)
        found: Numbers = number + base
        return found

    def pop(self, frame: Numbers) -> NDArray[np.int64]:
        """The chains, places and frames that packets come back to."""
        return self._kept[:, frame]


def _many(given: Column | int) -> TypeGuard[Column]:
    return isinstance(given, np.ndarray) and given.ndim > 0
