"""Where a world comes from: a place named on the command line, or the built-in example."""

from __future__ import annotations

import json
import os
from functools import cache

from fwsim.language.forms import paste
from fwsim.machine.infer import infer_world
from fwsim.machine.pile import (
    HOST,
    MOST_BYTES,
    RULES,
    as_text,
    bounded,
    is_packed,
    pile_of,
    read_file,
    standard_input,
)
from fwsim.machine.snapshot import assemble, load_snapshot
from fwsim.machine.words import say
from fwsim.machine.world import World
from fwsim.model.errors import PlaceError
from fwsim.model.frozen import replace
from fwsim.model.tuples import NamedTuple

PREFIX = "example:"
DEFAULT = "article-outbound-only"
_PACKAGE = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
_ARCHIVES = (".tar", ".tar.gz", ".tgz")


class Example(NamedTuple):
    """A world that ships with fwsim: a machine's snapshot under one of its rulesets."""

    name: str
    machine: str
    rules: str
    description: str


def open_place(place: str | None) -> World:
    """The world of a PLACE: `example:NAME`, `-` for standard input, a snapshot's directory or
    archive, a dump's file; None is the built-in example.

    Raises PlaceError for what cannot be opened or is none of these, ReadError for bad rules."""
    named = f"{PREFIX}{DEFAULT}" if place is None else place
    return _opened(place)._replace(place=named)


def _opened(place: str | None) -> World:
    if place is None:
        title = say("builtin", name=f"{PREFIX}{DEFAULT}")
        return _open_example(DEFAULT, title)
    if place.startswith(PREFIX):
        return _open_example(place.removeprefix(PREFIX), place)
    if place == "-":
        name = "standard input"
        return _open_bytes(bounded(standard_input().read(MOST_BYTES + 1), name), name)
    from pathlib import Path  # its own spelling of a path is what errors show

    if os.path.isdir(place):
        return load_snapshot(Path(place), place)
    if "\0" in place or not os.path.lexists(place):
        raise PlaceError(
            f"{place or repr(place)}: there is no such file or directory",
            hint="A place is a dump's file, a snapshot's directory or archive, - or example:NAME; "
            "`fwsim examples` lists those.",
        )
    return _open_bytes(read_file(Path(place)), place)


def _open_bytes(data: bytes, name: str) -> World:
    if name.endswith(_ARCHIVES) or is_packed(data):
        from fwsim.machine.archive import load_archive

        return load_archive(data, name, name)
    pasted = paste(as_text(data, name), name)
    rulesets = {family: replace(r, notes=pasted.notes) for family, r in pasted.rulesets.items()}
    return infer_world(rulesets, name, pasted.settings, pasted.notes, pasted.sets)


# -- examples --------------------------------------------------------------------------------------


def examples() -> list[tuple[str, str]]:
    """The built-in examples: each one's name and what it shows, in the order to follow them."""
    return [(example.name, example.description) for example in _index()]


def _open_example(name: str, title: str) -> World:
    found = next((example for example in _index() if example.name == name), None)
    if found is None:
        from difflib import get_close_matches

        names = [example.name for example in _index()]
        near = get_close_matches(name, names, 1) or names
        raise PlaceError(f"there is no example {name!r}", hint=f"There is: {', '.join(near)}.")
    pile = pile_of(os.path.join(_folder(), found.machine))
    rules = os.path.join(_folder(), found.rules)
    pile[HOST][RULES[4]] = lambda: read_file(rules)
    return assemble(pile, title, f"{PREFIX}{name}")


@cache
def _folder() -> str:
    """The examples inside the installed package, or beside it in a checkout."""
    roots = (_PACKAGE, os.path.dirname(_PACKAGE))
    places = [os.path.join(root, "fixtures", "examples") for root in roots]
    for folder in places:
        if os.path.isfile(os.path.join(folder, "index.json")):
            return folder
    raise PlaceError(f"fwsim's own examples are missing: expected them in {places[0]}")


@cache
def _index() -> tuple[Example, ...]:
    index = json.loads(read_file(os.path.join(_folder(), "index.json")))
    return tuple(Example(**example) for example in index)
