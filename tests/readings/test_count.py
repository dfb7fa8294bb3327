"""How many boxes a set has, counted whole or cut off."""

from __future__ import annotations

from random import Random

import pytest

from fwsim.model import fields as F
from fwsim.model.pred import all_of, any_of, is_in
from fwsim.readings import cover
from fwsim.readings.cover import disjoint_boxes
from fwsim.readings.space import PacketSet, Space


def _tangled(rng: Random) -> PacketSet:
    space = Space((F.SPORT, F.DPORT, F.DST[4], F.SRC[4]))
    parts = (
        all_of(*(is_in(f, rng.randrange(f.top)) for f in (F.DPORT, F.DST[4], F.SRC[4])))
        for _ in range(200)
    )
    return space.read(any_of(*parts))


def test_more_is_what_a_longer_list_has() -> None:
    packets = _tangled(Random(1))
    short, whole = disjoint_boxes(packets, limit=7), disjoint_boxes(packets, limit=1 << 20)
    assert (short.counted, whole.counted, whole.more) == (True, True, 0)
    assert len(short.boxes) + short.more == len(whole.boxes) > 100


def test_where_counting_takes_too_long_there_are_at_least_so_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    packets = _tangled(Random(2))
    whole = len(disjoint_boxes(packets, limit=1 << 20).boxes)
    monkeypatch.setattr(cover, "_COUNTED", 3000)
    short = disjoint_boxes(packets, limit=7)
    assert not short.counted
    assert 0 < short.more <= whole - 7
