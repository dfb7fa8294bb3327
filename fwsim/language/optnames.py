"""Which option a word names, as getopt_long decides over the options that are loaded so far.

An exact name wins, iptables' own options first, then the extension loaded last; else a name cut
short, if only one option begins so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fwsim.language.options import Context, Extension, Given, Option, Options, Use, checked
from fwsim.model.errors import Span
from fwsim.model.names import PROTOCOL_NAMES

CORE = {
    "source": "src", "src": "src", "destination": "dst", "dst": "dst", "in-interface": "in_",
    "out-interface": "out", "protocol": "proto", "fragments": "frag", "match": "match",
    "jump": "jump", "goto": "goto", "set-counters": "counters", "ipv4": "family", "ipv6": "family",
    "verbose": "verbose", "table": "misplaced", "numeric": "misplaced", "exact": "misplaced",
    "line-numbers": "misplaced", "wait": "misplaced", "wait-interval": "misplaced",
}  # fmt: skip
SHORT = {
    "-s": "src", "-d": "dst", "-i": "in_", "-o": "out", "-p": "proto", "-f": "frag", "-m": "match",
    "-j": "jump", "-g": "goto", "-c": "counters", "-4": "family", "-6": "family",
    "-v": "verbose", "-t": "misplaced", "-n": "misplaced", "-x": "misplaced", "-w": "misplaced",
}  # fmt: skip
# No part of a rule, but their beginnings are theirs too: --in may be --insert.
COMMANDS = (
    "append", "check", "delete", "delete-chain", "flush", "help", "insert", "list", "list-rules",
    "modprobe", "new-chain", "policy", "rename-chain", "replace", "version", "zero",
)  # fmt: skip


class Loaded:
    """An extension being given its options."""

    def __init__(self, ext: Extension, span: Span) -> None:
        self.ext = ext
        self.span = span
        self.given: dict[str, Given] = {}

    def add(self, name: str, given: Given) -> None:
        """One more option, under a key of its own where it repeats."""
        times = sum(key.partition(" ")[0] == name for key in self.given) + 1
        self.given[f"{name} {times}" if times > 1 else name] = given

    def use(self, context: Context) -> Use:
        """The extension as the rule uses it; ReadError where it wants more."""
        return checked(Use(self.ext, Options(self.given), self.span), context, self.span)


def core_option(word: str, loaded: Iterable[Loaded]) -> str | None:
    """What the word names among iptables' own options of a rule (a key of the two tables above);
    None if it is none of them."""
    if not word.startswith("--"):
        return SHORT.get(word[:2]) if word[:2] in ("-m", "-g") else SHORT.get(word)
    name = word[2:].partition("=")[0]
    if name in CORE or not name:
        return CORE.get(name)
    others = [s for one in loaded for option in one.ext.options for s in option.spellings()]
    if any(other.startswith(name) for other in [*others, *COMMANDS]):
        return None
    meant = {CORE[known] for known in CORE if known.startswith(name)}
    return meant.pop() if len(meant) == 1 else None


def extension_option(name: str, loaded: Sequence[Loaded]) -> tuple[Loaded, Option] | None:
    """Which option of which loaded extension the name means; None if none or more than one."""
    begun: list[tuple[Loaded, Option]] = []
    for one in reversed(loaded):
        for option in one.ext.options:
            if name in option.spellings():
                return one, option
            if any(spelling.startswith(name) for spelling in option.spellings()):
                begun.append((one, option))
    clash = any(other.startswith(name) for other in (*CORE, *COMMANDS))
    return begun[0] if len(begun) == 1 and name and not clash else None


def protocol_match(word: str, number: int) -> str:
    """The match that options may load behind `-p WORD`: it goes by the name given, not by another
    one of the same number (`mh`, `mobility-header`)."""
    return PROTOCOL_NAMES.get(number, "") if word[0].isdecimal() else word
