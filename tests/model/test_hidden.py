"""What nobody told of a packet's bytes is unknown, whatever is computed from it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fwsim.model.hidden import Bits, seen
from fwsim.model.packet import ICMP, TCP, UDP, Packet
from fwsim.model.wire import to_bytes


def numbers() -> st.SearchStrategy[int]:
    return st.integers(0, 0xFFFFFFFF) | st.integers(0, 9)


@given(numbers(), numbers(), numbers(), numbers(), st.integers(-31, 31))
def test_an_answer_is_that_of_every_number_it_may_be(
    value: int, hidden: int, low: int, high: int, by: int
) -> None:
    bits = Bits(value & ~hidden, hidden)
    samples = [bits.value | hidden & other for other in (0, 0xFFFFFFFF, 0x55555555, value, low)]
    answer = bits.within(low, high)
    if answer is not None:
        assert {low <= sample <= high for sample in samples} == {answer}
    moved = bits.shifted(by)
    for sample in samples:
        shifted = (sample << by if by >= 0 else sample >> -by) & 0xFFFFFFFF
        assert shifted & ~moved.hidden == moved.value
        assert sample & low & ~(bits & low).hidden == (bits & low).value


def test_a_number_of_known_bits_is_known() -> None:
    assert Bits(5).within(5, 9) is True
    assert Bits(5).within(6, 9) is False
    assert Bits(4, 3).within(4, 7) is True
    assert Bits(4, 3).within(5, 9) is None
    assert Bits(4, 3).within(8, 9) is False
    assert Bits(4, 2).within(5, 5) is False


@pytest.mark.parametrize("family", [4, 6])
def test_told_bytes_are_those_on_the_wire(family: int) -> None:
    packet = Packet(family, 1, 2, UDP, sport=5, dport=80, payload=b"abc", ttl=9)
    found, wire = seen(packet), to_bytes(packet, ident=0xABCD)
    assert len(found.data) == len(found.hidden) == packet.length
    known = bytes(b & ~h for b, h in zip(wire, found.hidden, strict=True))
    assert known[: 20 if family == 4 else 40] == found.data[: 20 if family == 4 else 40]
    assert found.hidden.endswith(bytes(11))
    assert found.data.endswith(b"abc")


def test_unknown_contents_hide_themselves_and_their_checksum() -> None:
    packet = Packet(4, 1, 2, UDP, payload_len=3)
    assert seen(packet).hidden[20:].hex() == "000000000000ffffffffff"
    assert seen(packet.but(payload_len=0)).hidden[20:].hex() == "00" * 8


def test_an_identification_hides_its_header_checksum_and_a_sequence_number_that_of_icmp() -> None:
    hidden = seen(Packet(4, 1, 2, ICMP, icmp_type=8)).hidden.hex()
    assert hidden == "00000000ffffc0000000ffff0000000000000000" + "0000ffff0000ffff"


def test_a_quoted_packet_is_as_unknown_as_any() -> None:
    inner = Packet(4, 2, 1, UDP, payload_len=2)
    error = Packet(4, 1, 2, ICMP, icmp_type=3, inner=inner)
    assert seen(error).hidden[28:] == seen(inner).hidden


def test_reading_beyond_the_end_finds_nothing() -> None:
    found = seen(Packet(4, 1, 2, TCP))
    assert found.read(38, 2) == Bits(0)
    assert found.read(39, 2) is None
