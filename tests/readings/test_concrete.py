import subprocess
import sys

import pytest

from fwsim.model import fields as f
from fwsim.model.names import iface_value
from fwsim.model.pred import FALSE, TRUE, And, Free, In, Not, Or, all_of, any_of, is_in, masked
from fwsim.readings.concrete import compile_pred, free_key, holds

COIN = Free("coin", "a coin")
YES, NO = is_in(f.PROTO, 6), is_in(f.PROTO, 17)
TCP = {"proto": 6}


class Asked(dict[str, int]):
    """A view that projects its fields on demand and remembers which it was asked for."""

    def __missing__(self, name: str) -> int:
        self[name] = 0
        return 0


@pytest.mark.parametrize(
    ("pred", "inside", "outside"),
    [
        (is_in(f.DPORT, 80), [80], [0, 79, 81, 65535]),
        (is_in(f.DPORT, (80, 90)), [80, 85, 90], [79, 91]),
        (is_in(f.DPORT, 80, 443, 8080), [80, 443, 8080], [0, 81, 444]),
        (is_in(f.DPORT, 0, (80, 90), (443, 65535)), [0, 80, 90, 443, 65535], [1, 79, 91, 442]),
        (masked(f.DPORT, 0x50, 0xF0), [0x50, 0x150, 0x5F], [0x40, 0x60, 0]),
        (is_in(f.DPORT, (0x10, 0x20), mask=0xF0), [0x1F, 0x2F, 0x110], [0x0F, 0x30]),
        (is_in(f.DPORT, 1, 3, mask=0x0F), [1, 0x13], [0, 2, 0x12]),
        (is_in(f.DPORT, 1, (3, 4), mask=0x0F), [1, 0x13, 4], [0, 2, 0x12, 5]),
        (In(f.DPORT, ()), [], [0, 65535]),
        (In(f.DPORT, (), 0xF), [], [0, 65535]),
        (TRUE, [0, 65535], []),
        (FALSE, [], [0, 65535]),
    ],
)
def test_a_value_is_inside_exactly_its_spans(pred, inside, outside):
    test = compile_pred(pred)
    assert [test({"dport": v}) for v in inside] == [True] * len(inside)
    assert [test({"dport": v}) for v in outside] == [False] * len(outside)


def test_an_interface_name_is_a_number_like_any_other():
    docker0 = is_in(f.IN, iface_value("docker0"))
    assert holds(docker0, {"in": iface_value("docker0")}) is True
    assert holds(docker0, {"in": iface_value("docker01")}) is False


@pytest.mark.parametrize("length", range(8))
def test_a_conjunction_of_any_length_needs_all(length):
    assert holds(And((YES,) * length), TCP) is True
    for place in range(length):
        parts = [YES] * length
        parts[place] = NO
        assert holds(And(tuple(parts)), TCP) is False


@pytest.mark.parametrize("length", range(8))
def test_a_disjunction_of_any_length_needs_one(length):
    assert holds(Or((NO,) * length), TCP) is False
    for place in range(length):
        parts = [NO] * length
        parts[place] = YES
        assert holds(Or(tuple(parts)), TCP) is True


@pytest.mark.parametrize("length", [2, 3, 4, 5])
def test_nothing_is_asked_behind_what_fails(length):
    view = Asked(proto=6)
    pred = all_of(NO, *[is_in(f.DPORT, 80)] * (length - 1))
    assert compile_pred(pred)(view) is False
    assert "dport" not in view


def test_nothing_is_asked_behind_an_alternative_that_holds():
    view = Asked(proto=6)
    assert compile_pred(any_of(YES, is_in(f.DPORT, 80)))(view) is True
    assert "dport" not in view


def test_an_unknown_stops_nothing():
    assert holds(all_of(COIN, NO), TCP) is False
    assert holds(all_of(COIN, YES), TCP) is None
    assert holds(any_of(COIN, YES), TCP) is True
    assert holds(any_of(COIN, NO), TCP) is None
    assert holds(Not(COIN), TCP) is None
    assert holds(Not(all_of(COIN, NO)), TCP) is True


@pytest.mark.parametrize("known", [0, 1])
def test_a_known_coin_decides(known):
    view = {"proto": 6, free_key("coin"): known}
    assert holds(COIN, view) is bool(known)
    assert holds(Not(COIN), view) is not bool(known)
    assert holds(all_of(YES, COIN), view) is bool(known)
    assert holds(any_of(NO, COIN), view) is bool(known)


def test_reading_a_packet_loads_nothing_heavy():
    code = (
        "import sys, fwsim.readings.concrete, fwsim.readings.explain, fwsim.readings.prose;"
        "print([m for m in ('numpy', 'oxidd', 'lark', 'networkx') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
