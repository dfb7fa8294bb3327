"""Spans and prefixes, where they are the same thing."""

from __future__ import annotations


def free_bits(low: int, high: int) -> int | None:
    """How many low bits are free, if the span is exactly the values that share the bits above
    them (a single value: 0, a /24: 8); None if it is no such block."""
    size = high - low
    return None if size & (size + 1) or low & size else size.bit_length()
