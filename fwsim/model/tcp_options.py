"""TCP's options, one after another, as the kernel steps through them wherever rules look at them
(tcp_find_option of xt_tcpudp.c, optlen of xt_TCPMSS.c): a length of 0 counts as 1, nothing ends
the list but its end."""

from __future__ import annotations

from collections.abc import Iterator

_NOP, _MSS, _MD5 = 1, 2, 19
_MD5_LENGTH = 18
MSS_LENGTH = 4


def tcp_options(data: bytes) -> Iterator[tuple[int, int, int]]:
    """(where it begins, its kind, its length) of each option; the last may claim to be longer than
    what is left."""
    at = 0
    while at < len(data):
        kind = data[at]
        length = data[at + 1] if kind >= 2 and at + 1 < len(data) else 1
        yield at, kind, length or 1
        at += length or 1


def option_bits(data: bytes) -> int:
    """Which options are present: bit N for those of kind N."""
    bits = 0
    for _, kind, _ in tcp_options(data):
        bits |= 1 << kind
    return bits


def is_signed(data: bytes) -> bool:
    """There is an MD5 signature, where only who has the key may answer with a reset; or, which is
    taken for one, room for it and options that do not fit (tcp_do_parse_auth_options)."""
    at = 0
    while len(data) - at >= _MD5_LENGTH and data[at]:
        if data[at] == _NOP:
            at += 1
            continue
        length = data[at + 1]
        if not 2 <= length <= len(data) - at or data[at] == _MD5:
            return True
        at += length
    return False


def mss_at(data: bytes) -> int | None:
    """Where the first well-formed MSS option begins; None if there is none."""
    for at, kind, _ in tcp_options(data):
        if kind == _MSS and data[at + 1 : at + 2] == b"\4" and at + MSS_LENGTH <= len(data):
            return at
    return None


def mss_of(data: bytes) -> int | None:
    """The maximum segment size that is announced; None if there is none."""
    at = mss_at(data)
    return None if at is None else int.from_bytes(data[at + 2 : at + MSS_LENGTH], "big")


def with_mss(data: bytes, size: int) -> bytes:
    """The options with that size, before all others where none was announced."""
    at = mss_at(data)
    announced = bytes((_MSS, MSS_LENGTH)) + size.to_bytes(2, "big")
    return announced + data if at is None else data[:at] + announced + data[at + MSS_LENGTH :]
