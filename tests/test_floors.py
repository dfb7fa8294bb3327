"""The house stands: imports go down its floors only, no module is large, starting is quick."""

from __future__ import annotations

import ast
import io
import subprocess
import sys
import tokenize
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FLOORS = ("model", "readings", "language", "machine", "questions", "show", "surface")
LIMIT = 300
OF_AN_EXTENSION = 60  # lines of code for each match and target
LONGER = {
    "its options are a small language, which it reads, writes and lists": {
        "policy": 120, "sctp": 120, "time": 120, "srh": 110, "hmark": 110, "string": 100,
        "dccp": 100, "owner": 90, "rt": 90, "u32": 90, "bpf": 80,
    },
    "much of it is tables of names and of how a listing has them": {
        "ct": 100, "conntrack": 100, "icmp": 90, "tcp": 80, "ipv6header": 80, "log": 70,
    },
    "rules share its memory, and each option says what of it counts": {
        "set": 150, "rateest": 140, "hashlimit": 120, "recent": 110,
    },
    "the kernel does one thing in IPv4 or one mode, and another in the other": {
        "addrtype": 80, "statistic": 80,
    },
}  # fmt: skip
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


NO_CODE = {
    tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT,
    tokenize.ENDMARKER,
}  # fmt: skip


def _code(module: str) -> tuple[int, int]:
    """How many lines of code a module has, imports, docstrings and EXAMPLES apart; how many matches
    and targets stand in it."""
    apart: list[ast.stmt] = []
    made: set[str] = set()
    for node in ast.walk(TREES[module]):
        if isinstance(node, ast.Import | ast.ImportFrom):
            apart.append(node)
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            made.add(node.targets[0].id)
            apart += [node] if node.targets[0].id.startswith("EXAMPLES") else []
        elif isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            apart += node.body[:1] if ast.get_docstring(node) else []
    tokens = tokenize.generate_tokens(io.StringIO(FILES[module].read_text()).readline)
    code = {
        line
        for token in tokens
        if token.type not in NO_CODE
        for line in range(token.start[0], token.end[0] + 1)
    }
    for node in apart:
        code -= set(range(node.lineno, (node.end_lineno or 0) + 1))
    return len(code), len(made & {"MATCH", "TARGET"})


@pytest.mark.parametrize("module", [m for m in FILES if m.startswith("fwsim.language.ext.")])
def test_no_extension_is_large(module: str) -> None:
    """An extension may be read at one sitting. Those that are longer are named, with the reason,
    and grow no more."""
    lines, extensions = _code(module)
    name = module.rpartition(".")[2]
    longer = {name: most for named in LONGER.values() for name, most in named.items()}
    if name in longer:
        assert OF_AN_EXTENSION * extensions < lines <= longer[name]
    elif extensions:
        assert lines <= OF_AN_EXTENSION * extensions
    else:
        assert lines <= 3 * OF_AN_EXTENSION  # what extensions share


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
