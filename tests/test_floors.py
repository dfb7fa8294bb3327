"""The house stands: imports go down its floors only, no module is large, starting is quick."""

from __future__ import annotations

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FLOORS = ("model", "readings", "language", "machine", "questions", "show", "surface")
LIMIT = 300
HEAVY = {"lark", "numpy", "networkx", "rich", "oxidd", "hypothesis", "dataclasses", "inspect"}
TRACE = ("-m", "fwsim", "trace", "--src", "172.18.0.3", "--dst", "8.8.8.8")
NOT_FOR_TRACE = HEAVY | {
    "fwsim.cli.commands", "fwsim.capture", "fwsim.machine.archive", "fwsim.language.listing",
    "fwsim.show.json", "fwsim.show.terminal", "click", "difflib", "gettext", "pathlib", "random",
    "socket", "fwsim.show.tracepage", "xml",
}  # fmt: skip
_STRATEGIES = ("addresses", "conversations", "machine", "packets", "pieces", "rules")
ON_USE = {
    "fwsim.readings.columns": "is nothing but numpy; populations only",
    **dict.fromkeys(
        (
            "fwsim.readings.classify",
            "fwsim.machine.ends",
            "fwsim.machine.many",
            "fwsim.machine.plan",
            "fwsim.machine.crowd",
            "fwsim.questions.replay.heads",
            "fwsim.questions.told_columns",
            "fwsim.questions.verdicts",
        ),
        "serves populations only, as columns does",
    ),
    "fwsim.readings.diagram": "is nothing but oxidd; sets of packets only",
    **dict.fromkeys(
        (
            "fwsim.readings.strategy",
            *(f"fwsim.strategies.{name}" for name in _STRATEGIES),
        ),
        "is for users' tests, which have hypothesis already",
    ),
}


def _name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


FILES = {_name(path): path for path in sorted((ROOT / "fwsim").rglob("*.py"))}
TREES = {name: ast.parse(path.read_bytes()) for name, path in FILES.items()}


def _floor(module: str) -> int:
    room = module.split(".")[1] if "." in module else "surface"
    return FLOORS.index(room) if room in FLOORS else FLOORS.index("surface")


def _imports(tree: ast.AST) -> set[str]:
    """Every name imported anywhere in a module, in functions and under TYPE_CHECKING too."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports within fwsim are absolute"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def _module(name: str) -> str:
    return name if name in TREES else name.rpartition(".")[0]


GRAPH = {
    module: {_module(n) for n in _imports(tree) if n.split(".")[0] == "fwsim"} - {module}
    for module, tree in TREES.items()
}


def test_imports_go_down_only() -> None:
    upward = [(m, t) for m, used in GRAPH.items() for t in used if _floor(t) > _floor(m)]
    assert not upward
    assert sum(map(len, GRAPH.values())) > 100


def test_no_module_needs_itself() -> None:
    tuple(TopologicalSorter(GRAPH).static_order())  # raises CycleError with the cycle


def test_every_import_names_a_module_that_is_there() -> None:
    assert not {t for used in GRAPH.values() for t in used} - set(TREES)


@pytest.mark.parametrize("module", FILES)
def test_no_module_is_large(module: str) -> None:
    assert FILES[module].read_bytes().count(b"\n") < LIMIT


def _at_once(node: ast.AST) -> set[str]:
    """What is imported when the module is: not in functions, not for the type checker only."""
    names: set[str] = set()
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            names |= {name.split(".")[0] for name in _imports(child)}
        elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            names |= {name for other in child.orelse for name in _at_once(other)}
        elif not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            names |= _at_once(child)
    return names


@pytest.mark.parametrize("module", sorted(set(FILES) - set(ON_USE)))
def test_heavy_libraries_are_imported_on_use(module: str) -> None:
    assert not _at_once(TREES[module]) & HEAVY


@pytest.mark.parametrize("module", sorted(set(ON_USE) & set(FILES)))
def test_who_imports_heavy_libraries_is_imported_on_use(module: str) -> None:
    assert _at_once(TREES[module]) & HEAVY, "no longer heavy: take it off the list"


def test_a_trace_loads_nothing_heavy() -> None:
    """The usual one, through a pipe: what else is imported on use, by whomever (decision 6)."""
    run = subprocess.run(
        [sys.executable, "-X", "importtime", *TRACE], capture_output=True, text=True, check=False
    )
    loaded = {line.rpartition("|")[2].strip() for line in run.stderr.splitlines()}
    assert "fwsim.net" in loaded
    assert not loaded & NOT_FOR_TRACE
