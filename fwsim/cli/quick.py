"""`fwsim trace` as people mostly call it, read without click: to import click would be a third
of the work.

click is the authority. What it would read in another way, complain about or answer with help is
left to it; that both read every call alike is a test (tests/cli/test_quick.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_TEXTS = {
    "--from": "place", "--src": "src", "--dst": "dst", "--proto": "proto", "--in": "in_",
    "--out": "out",
}  # fmt: skip
_PORTS = {"--sport": "sport", "--dport": "dport"}
_FLAGS = {"--one-way": "one_way", "--json": "as_json", "--verbose": "verbose", "-v": "verbose"}
_CLICKS = ("_FWSIM_COMPLETE", "FWSIM_LANG")  # variables that only click's reading heeds
_UNLESS_GIVEN: Mapping[str, Any] = {
    "src": "", "dst": "", "proto": "", "sport": None, "dport": None, "in_": "", "out": "",
    "one_way": False, "as_json": False, "verbose": False,
    "html": None, "svg": None, "mermaid": False,
    "commands": (), "live": False, "later": None, "assumptions": (), "moment": None, "seed": None,
}  # fmt: skip


def question(words: Sequence[str], environment: Mapping[str, str]) -> dict[str, Any] | None:
    """What these arguments ask `fwsim.cli.tracing.trace`; None: ask click."""
    if not words or words[0] != "trace" or any(name in environment for name in _CLICKS):
        return None
    asked = {**_UNLESS_GIVEN, "place": environment.get("FWSIM_FROM") or None}
    rest = iter(words[1:])
    for word in rest:
        if word in _FLAGS:
            asked[_FLAGS[word]] = True
            continue
        value = next(rest, None)
        if value is None:
            return None
        if word in _TEXTS:
            asked[_TEXTS[word]] = value
        elif word in _PORTS and _is_port(value):
            asked[_PORTS[word]] = int(value)
        else:
            return None
    return asked if asked["src"] and asked["dst"] else None


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 6 and int(text) < 1 << 16
