"""Which option a word names, as getopt_long decides over the options that are loaded so far.

An exact name wins, iptables' own options first, then the extension loaded last; else a name cut
short, if only one option begins so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from fwsim.language.options import (
    Context,
    Extension,
    Given,
    Match,
    Option,
    Options,
    Use,
    find,
    known,
)
from fwsim.language.values import protocol
from fwsim.language.words import Word
from fwsim.model.errors import ReadError, Span
from fwsim.model.names import PROTOCOL_NAMES

CORE = {
    "source": "src", "src": "src", "destination": "dst", "dst": "dst", "in-interface": "in_",
    "out-interface": "out", "protocol": "proto", "fragments": "frag", "match": "match",
    "jump": "jump", "goto": "goto", "set-counters": "counters", "ipv4": "family", "ipv6": "family",
    "verbose": "verbose", "table": "table", "numeric": "numeric", "exact": "exact",
    "line-numbers": "line-numbers", "wait": "wait", "wait-interval": "wait-interval",
    "modprobe": "modprobe",
}  # fmt: skip
SHORT = {
    "-s": "src", "-d": "dst", "-i": "in_", "-o": "out", "-p": "proto", "-f": "frag", "-m": "match",
    "-j": "jump", "-g": "goto", "-c": "counters", "-4": "family", "-6": "family",
    "-v": "verbose", "-t": "table", "-n": "numeric", "-x": "exact", "-w": "wait",
    "-W": "wait-interval", "-M": "modprobe",
}  # fmt: skip
LISTING = ("numeric", "exact", "line-numbers")  # how -L prints
NO_PART = (*LISTING, "table", "wait", "wait-interval", "modprobe")  # of a rule
# Their beginnings are theirs too: --in may be --insert.
COMMANDS = {
    "append": "-A", "check": "-C", "delete": "-D", "delete-chain": "-X", "flush": "-F",
    "help": "-h", "insert": "-I", "list": "-L", "list-rules": "-S", "new-chain": "-N",
    "policy": "-P", "rename-chain": "-E", "replace": "-R", "version": "-V", "zero": "-Z",
}  # fmt: skip
_LETTERS = frozenset(COMMANDS.values()) - {"-h", "-V"}  # those two only print
_SCANNED = re.compile(r"[ \t-\r]*([+-]?)0*([0-9]+)")  # as sscanf has %llu, whatever follows
_LARGEST = (1 << 64) - 1
_DIGITS = tuple("+0123456789")
_VALUED = ("-c", "-d", "-g", "-i", "-j", "-m", "-o", "-p", "-s")


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


def checked(use: Use, context: Context, span: Span) -> Use:
    """The same use, once what it requires is there; else ReadError."""
    ext, options = use.ext, use.options
    if ext.protos and context.proto not in ext.protos:
        from fwsim.model.names import proto_text

        names = " or ".join(f"-p {proto_text(p)}" for p in ext.protos)
        raise ReadError(f"{ext.name} needs {names} in the same rule", span=span)
    for option in ext.options:
        if option.required and option.name not in options:
            raise ReadError(f"{ext.name} needs --{option.name}", span=span)
    for choice in dict.fromkeys(o.choice for o in ext.options if o.choice):
        group = [o.name for o in ext.options if o.choice == choice]
        if sum(name in options for name in group) != 1:
            names = ", ".join(f"--{name}" for name in group)
            raise ReadError(f"{ext.name} needs exactly one of {names}", span=span)
    if ext.check is not None:
        try:
            ext.check(options, context)
        except ValueError as err:
            raise ReadError(f"{ext.name}: {err}", span=span) from None
    return use


def letter_of(text: str) -> str | None:
    """The command that a word names: `-A`, `-ACHAIN`, `--append`, `--app`, `--append=CHAIN`."""
    if not text.startswith("--"):
        return text[:2] if text[:2] in _LETTERS else None
    name = text[2:].partition("=")[0]
    known = name if name in COMMANDS or name in CORE else ""
    begun = [known] if known else [one for one in (*COMMANDS, *CORE) if one.startswith(name)]
    letter = COMMANDS.get(begun[0]) if name and len(begun) == 1 else None
    return letter if letter in _LETTERS else None


def attached(word: Word) -> Word | None:
    """What hangs on an option's word, as its value: the chain of -ACHAIN and --append=CHAIN."""
    text, span = word
    cut = text.find("=") + 1 if text.startswith("--") else 2
    if cut <= 0 or cut >= len(text):
        return None
    return Word(text[cut:], Span(span.source, min(span.start + cut, span.end - 1), span.end))


