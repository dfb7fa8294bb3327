"""The table of extensions in tests/README.md is what they say. `make golden` writes it anew."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from kernel.mixed_rules import mixed_names
from kernel.modules import OPTIONAL

from fwsim.language.options import Extension, Match
from fwsim.language.read import read
from fwsim.language.ruleset import Rule
from fwsim.model.actions import Aside
from fwsim.model.pred import Free, atoms

from .examples import ACCEPTED, MODULES, REFUSED, extensions

HERE = Path(__file__).resolve().parents[1]
BEGIN, END = "<!-- extensions -->\n", "<!-- end of extensions -->\n"
HEAD = (
    "| extension | families | read and saved | refused | against the kernel | beyond the packet |\n"
)
_MOST_TOLD = 90
_TOOLS = frozenset(
    {"existing", "lab", "modules", "netns", "ctnetlink", "conntable", "clock", "mixed_rules"}
)


def rules(module: str) -> Iterator[Rule]:
    for example in ACCEPTED:
        if example.extension == module:
            chain = read(example.dump(), example.family).chain(example.table, example.chain)
            yield from chain.rules if chain else ()


def beyond(one: Extension, found: list[Rule]) -> str:
    """What its meaning asks for that no field of a packet holds, or does beside its fate."""
    told: dict[str, None] = {}
    for rule in found:
        if isinstance(one, Match):
            for part in rule.parts:
                if part.use and part.use.ext is one:
                    facts = [a for p in part.meaning for a in atoms(p) if isinstance(a, Free)]
                    for fact in facts:
                        told |= {} if _told(fact, told) else {_kind(fact): None}
        elif rule.target and rule.target.ext is one and _only_aside(rule):
            told["does not touch the packet's fate"] = None
    return "; ".join(told)


def _only_aside(rule: Rule) -> bool:
    return bool(rule.actions) and all(isinstance(action, Aside) for action in rule.actions)


def _told(fact: Free, told: dict[str, None]) -> bool:
    """One unknown fact stands for all that an extension has."""
    return fact.step is None and any(text.startswith("unknown") for text in told)


def _kind(fact: Free) -> str:
    if fact.step is None:
        return "unknown: " + _short(fact.why or fact.name)
    return f"remembers, shared as {fact.scope[0]}" if isinstance(fact.scope, tuple) else "asks"


def _short(text: str) -> str:
    plain = re.sub(r"[\"'0-9].*", "…", text)
    return plain if len(plain) <= _MOST_TOLD else plain[:_MOST_TOLD] + "…"


def kernel_tests(one: Extension) -> str:
    flag = "m" if isinstance(one, Match) else "j"
    wanted = re.compile(rf"-{flag} {re.escape(one.name)}\b|[\"']{re.escape(one.name)}[\"'\s]")
    files = [f for f in sorted((HERE / "kernel").glob("*.py")) if f.stem not in _TOOLS]
    found = ["mixed"] * (one.name in mixed_names() and one.name not in OPTIONAL)
    found += [f.stem.removeprefix("test_") for f in files if wanted.search(f.read_text())]
    return ", ".join(f"`{name}`" for name in found) or "examples only"


def rows() -> Iterator[str]:
    for module in MODULES:
        made = list(rules(module))
        for one in extensions(module):
            read_, refused = (
                sum(e.extension == module for e in lines) for lines in (ACCEPTED, REFUSED)
            )
            name = f"`-{'m' if isinstance(one, Match) else 'j'} {one.name}`"
            families = ", ".join(map(str, one.families))
            told = (name, families, str(read_), str(refused), kernel_tests(one), beyond(one, made))
            yield f"| {' | '.join(told)} |\n"


def test_the_table_says_what_the_extensions_say() -> None:
    file = HERE / "README.md"
    text = file.read_text("utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    wanted = before + BEGIN + HEAD + "|---|---|---|---|---|---|\n" + "".join(rows()) + END + after
    if os.environ.get("FWSIM_UPDATE_GOLDEN"):
        file.write_text(wanted, "utf-8")
    assert file.read_text("utf-8") == wanted
