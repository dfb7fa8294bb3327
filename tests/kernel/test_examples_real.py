"""The real iptables does with every extension's EXAMPLES what they say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import pytest
from language.examples import ACCEPTED, REFUSED, Example

from fwsim.language.read import read

from .existing import make_existing
from .lab import BASE_CHAINS
from .netns import Netns, require_kernel

require_kernel()


@pytest.fixture(scope="module")
def host() -> Iterator[Netns]:
    with Netns() as opened:
        make_existing(opened)
        yield opened


def _tool(family: int, name: str) -> str:
    return f"ip{'6' if family == 6 else ''}tables-legacy{name}"


def _alone(host: Netns, example: Example, rule: str | None = None) -> str:
    """What iptables says of a rule: empty if it takes it."""
    done = host.attempt(_tool(example.family, "-restore"), "--test", text=example.dump(rule))
    return "" if not done.returncode else done.stderr or f"exit status {done.returncode}"


def _together(examples: list[Example]) -> str:
    """A dump of all of them: rule N of chain eN, so that each can be found again; the base chain
    jumps to it, so that the kernel checks it as if it stood there."""
    tables: dict[str, list[tuple[int, Example]]] = defaultdict(list)
    for number, example in enumerate(examples):
        tables[example.table].append((number, example))
    lines = []
    for table, numbered in tables.items():
        lines.append(f"*{table}")
        lines += [f":{chain} ACCEPT [0:0]" for chain in BASE_CHAINS[table]]
        lines += [f":e{number} - [0:0]" for number, _ in numbered]
        for number, example in numbered:
            lines += [f"-A {example.chain} -j e{number}", f"-A e{number} {example.rule}"]
        lines.append("COMMIT")
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("family", [4, 6])
def test_iptables_saves_what_the_examples_say(host: Netns, family: int) -> None:
    examples = [e for e in ACCEPTED if e.family == family and not e.unloaded]
    assert len(examples) > 100
    done = host.attempt(_tool(family, "-restore"), text=_together(examples))
    assert not done.returncode, _first_refused(host, examples, done.stderr)
    saved = {}
    for line in host.run(_tool(family, "-save"), "-c").splitlines():
        if line.startswith("[0:0] -A e"):
            chain, _, rule = line.removeprefix("[0:0] -A e").partition(" ")
            saved[int(chain)] = rule.rstrip()
    differing = {
        str(example): (saved.get(number), example.saved)
        for number, example in enumerate(examples)
        if saved.get(number) != example.saved
    }
    assert not differing


def _first_refused(host: Netns, examples: list[Example], complaint: str) -> str:
    refused = (f"{example}: {said}" for example in examples if (said := _alone(host, example)))
    return next(refused, complaint)


@pytest.mark.parametrize("example", REFUSED, ids=str)
def test_iptables_refuses_what_the_examples_say(host: Netns, example: Example) -> None:
    words = ("--test",) if example.unloaded else ()
    done = host.attempt(_tool(example.family, "-restore"), *words, text=example.dump())
    if not done.returncode:
        host.run(_tool(example.family, ""), "-t", example.table, "-F")
    assert done.returncode


@pytest.mark.parametrize("example", [e for e in ACCEPTED if e.unloaded], ids=str)
def test_iptables_reads_what_few_kernels_take(host: Netns, example: Example) -> None:
    """As far as it shows without the kernel: how it lists the rule."""
    words = ("--test", "--verbose")
    done = host.attempt(_tool(example.family, "-restore"), *words, text=example.dump())
    assert not done.returncode, done.stderr
    told = done.stdout.rstrip("\n").rpartition("\n")[2]
    tables = read(example.dump(), example.family).tables
    (rule,) = tables[example.table].chains[example.chain].rules
    assert rule.target
    assert rule.target.ext.listing
    listed = rule.target.ext.listing(rule.target.options, rule.context, True)
    assert told.endswith(f"  {listed}"), (told, listed)
