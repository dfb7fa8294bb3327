"""Bob Jenkins' hash in 32 bits, as include/linux/jhash.h has it: of words, with a seed; and how the
kernel scales a hash to a range. Addresses are hashed as the words that a little-endian machine
loads from them."""

from __future__ import annotations

from collections.abc import Sequence

_MASK = 0xFFFFFFFF
_INITIAL = 0xDEADBEEF


def jhash(words: Sequence[int], seed: int = 0) -> int:
    """jhash2 of 32-bit words; jhash_1word, _2words and _3words are the same for so many."""
    a = b = c = (_INITIAL + 4 * len(words) + seed) & _MASK
    rest = list(words)
    while len(rest) > 3:
        a, b, c = _mixed(a + rest[0], b + rest[1], c + rest[2])
        del rest[:3]
    rest += [0] * (3 - len(rest))
    return _final(a + rest[0], b + rest[1], c + rest[2])


def address_words(address: int, bits: int) -> list[int]:
    """The words of an address as they lie in memory."""
    data = address.to_bytes(bits // 8, "big")
    return [int.from_bytes(data[at : at + 4], "little") for at in range(0, len(data), 4)]


def scaled(value: int, size: int) -> int:
    """reciprocal_scale: a 32-bit hash to 0 … size - 1."""
    return value * size >> 32


def _mixed(a: int, b: int, c: int) -> tuple[int, int, int]:
    for first, second, third in ((4, 6, 8), (16, 19, 4)):
        a, c = (a - c ^ _rotated(c, first)) & _MASK, c + b & _MASK
        b, a = (b - a ^ _rotated(a, second)) & _MASK, a + c & _MASK
        c, b = (c - b ^ _rotated(b, third)) & _MASK, b + a & _MASK
    return a, b, c


def _final(a: int, b: int, c: int) -> int:
    for first, second, third in ((14, 11, 25), (16, 4, 14)):
        c = (c ^ b) - _rotated(b, first) & _MASK
        a = (a ^ c) - _rotated(c, second) & _MASK
        b = (b ^ a) - _rotated(a, third) & _MASK
    return (c ^ b) - _rotated(b, 24) & _MASK


def _rotated(value: int, by: int) -> int:
    value &= _MASK
    return (value << by | value >> 32 - by) & _MASK
