"""What `sysctl -a` prints, and which of its settings are numbers to the kernel."""

from __future__ import annotations

from collections.abc import Iterator

_NUMBERS = (
    "net.ipv4.conf.", "net.ipv6.conf.", "net.bridge.", "net.netfilter.nf_conntrack_",
    "net.ipv4.icmp_", "net.ipv6.icmp.", "net.ipv4.ip_forward",
)  # fmt: skip
_TEXTS = ("stable_secret", "ratemask")
_MOST_DIGITS = 19


def whole_number(text: str) -> int | None:
    """The number that a setting's text is; None if it is none."""
    digits = text.strip().removeprefix("-")
    whole = digits.isascii() and digits.isdecimal() and len(digits) <= _MOST_DIGITS
    return int(text) if whole else None


def settings(text: str) -> Iterator[tuple[int, str, str]]:
    """Line, name and value of each setting; what is no setting, such as a complaint about a key,
    is passed over."""
    for number, line in enumerate(text.splitlines(), 1):
        name, equals, value = line.partition("=")
        if equals:
            yield number, name.strip(), value.strip()


def is_damaged(name: str, value: str) -> bool:
    """The value is none that the kernel prints for a setting of that name."""
    is_text = name.rpartition(".")[2] in _TEXTS
    return name.startswith(_NUMBERS) and not is_text and whole_number(value) is None
