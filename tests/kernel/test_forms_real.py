"""What the real iptables lists is read back: as what it saves, but for what is said to be lost."""

from __future__ import annotations

from collections.abc import Iterator
from os.path import realpath
from pathlib import Path
from random import Random, SystemRandom
from shutil import which

import pytest
from language.dumps import Published, published, random_dump
from language.telling import dumped, listable, restorable, told, uncounted
from language.test_forms_script import FOLLOWED

from fwsim.language.forms import read
from fwsim.language.read import read as read_dump
from fwsim.language.ruleset import Ruleset
from fwsim.language.write import save
from fwsim.model.errors import ReadError

from .existing import make_existing, make_sets_named
from .modules import absent
from .netns import PATH, Netns, require_kernel
from .rulesets import random_rules
from .test_listing_real import tool, without_names

require_kernel()

LISTINGS = (
    (), ("-n",), ("-v",), ("-n", "-v"), ("-n", "-v", "--line-numbers"), ("-n", "-v", "-x"),
)  # fmt: skip
_SEEDS = [1, 2, 3, SystemRandom().getrandbits(32)]
_UNREAD = "fwsim cannot read this part of a listing back"


@pytest.fixture
def host() -> Iterator[Netns]:
    with Netns() as opened:
        without_names(opened)
        make_existing(opened)
        yield opened


def _load(host: Netns, ruleset: Ruleset, backend: str = "legacy") -> Ruleset:
    """Restore it, and what the real iptables saves then."""
    program, text = _program(ruleset, backend), save(ruleset, counters=True)
    host.run(f"{program}-restore", "-c", text=text)
    return read_dump(host.run(f"{program}-save", "-c"), ruleset.family)


def _program(ruleset: Ruleset, backend: str) -> str:
    return tool(ruleset.family).replace("legacy", backend)


def _printed(host: Netns, program: str, ruleset: Ruleset, *words: str) -> str:
    """What a command prints of each table, with the command before it."""
    return "\n".join(
        f"# {program} -t {table} {' '.join(words)}\n{host.run(program, '-t', table, *words)}"
        for table in ruleset.tables
    )


def _hidden(ruleset: Ruleset) -> bool:
    """It has extensions whose listing nobody reads back yet."""
    rules = (r for t in ruleset.tables.values() for c in t.chains.values() for r in c.rules)
    uses = (
        use for rule in rules for use in (*rule.matches, *([rule.target] if rule.target else []))
    )
    return any(u.ext.listing and not u.ext.unlist for u in uses)


def _comes_back(host: Netns, ruleset: Ruleset, backend: str = "legacy") -> None:
    family, program = ruleset.family, _program(ruleset, backend)
    assert dumped(read(_printed(host, program, ruleset, "-S", "-v"), family)) == dumped(ruleset)
    assert dumped(read(_printed(host, program, ruleset, "-S"), family)) == uncounted(ruleset)
    for flags in LISTINGS:
        text = _printed(host, program, ruleset, "-L", *flags)
        if _hidden(ruleset):
            with pytest.raises(ReadError, match=_UNREAD):
                read(text, family)
            continue
        back = read(text, family)
        assert dumped(back) == told(ruleset, flags), flags
        assert ("devices" in back.notes[0]) == ("-v" not in flags)
        if "-v" in flags and told(ruleset, flags) != told(ruleset, (*flags, "-x")):
            assert "counters in full" in back.notes[0]


@pytest.mark.parametrize("backend", ["legacy", "nft"])
@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("seed", _SEEDS)
def test_random_rules_come_back(host: Netns, seed: int, family: int, backend: str) -> None:
    text = random_rules(Random(seed), family).dump()
    _comes_back(host, _load(host, read_dump(text, family), backend), backend)


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("seed", _SEEDS)
def test_random_options_come_back(host: Netns, seed: int, family: int) -> None:
    text = random_dump(Random(seed), family, without=absent(host))
    ruleset = listable(restorable(read_dump(text, family)))
    _comes_back(host, _load(host, ruleset))


_ACCEPTED = [file for file in published() if file.accepted]


@pytest.mark.skipif(not _ACCEPTED, reason="the corpus of published rulesets is not here")
@pytest.mark.parametrize("file", _ACCEPTED, ids=str)
def test_published_rulesets_come_back(host: Netns, file: Published) -> None:
    try:
        read_dump(file.text(), file.family)
    except ReadError:
        return  # test_corpus_real.py asks why
    make_sets_named(host, file.text(), file.family)
    done = host.attempt(tool(file.family, "-restore"), text=file.text())
    assert not done.returncode
    saved = host.run(tool(file.family, "-save"), "-c")
    _comes_back(host, read_dump(saved, file.family))


_SUDO = '#!/bin/sh\nwhile [ "${1#-}" != "$1" ]; do shift; done\nexec "$@"\n'


@pytest.mark.parametrize("script", [script for script, lines in FOLLOWED if lines is not None])
def test_scripts_do_what_a_shell_does(host: Netns, script: str, tmp_path: Path) -> None:
    """bash runs the script, where `iptables` is the legacy one, and `sudo` one for root."""
    (tmp_path / "sudo").write_text(_SUDO)
    (tmp_path / "sudo").chmod(0o755)
    legacy, usual = (realpath(which(name, path=PATH) or "") for name in (tool(4), "iptables"))
    if legacy != usual:
        host.run("mount", "--bind", legacy, usual)
    host.run("bash", "-c", f"export PATH={tmp_path}:$PATH\n{script}\ntrue")
    saved = host.run(tool(4, "-save"), "-c")
    assert dumped(read(script, 4)) == dumped(read_dump(saved, 4))
