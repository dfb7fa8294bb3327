import numpy as np
import pytest

from fwsim.model import fields as f
from fwsim.model.names import iface_value
from fwsim.model.pred import (
    FALSE,
    TRUE,
    Free,
    In,
    Not,
    all_of,
    any_of,
    is_in,
    masked,
    prefix,
)
from fwsim.readings.columns import column, columns
from fwsim.readings.concrete import free_key

PORTS = [0, 79, 80, 81, 443, 8000, 8001, 65535]
NAMES = ["", "eth0", "eth00", "veth", "veth1", "docker0", "\x7f" * 16]
COIN = Free("coin")


def found(pred, **population):
    must, may = columns(pred, population)
    assert must is may
    return must.tolist()


@pytest.mark.parametrize(
    ("pred", "ports"),
    [
        (is_in(f.DPORT, 80), [80]),
        (is_in(f.DPORT, (80, 443)), [80, 81, 443]),
        (is_in(f.DPORT, 0, (80, 81), (8001, 65535)), [0, 80, 81, 8001, 65535]),
        (masked(f.DPORT, 0x50, 0xFE), [80, 81]),
        (is_in(f.DPORT, 0x40, 0xBB, mask=0xFF), [443, 8000]),
        (Not(is_in(f.DPORT, (0, 443))), [8000, 8001, 65535]),
        (In(f.DPORT, ()), []),
        (FALSE, []),
        (TRUE, PORTS),
    ],
)
@pytest.mark.parametrize("kind", [np.uint16, np.int32, np.uint64])
def test_ports(pred, ports, kind):
    answer = found(pred, dport=np.array(PORTS, kind))
    assert [p for p, yes in zip(PORTS, answer, strict=True) if yes] == ports


@pytest.mark.parametrize(
    ("pred", "names"),
    [
        (is_in(f.IN, iface_value("eth0")), ["eth0"]),
        (is_in(f.IN, iface_value("eth0"), iface_value("veth")), ["eth0", "veth"]),
        (prefix(f.IN, iface_value("eth"), 24), ["eth0", "eth00"]),
        (prefix(f.IN, iface_value("\x7f" * 16), 128), ["\x7f" * 16]),
        (is_in(f.IN, (iface_value("e"), iface_value("eth0"))), ["eth0"]),
        (
            is_in(f.IN, 0, (iface_value("eth00"), f.IN.top)),
            ["", "eth00", "veth", "veth1", NAMES[6]],
        ),
        (masked(f.IN, ord("h") << 96, 0xFF << 96), ["veth", "veth1"]),
    ],
)
def test_interface_names(pred, names):
    answer = found(pred, **{"in": column(f.IN, map(iface_value, NAMES))})
    assert [n for n, yes in zip(NAMES, answer, strict=True) if yes] == names


def test_words_with_the_highest_bit_set_are_in_order():
    values = [0, 1 << 63, (1 << 64) - 1, 1 << 64, 1 << 127, (1 << 128) - 1]
    asked = is_in(f.SRC[6], (1, 1 << 63), (1 << 64, (1 << 127) - 1), (1 << 128) - 1)
    assert found(asked, src=column(f.SRC[6], values)) == [False, True, False, True, False, True]


def test_fields_wider_than_two_words():
    values = [0, 1 << 7, 1 << 255, (1 << 255) + (1 << 7)]
    asked = masked(f.TCP_OPTIONS, 1 << 7, (1 << 7) + (1 << 200))
    assert found(asked, tcp_options=column(f.TCP_OPTIONS, values)) == [False, True, False, True]


def test_sixty_four_bits_are_not_rounded():
    big = f.Field("big", 64)
    values = [(1 << 64) - 1, (1 << 64) - 2, (1 << 53) + 1]
    asked = is_in(big, (1 << 64) - 1, (1 << 53) + 1)
    assert found(asked, big=column(big, values)) == [True, False, True]


def test_one_value_serves_all_packets():
    asked = all_of(is_in(f.OUT, iface_value("docker1")), is_in(f.DPORT, 80))
    ports = column(f.DPORT, [80, 81])
    assert found(asked, out=iface_value("docker1"), dport=ports) == [True, False]
    assert found(is_in(f.OUT, 1), out=1, dport=ports) == [True, True]


def test_an_absent_field_is_zero():
    assert found(is_in(f.MARK, 0), dport=column(f.DPORT, PORTS[:2])) == [True, True]
    assert found(is_in(f.IN, 1), dport=column(f.DPORT, PORTS[:2])) == [False, False]


def test_without_an_array_there_is_one_answer():
    assert found(is_in(f.PROTO, 6), proto=6) is True


def test_a_value_too_wide_for_its_field_is_refused():
    with pytest.raises(OverflowError):
        columns(is_in(f.PROTO, 6), {"proto": 256})


def test_an_unknown_fact_parts_must_from_may():
    ports = column(f.DPORT, [80, 81])
    must, may = columns(all_of(is_in(f.DPORT, 80), COIN), {"dport": ports})
    assert (must.tolist(), may.tolist()) == ([False, False], [True, False])
    must, may = columns(all_of(COIN, is_in(f.DPORT, 80)), {"dport": ports})
    assert (must.tolist(), may.tolist()) == ([False, False], [True, False])
    must, may = columns(any_of(COIN, is_in(f.DPORT, 80)), {"dport": ports})
    assert (must.tolist(), may.tolist()) == ([True, False], [True, True])
    must, may = columns(any_of(is_in(f.DPORT, 80), Not(COIN)), {"dport": ports})
    assert (must.tolist(), may.tolist()) == ([True, False], [True, True])


def test_a_known_fact_is_a_column():
    coins = np.array([True, False, True])
    assert found(Not(COIN), **{free_key("coin"): coins}) == [False, True, False]


def test_many_spans_are_asked_for_again_and_again():
    many = is_in(f.DPORT, *range(0, 2000, 4))
    for _ in range(2):
        assert found(many, dport=np.arange(2000)) == [n % 4 == 0 for n in range(2000)]
    wide = is_in(f.IN, *range(0, 2000, 4))
    assert found(wide, **{"in": column(f.IN, range(9))}) == [n % 4 == 0 for n in range(9)]
