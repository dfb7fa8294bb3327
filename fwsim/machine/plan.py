"""A table's rules made ready for many packets: where each rule may match, as boxes, and what it
does, as numbers.

Only what can change a packet's way is kept: a rule that logs, counts or writes a field that no
rule asks for is none. An effect that is not followed here (fwsim.model.actions that change what
the columns cannot show) makes the packet's fate unknown where a rule asks for what it changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Set
from typing import Any

import numpy as np

from fwsim.language.rules import entries_of, jump_of
from fwsim.language.ruleset import Chain, Rule, Table
from fwsim.machine.many import WRITTEN, Known
from fwsim.model import fields as F
from fwsim.model.actions import (
    Action,
    Aside,
    Assign,
    Compute,
    Copy,
    Enqueue,
    Jump,
    Log,
    Nat,
    Reject,
    Remember,
    Rewrite,
    Tee,
    Template,
    Verdict,
)
from fwsim.model.fields import Field
from fwsim.model.pred import FALSE, Free, In, Pred, atoms
from fwsim.model.tuples import NamedTuple
from fwsim.readings.boxes import ASK, SURE, UNSURE, Axis, Box, Boxes, substitute
from fwsim.readings.classify import Classifier
from fwsim.readings.words import fact_words

VERDICTS = ("ACCEPT", "DROP", "REJECT", "QUEUE", "UNKNOWN", "RETURN")
_CODES = {name: code for code, name in enumerate(VERDICTS)}
DROP, UNKNOWN = _CODES["DROP"], _CODES["UNKNOWN"]
ON, JUMP, BACK = range(len(VERDICTS), len(VERDICTS) + 3)  # no verdicts: what else a rule does
_ENDS = {**_CODES, "JUMP": JUMP, "RETURN": BACK}
DROPPED, BLURRED, MATCHED, ASKED, OPEN = range(5)
"""What a box tells of a rule, those that decide first: it drops the packet at once; nobody knows if
it does; it matches; it has to be asked; nobody knows if it matches."""
_DROPS = {SURE: DROPPED, UNSURE: BLURRED}
_MATCHES = {SURE: MATCHED, ASK: ASKED, UNSURE: OPEN}
CHAIN = Axis(Field("chain", 32))
_CONNECTED = (F.CTSTATE, F.CT_KNOWN, F.CT_STATUS, F.CT_DIR, F.CT_PROTO, F.CT_MARK, F.CT_LABELS)


class Deed(NamedTuple):
    """What a rule does: effects on fields, then how it ends (None: the packet goes on). Fields in
    `blurs` are unknown afterwards; with `bytes` also those that are read off the packet's bytes."""

    effects: tuple[Assign | Copy, ...] = ()
    end: str | None = None
    blurs: tuple[Field, ...] = ()
    bytes: bool = False

    @property
    def idle(self) -> bool:
        """The packet goes on as if the rule were not there."""
        return not (self.effects or self.end or self.blurs or self.bytes)


def deed_of(rule: Rule) -> Deed:
    """What a rule does when it matches."""
    deed = Deed()
    for action in rule.actions:
        read: Callable[[Any], Deed] = _DEEDS.get(type(action), _unfollowed)
        one = read(action)
        deed = Deed(
            deed.effects + one.effects, one.end, deed.blurs + one.blurs, deed.bytes or one.bytes
        )
        if deed.end is not None:
            break
    return deed


def _nothing(action: Action) -> Deed:
    return Deed()


def _unfollowed(action: Action) -> Deed:
    return Deed(end="UNKNOWN")


def _copy(action: Copy) -> Deed:
    known = {action.source.name, action.target.name} <= WRITTEN.keys()
    return Deed((action,)) if known else Deed(blurs=(action.target,))


def _rewrite(action: Rewrite) -> Deed:
    """One that moves an address may drop the packet."""
    moves = {F.SRC[6], F.DST[6]}.intersection(action.fields)
    return Deed(end="UNKNOWN") if moves else Deed(blurs=action.fields, bytes=True)


_DEEDS: dict[type, Callable[[Any], Deed]] = {
    **dict.fromkeys((Log, Aside, Tee, Remember), _nothing),
    Verdict: lambda action: Deed(end=action.name),
    Jump: lambda _: Deed(end="JUMP"),
    Reject: lambda _: Deed(end="REJECT"),
    Nat: lambda _: Deed(end="ACCEPT"),
    Enqueue: lambda _: Deed(end="QUEUE"),
    Assign: lambda action: Deed((action,)),
    Copy: _copy,
    Compute: lambda action: Deed(blurs=(action.field,)),
    Template: lambda _: Deed(blurs=_CONNECTED),
    Rewrite: _rewrite,
}


