import subprocess
import sys

import pytest

from fwsim.model import fields as f
from fwsim.model.errors import QuestionError
from fwsim.model.names import address_value, iface_value
from fwsim.model.pred import FALSE, TRUE, Free, all_of, any_of, is_in, masked, prefix
from fwsim.readings.concrete import free_key
from fwsim.readings.space import Space

SRC, DST = f.SRC[4], f.DST[4]
TCP, WEB = is_in(f.PROTO, 6), is_in(f.DPORT, 80, 443)
COIN = Free("coin")
NET10 = prefix(DST, address_value("10.0.0.0", 4), 8)


def test_counts_are_exact_however_large():
    space = Space()
    assert space.read(all_of(TCP, WEB)).count([f.PROTO, f.DPORT]) == 2
    assert space.read(NET10).count([DST]) == 1 << 24
    assert space.read(NET10).count([DST, SRC, f.IN]) == 1 << (24 + 32 + 128)
    assert space.everything.count([f.OUT]) == 1 << 128
    assert space.nothing.count([SRC]) == 0


def test_a_count_forgets_what_it_is_not_asked_about():
    packets = Space().read(any_of(all_of(TCP, WEB), all_of(is_in(f.PROTO, 17), is_in(f.DPORT, 53))))
    assert packets.count([f.DPORT]) == 3
    assert packets.count([f.PROTO]) == 2
    assert packets.count([f.PROTO, f.PROTO]) == 2


@pytest.mark.parametrize(
    ("low", "high"), [(0, 0), (0, 65535), (1, 65535), (0, 65534), (1, 1), (80, 1023), (4095, 4096)]
)
def test_a_span_has_as_many_values_as_it_says(low, high):
    assert Space().read(is_in(f.DPORT, (low, high))).count([f.DPORT]) == high - low + 1


def test_a_span_costs_few_nodes():
    space = Space()
    wide = space.read(is_in(f.IN, (iface_value("a"), iface_value("zz"))))
    assert wide.node.node_count() <= 2 * f.IN.bits + 1
    spread = space.read(is_in(SRC, (3, 0x0FF00FF3), mask=0x0FFFFFF7))
    assert spread.node.node_count() <= 2 * SRC.bits + 1


def test_a_mask_leaves_the_other_bits_free():
    assert Space().read(masked(f.MARK, 1, 0xFF)).count([f.MARK]) == 1 << 24


def test_ports_stand_before_addresses_whatever_is_asked_first():
    early, late = Space([f.PROTO, f.DPORT, DST, SRC, f.IN]), Space([f.IN, SRC, DST])
    asked = all_of(TCP, WEB, NET10, prefix(SRC, 0, 8), is_in(f.IN, 7))
    for space in (early, late):
        node = space.read(asked).node
        first = []
        while question := space.diagrams.question(node):
            first.append(question.field.name)
            node = question.yes if question.yes.satisfiable() else question.no
        assert list(dict.fromkeys(first)) == ["proto", "dport", "dst", "src", "in"]


def test_a_new_field_does_not_disturb_the_sets_there_are():
    space = Space([SRC])
    addresses = space.read(is_in(SRC, (5, 9)))
    space.read(all_of(WEB, NET10))
    assert addresses == space.read(is_in(SRC, (5, 9)))
    assert addresses.count([SRC]) == 5


def test_a_space_is_of_one_family():
    space = Space([SRC])
    with pytest.raises(ValueError, match="src has 32 bits in this space, not 128"):
        space.read(is_in(f.SRC[6], 1))


def test_sets_of_different_spaces_do_not_mix():
    one, other = Space().read(TCP), Space().read(TCP)
    for operation in (one.__and__, one.__or__, one.__sub__, one.__le__):
        with pytest.raises(ValueError, match="different spaces"):
            operation(other)
    with pytest.raises(ValueError, match="different spaces"):
        one.space.union([one, other])
    assert one != other


def test_the_fields_of_a_space_are_those_of_packets():
    space = Space([f.PROTO])
    space.read(all_of(WEB, COIN))
    assert space.fields == (f.PROTO, f.DPORT)


def test_a_free_fact_is_a_dimension_of_its_own():
    space = Space()
    packets = space.read(any_of(all_of(TCP, COIN), WEB))
    assert packets.must() == space.read(WEB)
    assert packets.may() == space.read(any_of(TCP, WEB))
    assert space.read(all_of(TCP, COIN)).must().is_empty


def test_a_witness_tells_how_the_free_facts_must_turn_out():
    space = Space()
    witness = space.read(all_of(TCP, COIN)).witness()
    assert witness == {"proto": 6, free_key("coin"): 1}


def test_a_witness_keeps_what_is_preferred_where_it_can():
    packets = Space([f.TTL]).read(all_of(TCP, WEB))
    witness = packets.witness({"proto": 17, "dport": 443, "ttl": 64, "uid": 1000})
    assert witness == {"proto": 6, "dport": 443, "ttl": 64, "uid": 1000}


def test_the_empty_set_has_no_witness():
    assert Space().read(FALSE).witness() is None
    assert Space().read(TRUE).witness() == {}


def test_erased_fields_may_be_anything():
    space = Space()
    packets = space.read(all_of(TCP, WEB, NET10))
    assert packets.erase(f.DPORT, DST) == space.read(TCP)


def test_a_translation_is_an_erasure_and_an_assignment():
    space = Space()
    inside = address_value("172.18.0.3", 4)
    moved = space.read(all_of(TCP, WEB, NET10)).assign(DST, DST.top, inside)
    assert moved == space.read(all_of(TCP, WEB, is_in(DST, inside)))


@pytest.mark.parametrize(
    ("clear", "flip", "before", "after"),
    [
        (0xFF, 0x01, {0x102, 0x203, 0x2FF}, {0x101, 0x201}),  # --set-xmark 1/0xff
        (0x0F, 0x0F, {0x10, 0x13}, {0x1F}),  # --or-mark
        (0xF0, 0x00, {0x12, 0x32}, {0x02}),  # --and-mark
        (0x00, 0x05, {0x01, 0x10}, {0x04, 0x15}),  # --xor-mark
        (0x02, 0x03, {0x00, 0x02, 0x05}, {0x03, 0x06}),
    ],
)
def test_an_assignment_of_bits(clear, flip, before, after):
    space = Space()
    moved = space.read(is_in(f.MARK, *before)).assign(f.MARK, clear, flip)
    assert moved == space.read(is_in(f.MARK, *after))


TANGLED = [is_in(SRC, k * 7919 << 8 | k) for k in range(400)]


def test_a_set_too_large_is_refused_in_words_and_the_space_lives_on():
    space = Space([SRC, DST], nodes=2000)
    with pytest.raises(QuestionError, match="too large: narrow it"):
        space.read(any_of(*TANGLED))
    assert space.read(TCP).count([f.PROTO]) == 1


def test_what_is_only_remembered_fills_no_space():
    space = Space([SRC], nodes=2000)
    assert all(space.read(pred).count([SRC]) == 1 for pred in TANGLED)


def test_sets_load_no_numpy():
    code = "import sys, fwsim.readings.space; print('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
