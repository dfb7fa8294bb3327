"""Every extension's EXAMPLES as data: what to read, where it stands, what comes of it."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from fwsim.language.options import Extension, modules
from fwsim.model.tuples import NamedTuple

_SETS = {"EXAMPLES": (4, 6), "EXAMPLES4": (4,), "EXAMPLES6": (6,)}
_FILTER = ("filter", "INPUT")


class Example(NamedTuple):
    """One line: `saved` is the canonical rule, None where iptables refuses the rule. `lost`: the
    canonical rule is refused, or is another rule. `unloaded`: few kernels take it."""

    extension: str
    family: int
    rule: str
    saved: str | None
    table: str
    chain: str
    lost: bool = False
    unloaded: bool = False

    def __str__(self) -> str:
        return f"{self.extension}-v{self.family}-{self.rule}"

    @property
    def accepted(self) -> bool:
        """iptables takes it."""
        return self.saved is not None

    def dump(self, rule: str | None = None) -> str:
        """The dump that has this rule, or another in its place, and nothing else."""
        return f"*{self.table}\n-A {self.chain} {rule or self.rule}\nCOMMIT\n"


def extensions(module_name: str) -> list[Extension]:
    """What a file of fwsim.language.ext defines; empty for files that others share."""
    module = import_module(f"fwsim.language.ext.{module_name}")
    return [getattr(module, name) for name in ("MATCH", "TARGET") if hasattr(module, name)]


@cache
def files() -> tuple[str, ...]:
    """The files of fwsim.language.ext that define extensions."""
    return tuple(name for name in sorted(modules()) if extensions(name))


@cache
def examples() -> tuple[Example, ...]:
    """All examples of all extensions."""
    return tuple(example for name in files() for example in _examples(name))


def _examples(module_name: str) -> list[Example]:
    module = import_module(f"fwsim.language.ext.{module_name}")
    families = {family for one in extensions(module_name) for family in one.families}
    return [
        _example(module_name, family, line)
        for name, of in _SETS.items()
        for line in getattr(module, name, "").strip().splitlines()
        for family in of
        if family in families
    ]


def _example(extension: str, family: int, line: str) -> Example:
    rule, saved, *place = line.split(" ; ")
    table, chain, *remarks = place[0].split() if place else _FILTER
    canonical = {"=": rule, "error": None}.get(saved, saved)
    lost, unloaded = (remark in remarks for remark in ("lost", "unloaded"))
    return Example(extension, family, rule, canonical, table, chain, lost, unloaded)