class Plan:
    """A table from one of its chains on. Rules are numbered through its chains; `offsets` are the
    chains' first ones. The arrays have one entry a rule, or a box, and one for there being none."""

    def __init__(self, table: Table, base: str, facts: Known) -> None:
        self.facts = facts
        self.chains = _reached(table, base)
        self.offsets = np.cumsum([0, *(len(chain.rules) for chain in self.chains)])
        count = int(self.offsets[-1])
        reader = _Reader(facts)
        numbers = {chain.name: number for number, chain in enumerate(self.chains)}
        deeds: dict[int, Deed] = {}
        self.target, self.comes_back = np.zeros(count + 1, np.int64), np.zeros(count + 1, np.bool_)
        for rule_number, rule in enumerate(rule for chain in self.chains for rule in chain.rules):
            deed = deed_of(rule)
            if deed.idle and rule.drops == FALSE:
                continue
            deeds[rule_number] = deed
            reader.read(rule_number, rule)
            if rule.jump is not None:
                self.target[rule_number] = numbers[rule.jump.chain]
                self.comes_back[rule_number] = rule.jump.come_back
        self.questions = reader.questions
        self._tell_deeds(deeds, reader.asked)
        self._tell_boxes(reader.found)

    @property
    def policy(self) -> int:
        """The code of what becomes of a packet that no rule settles."""
        return _CODES[self.chains[0].policy or "RETURN"]

    def unknown(self, number: int) -> Iterator[str]:
        """What it depends on whether a rule matches, and what comes of it, in words."""
        chain = int(np.searchsorted(self.offsets, number, side="right")) - 1
        rule = self.chains[chain].rules[number - int(self.offsets[chain])]
        for atom in (*atoms(rule.drops), *atoms(rule.pred)):
            told = self.facts.told(atom)
            if isinstance(told, Free):
                yield fact_words(told.name, told.why)
        if self.deed_of[number] == UNKNOWN:
            yield f"what {rule.target_name} makes of it"

    def _tell_deeds(self, deeds: Mapping[int, Deed], asked: Set[Field]) -> None:
        names = {field.name for field in asked}
        copied = (a.source.name for d in deeds.values() for a in d.effects if isinstance(a, Copy))
        names.update(copied)
        read_off = [field for field in asked if field.project]
        self.deed_of = np.full(len(self.target), ON)
        self.deed_of[-1] = BACK
        self.effects: dict[int, tuple[Assign | Copy, ...]] = {}
        for number, deed in deeds.items():
            blurred = names.intersection(field.name for field in deed.blurs)
            if blurred or (deed.bytes and self._blurs(deed, read_off)):
                self.deed_of[number] = UNKNOWN
                continue
            if deed.end is not None:
                self.deed_of[number] = _ENDS.get(deed.end, UNKNOWN)
            if any(_written(action).name in names for action in deed.effects):
                self.effects[number] = deed.effects

    def _blurs(self, deed: Deed, read_off: list[Field]) -> bool:
        """A field that is read off the bytes may have another value now, or a fragment be lost."""
        return self.facts.fragments or any(
            self.facts.reads(field, deed.blurs) for field in read_off
        )

    def _tell_boxes(self, found: list[_Entry]) -> None:
        first = np.asarray([entry.rule for entry in found], np.int64)
        chains = np.searchsorted(self.offsets, first, side="right") - 1
        kept = [
            (entry, chain)
            for entry, chain in zip(found, chains.tolist(), strict=True)
            if entry.kind <= BLURRED or self.deed_of[entry.rule] != ON or entry.rule in self.effects
        ]
        kept.sort(key=lambda one: one[0][:2])
        none = _Entry(len(self.target) - 1, MATCHED, {})
        self.rule_of = np.asarray([entry.rule for entry, _ in kept] + [none.rule], np.int64)
        self.kind_of = np.asarray([entry.kind for entry, _ in kept] + [none.kind], np.int64)
        self.behind = np.searchsorted(self.rule_of, self.rule_of, side="right")
        boxes = [Box({CHAIN: (chain, chain), **entry.sides}) for entry, chain in kept]
        self.classifier = Classifier(boxes, CHAIN, len(self.chains))


class _Entry(NamedTuple):
    rule: int
    kind: int
    sides: Mapping[Axis, tuple[int, int]]


class _Reader:
    """Reads rules' predicates as boxes; `asked` are the fields that they ask for."""

    def __init__(self, facts: Known) -> None:
        self.facts = facts
        self.asked: set[Field] = set()
        self.questions: dict[int, tuple[Pred, Pred]] = {}
        self.found: list[_Entry] = []
        self._boxes = Boxes(self._told)

    def read(self, number: int, rule: Rule) -> None:
        """Add a rule."""
        matches = self._boxes.of(rule.pred)
        drops = self._boxes.of(rule.drops)
        ask_all = any(box.kind == ASK for box in drops)
        for box in drops:
            self._add(number, ASKED if ask_all else _DROPS[box.kind], box, rule)
        for box in matches:
            self._add(number, ASKED if ask_all else _MATCHES[box.kind], box, rule)

    def _add(self, number: int, kind: int, box: Box, rule: Rule) -> None:
        self.found.append(_Entry(number, kind, box.sides))
        if kind == ASKED and number not in self.questions:
            both = (substitute(pred, self._told) for pred in (rule.pred, rule.drops))
            self.questions[number] = (next(both), next(both))

    def _told(self, atom: In | Free) -> Pred:
        if isinstance(atom, In):
            self.asked.add(atom.field)
        return self.facts.told(atom)


def _written(action: Assign | Copy) -> Field:
    return action.field if isinstance(action, Assign) else action.target


def _reached(table: Table, base: str) -> list[Chain]:
    """The chain and those that packets come to from there."""
    found, waiting = {base: table.chains[base]}, [base]
    while waiting:
        for entry in entries_of(found[waiting.pop()].rules):
            name = jump_of(entry)
            if name and name not in found:
                found[name] = table.chains[name]
                waiting.append(name)
    return list(found.values())