def counter_pair(option: Word, rest: list[Word]) -> tuple[int, int]:
    """The packets and bytes behind -c, taken off the words that follow it: `5 6` or `5,6`."""
    packets, comma, octets = (rest.pop(0).text if rest else "").partition(",")
    if not comma and rest and rest[0].text[:1] not in ("-", "!"):
        octets = rest.pop(0).text
    found = [_SCANNED.match(text) for text in (packets, octets)]
    counts = [_counted(*one.groups()) for one in found if one]
    if len(counts) != 2:
        raise ReadError(f"{option.text} wants two numbers, packets and bytes", span=option.span)
    return counts[0], counts[1]


def _counted(sign: str, digits: str) -> int:
    value = min(int(digits[:24]), _LARGEST)
    return -value & _LARGEST if sign == "-" else value


def core_option(word: str, loaded: Iterable[Loaded]) -> str | None:
    """What the word names among iptables' own options of a rule (a key of the two tables above);
    None if it is none of them."""
    if not word.startswith("--"):
        return SHORT.get(word[:2] if word[:2] in _VALUED else word)
    name = word[2:].partition("=")[0]
    if name in CORE or not name:
        return CORE.get(name)
    others = [s for one in loaded for option in one.ext.options for s in option.spellings()]
    if any(other.startswith(name) for other in [*others, *COMMANDS]):
        return None
    begun = [known for known in CORE if known.startswith(name)]
    meant = {CORE[known] for known in begun}
    return meant.pop() if len(meant) == 1 and "family" not in meant else None


def extension_option(
    name: str, loaded: Sequence[Loaded], family: int
) -> tuple[Loaded, Option] | None:
    """Which option of which loaded extension the name means; None if none or more than one. Of one
    that is loaded several times, the last takes it."""
    begun: list[tuple[Loaded, Option]] = []
    seen: list[Extension] = []
    for one in reversed(loaded):
        if any(one.ext is ext for ext in seen):
            continue
        seen.append(one.ext)
        for option in one.ext.options:
            spellings = option.spellings() if family in option.families else ()
            if name in spellings:
                return one, option
            if any(spelling.startswith(name) for spelling in spellings):
                begun.append((one, option))
    clash = any(other.startswith(name) for other in (*CORE, *COMMANDS))
    return begun[0] if len(begun) == 1 and name and not clash else None


def known_option(
    name: str, word: Word, proto: str, family: int, loaded: list[Loaded]
) -> tuple[Loaded, Option] | None:
    """Which option the name means: of what is loaded, else of the match of the rule's -p, which
    such an option loads; None if none or more than one."""
    found = extension_option(name, loaded, family)
    ext = None if found else find(Match, proto)
    if ext is None or family not in ext.families:
        return found
    made = Loaded(ext, word.span)
    found = extension_option(name, [made], family)
    if found:
        loaded.append(made)
    return found


def ambiguous(word: Word, loaded: Iterable[Loaded]) -> None:
    """Raise ReadError where several options begin as this word does."""
    name = word.text[2:].partition("=")[0]
    others = [s for one in loaded for option in one.ext.options for s in option.spellings()]
    begun = sorted({f"--{one}" for one in (*CORE, *COMMANDS, *others) if one.startswith(name)})
    if name and len(begun) > 1:
        raise ReadError(
            f"{word.text} may be {', '.join(begun[:-1])} or {begun[-1]}", span=word.span,
            hint="An option may be cut short where only one begins so.",
        )  # fmt: skip


def meant_by(name: str, family: int, proto: str, loaded: Iterable[Loaded]) -> str | None:
    """What to do about an unknown option: load the match that has it, or take the one most like
    it, of what is loaded, of the match of the rule's -p, or of iptables itself."""
    from difflib import get_close_matches

    every = [find(Match, one) for one in known(Match)]
    having = [m for m in every if m and any(name in option.spellings() for option in m.options)]
    if 0 < len(having) < 4:  # ports have more, and go by -p
        names = " or ".join(
            f"-m {m.name}" + ("" if family in m.families else f" (IPv{m.families[0]} only)")
            for m in having
        )
        return f"It is an option of {names}, to be loaded before it."
    of_proto = find(Match, proto)
    exts = [*([of_proto] if of_proto else []), *(one.ext for one in loaded)]
    names_near = [option.name for ext in exts for option in ext.options]
    near = next(iter(get_close_matches(name, [*names_near, *CORE], 1, cutoff=0.7)), None)
    return f"Is --{near} meant?" if near else None


def protocol_match(word: str) -> str:
    """The match that options may load behind `-p WORD`: it goes by the name given, not by another
    one of the same number (`mh`, `mobility-header`). ValueError if there is no such protocol."""
    name = word.lower()
    value = protocol(name)
    return PROTOCOL_NAMES.get(value, "") if name.strip()[:1] in _DIGITS else name
