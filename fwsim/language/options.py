"""What an extension declares: its options as typed data, its meaning, how it is listed.

An extension is a `Match` or a `Target`; a use of it in a rule is a `Use`, the extension with the
options given. Reading, writing and asking for an option's value are the same for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any, cast

from fwsim.language.types import Context as Context
from fwsim.language.types import Flag, Type
from fwsim.language.values import quoted
from fwsim.model.actions import Action
from fwsim.model.errors import ReadError, Span
from fwsim.model.frozen import Frozen, aside
from fwsim.model.pred import FALSE, Free, In, Pred, Step, negate
from fwsim.model.tuples import NamedTuple


class Option(NamedTuple):
    """One option: its name as iptables-save writes it, without dashes; other spellings in
    `aliases`. `choice` names a group of which exactly one must be given. The words of an `optional`
    value may be left out where an option follows. One that `repeats` is held under its name, then
    under `NAME 2` and so on, in the order of the words; one that may come `again` counts as it came
    last, and as negated if it ever was. There is no such option in rules of other `families`."""

    name: str
    type: Type = Flag()
    negatable: bool = False
    required: bool = False
    aliases: tuple[str, ...] = ()
    choice: str = ""
    optional: bool = False
    repeats: bool = False
    again: bool = False
    families: tuple[int, ...] = (4, 6)

    def spellings(self) -> tuple[str, ...]:
        """Every long name it answers to."""
        return (self.name, *self.aliases)


class Given(Frozen):
    """An option's value in one rule, whether `!` stands before it, and where."""

    value: Any
    negated: bool = False
    span: Span | None = aside(default=None)


class Options(Frozen, Mapping[str, Any]):
    """The options given to one use, in order; `o["dport"]` is a value, `o.get` as usual."""

    given: Mapping[str, Given]

    def __getitem__(self, name: str) -> Any:
        return self.given[name].value

    def __iter__(self) -> Iterator[str]:
        return iter(self.given)

    def __len__(self) -> int:
        return len(self.given)

    def negated(self, name: str) -> bool:
        """A `!` stands before the option."""
        return name in self.given and self.given[name].negated

    def sign(self, name: str, sign: str = "! ") -> str:
        """What a text has before the option's, or before its value: the sign if it is negated."""
        return sign if self.negated(name) else ""

    def sense(self, name: str, pred: Pred) -> Pred:
        """`pred`, or its negation if the option was given with `!`."""
        return negate(pred, self.negated(name))


class Meaning(NamedTuple):
    """A match's predicate, and the packets for which it drops at once (xt_action_param.hotdrop):
    malformed ones, which the match cannot read. `takes`: wherever it is asked, the kernel takes the
    packet for one to the host from then on, though its frame was addressed to many."""

    pred: Pred
    hotdrop: Pred = FALSE
    takes: bool = False


def fact(
    context: Context,
    name: str,
    why: str,
    step: Step | None = None,
    scope: Hashable = None,
    *,
    once: bool = True,
    told: In | None = None,
) -> Free:
    """A fact that this use of an extension asks for and the fields do not determine (see Free)."""
    return Free(name, why, step, scope, context.nth, once, told)


class Shown(NamedTuple):
    """How one option stands in a listing: `title`, then `value` (regular expressions), then `end`;
    a `!` before the title or the value negates it, where the option can be. A flag has the value
    "". With an `end` the value may hold anything, that end included.

    `words` makes the option's words of the value, its name included, where they are not
    `--option value`; it may raise ValueError. `lost` says what the listing does not tell here."""

    option: str
    title: str
    value: str = r"\S+"
    end: str = ""
    words: Callable[[str, Context], list[str]] | None = None
    lost: str = ""


class Unlist(NamedTuple):
    """The way back from `listing` to options: what the text begins with (a regular expression),
    then options, each at most once, in any order."""

    head: str
    options: tuple[Shown, ...] = ()


Places = tuple[str, ...] | Callable[[Options], tuple[str, ...]]


class Match(NamedTuple):
    """A match extension. `protos` are the protocols of which the rule's -p must name one; `tables`
    and `hooks` are where it may stand and be reached from, where its options matter as a function
    of them; empty means any.

    `check` raises ValueError for what the option table cannot say; `save` and `listing` give the
    text of iptables-save and of iptables -L where the option table does not; `unlist` reads the
    latter back. Where there is one of these, or `hooks` is a function, `regular` names the options
    whose values are the same to them, spelled as in fwsim.language.spelling. `shares`, of the
    options and the family, are the memories (scopes of Free) that it has in common with others."""

    name: str
    meaning: Callable[[Options, Context], Pred | Meaning]
    options: tuple[Option, ...] = ()
    families: tuple[int, ...] = (4, 6)
    protos: tuple[int, ...] = ()
    tables: Places = ()
    hooks: Places = ()
    check: Callable[[Options, Context], None] | None = None
    save: Callable[[Options, Context], str] | None = None
    listing: Callable[[Options, Context, bool], str] | None = None
    unlist: Unlist | None = None
    regular: tuple[str, ...] = ()
    shares: Callable[[Options, int], tuple[Hashable, ...]] | None = None


