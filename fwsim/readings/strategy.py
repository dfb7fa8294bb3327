"""The strategy: the packets of a set as Hypothesis draws them.

Nothing is filtered. The set's diagram is walked down field by field; each field is drawn as a wish
and becomes the value nearest to it that the fields drawn before leave possible. Wishes are the
values that somebody likes, the first of them most simple, or any. Where there is no choice a wish
is drawn too: Hypothesis takes what it draws less for as simpler.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from fwsim.model.fields import Field
from fwsim.model.pred import In, Pred, atoms
from fwsim.readings.space import PacketSet, Space

if TYPE_CHECKING:
    from oxidd.bcdd import BCDDFunction

    from fwsim.readings.diagram import Diagrams

View = dict[str, int]
Likes = Callable[[Field, Mapping[str, int]], Sequence[int]]
"""The values of a field that are wished for, the most simple first, once others have theirs. Where
there are none, nothing is drawn: it becomes 0, or the nearest to it."""
_MOSTLY = st.sampled_from((True,) * 2 + (False,))
_NAMED = ("proto", "iface")  # kinds of fields in which nothing is beside a value


def satisfying(pred: Pred, fields: Iterable[Field] = ()) -> st.SearchStrategy[View]:
    """The views that satisfy a predicate, of these fields besides its own (free facts by
    `free_key`), near the edges that it names. ValueError where there are none."""
    packets = Space(fields).read(pred)
    near = {f.name: (*edges([pred], f), 0) for f in packets.diagrams.order}
    return views(packets, lambda field, _: near[field.name])


def views(packets: PacketSet, likes: Likes) -> st.SearchStrategy[View]:
    """The packets of a set. ValueError if it is empty."""
    if packets.is_empty:
        raise ValueError("there are no such packets")
    return _views(packets, likes)


@st.composite
def _views(draw: st.DrawFn, packets: PacketSet, likes: Likes) -> View:
    diagrams, node, view = packets.diagrams, packets.node, View()
    for field in diagrams.order:
        liked = likes(field, view)
        near = not liked or draw(_MOSTLY)
        wish = draw(_wish(field, tuple(liked) if near else ())) if liked else 0
        view[field.name], node = nearest(diagrams, node, field, wish, near)
    return view


@lru_cache(maxsize=1 << 10)
def _wish(field: Field, liked: tuple[int, ...]) -> st.SearchStrategy[int]:
    """One of these values; any, if there are none."""
    return st.sampled_from(liked) if liked else st.integers(0, field.top)


def nearest(
    diagrams: Diagrams, node: BCDDFunction, field: Field, wish: int, near: bool
) -> tuple[int, BCDDFunction]:
    """The wish, or what a diagram allows in its place for the field that it asks for first, and
    what it leaves to be decided. The wish's highest bits are kept; the others too, unless what is
    found should be near to it in size."""
    asked = diagrams.question(node)
    value = 0
    for bit in reversed(range(field.bits)):
        want = wish >> bit & 1
        if asked is not None and asked.field.name == field.name and asked.bit == bit:
            ways = (asked.no, asked.yes)
            if not ways[want].satisfiable():
                want ^= 1
                wish = (0 if want else field.top) if near else wish
            node = ways[want]
            asked = diagrams.question(node)
        value |= want << bit
    return value, node


def edges(preds: Iterable[Pred], field: Field) -> tuple[int, ...]:
    """The values of a field at which the answer of one of the predicates may change, and those
    just outside, in order."""
    found: set[int] = set()
    beside = int(field.kind not in _NAMED)
    for pred in preds:
        for atom in atoms(pred):
            if isinstance(atom, In) and atom.field.name == field.name:
                for low, high in atom.spans:
                    found |= {low - beside, low, high, high + beside}
    return tuple(sorted(value for value in found if 0 <= value <= field.top))
