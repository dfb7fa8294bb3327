"""The prose: a condition as people would say it, alone or against the value that was seen.

    condition(pred)    leaves by docker1, state RELATED or ESTABLISHED
    phrase(reason)     leaves by docker1, not docker0

The words are in `fwsim.readings.words`; here is only which of them apply.
"""

from __future__ import annotations

from fwsim.model.fields import Field
from fwsim.model.names import STATES
from fwsim.model.pred import Free, In, Pred, fold
from fwsim.model.tuples import NamedTuple
from fwsim.readings.explain import Reason
from fwsim.readings.signed import SignedAlgebra
from fwsim.readings.spans import free_bits
from fwsim.readings.words import fact_words, knows, say

LISTED = 6  # the most values that a list writes out
FEW = 16  # the most named values of a span that are written one by one
SPELT = 3  # the most ways that a missed choice spells out
_STATES = ("INVALID", "NEW", "RELATED", "ESTABLISHED", "UNTRACKED")  # as iptables orders them
_NAMED = frozenset({"proto", "state", "routetype", "tcpflags"})  # values, not quantities


def phrase(reason: Reason) -> str:
    """One reason: what was seen, and what the rule asks for where that is not the same."""
    match reason.atom:
        case In():
            return _inside(reason.atom, reason.seen or 0, reason.wanted, reason.holds is True)
        case Free():
            return _free(reason.atom, reason.wanted, reason.holds)
        case None:
            return _ways(reason.ways)


def condition(pred: Pred) -> str:
    """What a predicate asks for, no packet in sight."""
    return fold(pred, _Condition())(True).text


def values(atom: In) -> list[str]:
    """Each value or span of an atom: `docker1`, `10.0.0.0/8`, `8000-8010`, `0x1/0xff`."""
    return [_span(atom.field, low, high, atom.mask) for low, high in _spelt(atom)]


def _inside(atom: In, seen: int, wanted: bool, holds: bool) -> str:
    if atom.field.kind == "flag":
        return _fact(atom.field, seen)
    exact = atom.mask is None and (
        atom.field.kind in _NAMED or all(low == high for low, high in atom.spans)
    )
    match wanted, holds:
        case (True, True):
            key = "seen" if exact else "seen.within"
        case (False, False):
            key = "seen.excluded" if exact else "seen.within_excluded"
        case _:
            key = "seen.not"
    return say(key, field=_name(atom.field), seen=_value(atom.field, seen), wanted=_wanted(atom))


def _free(atom: Free, wanted: bool, holds: bool | None) -> str:
    key = "free.unknown" if holds is None else "free" if holds is wanted else "free.not"
    return say(key, why=fact_words(atom.name, atom.why))


def _ways(ways: tuple[tuple[Reason, ...], ...]) -> str:
    if not ways:
        return say("ways.none")
    if len(ways) <= SPELT and all(len(way) == 1 for way in ways):
        return say("and").join(phrase(way[0]) for way in ways)
    nearest = say("semicolon").join(phrase(reason) for reason in min(ways, key=len))
    return say("ways.nearest", nearest=nearest, count=len(ways))


class _Clause(NamedTuple):
    text: str
    joint: str = ""  # what joins its parts: "and", "or", or nothing


class _Condition(SignedAlgebra[_Clause]):
    def atom(self, atom: In | Free, wanted: bool) -> _Clause:
        if isinstance(atom, Free):
            return _Clause(_free(atom, wanted, True))
        if atom.field.kind == "flag":
            return _Clause(_fact(atom.field, int((atom.spans == ((1, 1),)) is wanted)))
        own = f"not.{atom.field.name}"
        key = "is" if wanted else own if knows(own) else "not"
        return _Clause(say(key, field=_name(atom.field), wanted=_wanted(atom)))

    def every(self, parts: list[_Clause]) -> _Clause:
        return _joined(parts, "and", say("comma")) if parts else _Clause(say("any_packet"))

    def some(self, parts: list[_Clause]) -> _Clause:
        return _joined(parts, "or", say("or")) if parts else _Clause(say("no_packet"))


def _joined(parts: list[_Clause], joint: str, separator: str) -> _Clause:
    if len(parts) == 1:
        return parts[0]
    texts = (p.text if p.joint in ("", joint) else say("group", words=p.text) for p in parts)
    return _Clause(separator.join(texts), joint)


def _name(field: Field) -> str:
    key = f"field.{field.name}"
    return say(key) if knows(key) else field.name


def _fact(field: Field, value: int) -> str:
    key = f"fact.{field.name}.{value}"
    return say(key) if knows(key) else say("fact", field=_name(field), seen=field.show(value))


def _value(field: Field, value: int) -> str:
    if field.kind == "iface" and not value:
        return say("iface.none")
    return field.show(value)


def _wanted(atom: In) -> str:
    """The values of an atom: `docker1`, `in 10.0.0.0/8`, `80, 443 or 8000-8010`."""
    texts = values(atom)
    if len(texts) > LISTED:
        texts = [*texts[:LISTED], say("more", count=len(texts) - LISTED)]
    listed = say("or").join([say("comma").join(texts[:-1]), texts[-1]] if texts[1:] else texts)
    ranges = atom.field.kind == "address" and any(low != high for low, high in atom.spans)
    return say("range", values=listed) if ranges else listed


def _spelt(atom: In) -> list[tuple[int, int]]:
    """The spans, those of named values one by one where they are few; states as iptables orders
    them."""
    if atom.field.kind not in _NAMED:
        return list(atom.spans)
    spelt: list[tuple[int, int]] = []
    for low, high in atom.spans:
        spelt += [(v, v) for v in range(low, high + 1)] if high - low < FEW else [(low, high)]
    if atom.field.kind == "state":
        spelt.sort(key=lambda s: _STATES.index(STATES[s[0]]) if s[0] < len(STATES) else s[0])
    return spelt


def _span(field: Field, low: int, high: int, mask: int | None) -> str:
    text = _value(field, low) if low == high else _wide(field, low, high)
    if mask is None:
        return text
    key = f"masked.{field.kind}"
    return say(key if knows(key) else "masked", value=text, mask=field.show(mask))


def _wide(field: Field, low: int, high: int) -> str:
    host = free_bits(low, high)
    if host is not None and field.kind == "address":
        return say("prefix", address=field.show(low), length=field.bits - host)
    if host is not None and field.kind == "iface" and not host % 8:
        return say("wildcard", name=field.show(low))
    if field.kind in _NAMED:
        return say("span", low=low, high=high)
    return say("span", low=_value(field, low), high=_value(field, high))