class Target(NamedTuple):
    """A target extension. `tables` and `hooks` are where it may stand, where its options matter as
    functions of them; empty means anywhere. `listed_as` is its name in listings, where that is
    another. The others are as a match's."""

    name: str
    meaning: Callable[[Options, Context], tuple[Action, ...]]
    options: tuple[Option, ...] = ()
    families: tuple[int, ...] = (4, 6)
    protos: tuple[int, ...] = ()
    tables: Places = ()
    hooks: Places = ()
    check: Callable[[Options, Context], None] | None = None
    save: Callable[[Options, Context], str] | None = None
    listing: Callable[[Options, Context, bool], str] | None = None
    unlist: Unlist | None = None
    regular: tuple[str, ...] = ()
    shares: Callable[[Options, int], tuple[Hashable, ...]] | None = None
    listed_as: str = ""


Extension = Match | Target


class Glued(str):
    """A listing that iptables prints without a blank before it."""


class Use(Frozen):
    """An extension as one rule uses it."""

    ext: Extension
    options: Options
    span: Span | None = aside(default=None)

    @property
    def hooks(self) -> tuple[str, ...]:
        """The hooks from which it may be reached; empty means any."""
        return self.ext.hooks(self.options) if callable(self.ext.hooks) else self.ext.hooks

    def is_regular(self, option: str) -> bool:
        """Whether the use is good, and how it is saved, does not depend on the option's value."""
        ext = self.ext
        placed = callable(ext.hooks) or (isinstance(ext, Target) and callable(ext.tables))
        return option in ext.regular or not (ext.check or ext.save or placed)

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables that it may stand in; empty means any."""
        return self.ext.tables(self.options) if callable(self.ext.tables) else self.ext.tables

    def words(self, context: Context) -> str:
        """Its options as iptables-save writes them, with a leading space each; may be empty."""
        if self.ext.save is not None:
            text = self.ext.save(self.options, context)
            return f" {text}" if text else ""
        return options_text(self.ext.options, self.options, context.family)


def options_text(options: Iterable[Option], given: Options, family: int, dashes: str = "--") -> str:
    """` ! --name value` of each of the options that is given, as iptables-save writes it; some
    listings have the same without the dashes."""
    return "".join(
        f"{given.sign(option.name, ' !')} {dashes}{option.name}"
        + (f" {option.type.write(given[option.name], family)}" if option.type.arity else "")
        for option in options
        if option.name in given
    )


_ALIASES = {"icmpv6": "icmp6", "ipv6-icmp": "icmp6"}


@cache
def find(kind: type[Any], name: str) -> Extension | None:
    """The extension of that exact name, Match or Target, from the file named for it; None if
    fwsim has none."""
    name = _ALIASES.get(name, name)  # as xtables_find_match
    module_name = name.lower().replace("-", "_")
    if not module_name.isidentifier() or not module_name.isascii():
        return None
    full = f"fwsim.language.ext.{module_name}"
    if find_spec(full) is None:
        return None
    found = getattr(import_module(full), _attribute(kind), None)
    return found if isinstance(found, kind) and found.name == name else None


def _attribute(kind: type[Any]) -> str:
    return "MATCH" if kind is Match else "TARGET"


def lookup(kind: type[Any], name: str, family: int, span: Span) -> Extension:
    """As `find`, for a rule of that family; ReadError where fwsim does not know it."""
    found = find(cast("Hashable", kind), name)  # mypy does not see that a class is one
    what = "match" if kind is Match else "target"
    if found is None:
        raise ReadError(
            f"fwsim does not know the {what} {quoted(name)}, and skips no rule silently",
            span=span,
            hint=f"Known {'matches' if kind is Match else 'targets'}: {', '.join(known(kind))}."
            + (" A chain of that name does not exist either." if kind is Target else ""),
        )
    if family not in found.families:
        raise ReadError(f"{name} is not for IPv{family}", span=span)
    return found


def known(kind: type[Any]) -> list[str]:
    """The names of all extensions of a kind, sorted; imports every extension."""
    attribute = _attribute(kind)
    found = [import_module(f"fwsim.language.ext.{name}") for name in sorted(modules())]
    return sorted(getattr(m, attribute).name for m in found if hasattr(m, attribute))


@cache
def modules() -> frozenset[str]:
    """The names of the files in which extensions are; imports none of them."""
    from os import listdir

    folders = import_module("fwsim.language.ext").__path__  # pkgutil would import inspect
    names = (name.partition(".") for folder in folders for name in listdir(folder))
    return frozenset(name for name, _, ending in names if ending == "py")
