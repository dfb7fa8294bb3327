"""The real iptables does with every extension's EXAMPLES what they say."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Iterator

import pytest
from language.examples import ACCEPTED, REFUSED, Example

from fwsim.language.listing import listing
from fwsim.language.read import read

from .existing import make_existing
from .lab import BASE_CHAINS
from .modules import OPTIONAL, absent
from .netns import Netns, require_kernel

require_kernel()


@pytest.fixture(scope="module")
def host() -> Iterator[Netns]:
    with Netns() as opened:
        make_existing(opened)
        yield opened


@pytest.fixture(scope="module")
def accepted(host: Netns) -> list[Example]:
    """The examples that this kernel can hold."""
    missing = absent(host)
    return [e for e in ACCEPTED if e.extension not in missing and not e.unloaded]


def _tool(family: int, name: str) -> str:
    return f"ip{'6' if family == 6 else ''}tables-legacy{name}"


def _alone(host: Netns, example: Example) -> str:
    """What iptables and the kernel say of a rule: empty if they take it."""
    done = host.attempt(_tool(example.family, "-restore"), text=_together([example]))
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


def _saved(host: Netns, family: int) -> dict[int, str]:
    """Every rule of a chain eN as the real iptables-save prints it, by N."""
    lines = host.run(_tool(family, "-save"), "-c").splitlines()
    own = (line.removeprefix("[0:0] -A e") for line in lines if line.startswith("[0:0] -A e"))
    split = (line.partition(" ") for line in own)
    return {int(chain): rule.rstrip() for chain, _, rule in split}


@pytest.mark.parametrize("family", [4, 6])
def test_iptables_saves_what_the_examples_say(
    host: Netns, accepted: list[Example], family: int
) -> None:
    examples = [example for example in accepted if example.family == family]
    assert len(examples) > 100
    done = host.attempt(_tool(family, "-restore"), text=_together(examples))
    assert not done.returncode, _first_refused(host, examples, done.stderr)
    saved = _saved(host, family)
    differing = {
        str(example): (saved.get(number), example.saved)
        for number, example in enumerate(examples)
        if saved.get(number) != example.saved
    }
    assert not differing


def _first_refused(host: Netns, examples: list[Example], complaint: str) -> str:
    refused = (f"{example}: {said}" for example in examples if (said := _alone(host, example)))
    return next(refused, complaint)


@pytest.mark.parametrize("example", [e for e in ACCEPTED if e.lost], ids=str)
def test_iptables_does_not_read_back_what_the_examples_call_lost(
    host: Netns, example: Example
) -> None:
    again = example._replace(rule=example.saved or "")
    done = host.attempt(_tool(example.family, "-restore"), text=_together([again]))
    assert done.returncode or _saved(host, example.family)[0] != example.saved


@pytest.mark.parametrize("family", [4, 6])
def test_iptables_lists_what_fwsim_lists(host: Netns, accepted: list[Example], family: int) -> None:
    text = _together([example for example in accepted if example.family == family])
    host.run(_tool(family, "-restore"), text=text)
    for path in ("/etc/hosts", "/etc/networks"):  # fwsim shows no address by its name
        host.run("mount", "--bind", "/dev/null", path)
    ruleset = read(text, family)
    for table in ruleset.tables:
        for flags in ((), ("-n",)):
            told = host.run(_tool(family, ""), "-t", table, "-L", *flags)
            ours = listing(ruleset, table=table, numeric=bool(flags))
            assert ours.split("\n") == told.split("\n"), (table, flags)


@pytest.mark.parametrize("example", [e for e in ACCEPTED if e.extension in OPTIONAL], ids=str)
def test_what_a_kernel_may_lack_iptables_reads_and_tells(host: Netns, example: Example) -> None:
    tool, place = _tool(example.family, ""), ("-t", example.table, "-v", "-A", example.chain)
    told = host.attempt(tool, *place, *shlex.split(example.rule)).stdout
    ruleset = read(example.dump(), example.family)
    ours = listing(ruleset, table=example.table, chain=example.chain, numeric=True)
    anywhere = "0.0.0.0/0" if example.family == 4 else "::/0"
    assert ours.split(anywhere, 2)[2].split() == told.split(anywhere, 2)[2].split()


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
