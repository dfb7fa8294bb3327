"""Listings and dumps are byte for byte those of the real iptables."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from itertools import product
from random import Random, SystemRandom

import pytest
from language.dumps import random_dump

from fwsim.language.listing import listing
from fwsim.language.read import read
from fwsim.language.ruleset import Ruleset
from fwsim.language.write import save

from .existing import make_existing
from .modules import absent
from .netns import Netns, require_kernel

require_kernel()

_FLAGS = {"numeric": "-n", "verbose": "-v", "exact": "-x", "line_numbers": "--line-numbers"}
_SEEDS = [1, 2, 3, SystemRandom().getrandbits(32)]


@pytest.fixture
def host() -> Iterator[Netns]:
    with Netns() as opened:
        without_names(opened)
        make_existing(opened)
        yield opened


def without_names(host: Netns) -> None:
    """iptables shows addresses by name where the machine knows one; fwsim never does."""
    for path in ("/etc/hosts", "/etc/networks"):
        host.run("mount", "--bind", "/dev/null", path)


def tool(family: int, name: str = "") -> str:
    return f"ip{'6' if family == 6 else ''}tables-legacy{name}"


def _load(host: Netns, text: str, family: int) -> None:
    host.run(tool(family, "-restore"), "-c", text=text)


def alike(expected: str, found: str, what: object) -> None:
    """Fail with a unified diff where two texts differ."""
    if expected != found:
        lines = expected.splitlines(True), found.splitlines(True)
        diff = "".join(difflib.unified_diff(*lines, "iptables", "fwsim", n=0))
        pytest.fail(f"{what}\n{diff}", pytrace=False)


def same_listings(host: Netns, ruleset: Ruleset) -> None:
    for table, switches in product(ruleset.tables, product((False, True), repeat=len(_FLAGS))):
        given = dict(zip(_FLAGS, switches, strict=True))
        flags = [flag for name, flag in _FLAGS.items() if given[name]]
        expected = host.run(tool(ruleset.family), "-t", table, "-L", *flags)
        alike(expected, listing(ruleset, table=table, **given), (table, flags))


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("seed", _SEEDS)
def test_random_rulesets_are_listed_and_savedalike(host: Netns, seed: int, family: int) -> None:
    text = random_dump(Random(seed), family, without=absent(host))
    ruleset = read(text, family)
    _load(host, text, family)
    saved = host.run(tool(family, "-save"), "-c")
    tables = "".join(f"{x}\n" for x in saved.splitlines() if not x.startswith("#"))
    ours = save(ruleset, counters=True)
    for table in ruleset.tables:
        alike(_section(tables, table), _section(ours, table), table)
    same_listings(host, ruleset)


def _section(text: str, table: str) -> str:
    start = text.index(f"*{table}\n")
    return text[start : text.index("COMMIT", start)]
