"""Addresses are read and written as the C library does."""

from __future__ import annotations

from socket import AF_INET, AF_INET6, inet_ntop, inet_pton
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from fwsim.model.names import address_text, address_value, family_of

FAMILIES = {4: AF_INET, 6: AF_INET6}
octets = st.sampled_from(
    ["0", "00", "1", "01", "010", "9", "99", "255", "256", "0255", "-1", "+1", "٣", "1 ", ""]
)
dotted = st.lists(octets, min_size=3, max_size=5).map(".".join)
texts = dotted | st.ip_addresses().map(str) | st.text("0123456789abcdef:.x %/ ", max_size=20)


def value(read: Any, *asked: Any) -> Any:
    try:
        return read(*asked)
    except (OSError, ValueError):
        return None


@given(texts, st.sampled_from([4, 6]))
@example("1.2.3.4\0", 4)
@example("::ffff:1.2.3.4", 6)
@example("default", 6)
def test_an_address_is_what_inet_pton_takes(text: str, family: int) -> None:
    packed = value(inet_pton, FAMILIES[family], text)
    expected = None if packed is None else int.from_bytes(packed, "big")
    assert value(address_value, text, family) == expected
    if packed is not None:
        assert family_of(text) == family


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**128 - 1))
def test_an_address_is_written_as_inet_ntop_writes_it(four: int, six: int) -> None:
    assert address_text(four) == inet_ntop(AF_INET, four.to_bytes(4, "big"))
    assert address_text(six, 128) == inet_ntop(AF_INET6, six.to_bytes(16, "big"))
