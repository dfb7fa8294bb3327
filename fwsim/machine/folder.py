"""One namespace's files, read. What is damaged is left out, and said once, with what that means for
the answers; only rules must be sound."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

from fwsim.machine import iproute
from fwsim.machine.iproute import Entry
from fwsim.machine.pile import as_text
from fwsim.machine.settings import is_damaged, settings
from fwsim.model.errors import FwsimError, PlaceError

T = TypeVar("T")

MOST_VALUES = 1_000_000  # of all files together: a parsed one costs up to some 400 bytes
_MOST_ITEMS_TOLD = 5
NOT_ROUTES = "only the routes that its addresses bring along are known"
_NOT_RULES = "policy routing is taken to be as on every host"
_NOT_NAMES = "containers are known by the names of their namespaces alone"
_MEANS = {
    "ip-addr.json": "its devices and addresses are not known",
    "ip-route.json": NOT_ROUTES,
    "ip-route6.json": NOT_ROUTES,
    "ip-rule.json": _NOT_RULES,
    "ip-rule6.json": _NOT_RULES,
    "ip-neigh.json": "who has which address is told by the namespaces alone",
    "bridge-fdb.json": "what is behind which port is told by the namespaces alone",
    "ipset-save": "what its sets hold is not known",
    "sysctl": "its settings are taken to be the usual ones",
    "ss": "something is assumed to listen wherever it is asked for",
    "conntrack": "what is connected already is not known",
    "docker-inspect.json": _NOT_NAMES,
    "docker-ps.json": _NOT_NAMES,
    "docker-network-inspect.json": "networks are not known by name",
}


class Budget:
    """How many values a snapshot may hold in all, so that a small file cannot fill the memory."""

    def __init__(self) -> None:
        self.left = MOST_VALUES

    def spend(self, text: str, path: str) -> None:
        """Raises PlaceError where the text holds too many values: commas or lines."""
        self.left -= text.count("," if path.endswith(".json") else "\n")
        if self.left < 0:
            self.left = 0
            raise PlaceError(f"{path}: with it there are more than {MOST_VALUES} values")


class Folder:
    """The files of a namespace; `damage` what was left out of them."""

    def __init__(
        self, name: str, files: Mapping[str, Callable[[], bytes]], where: str, budget: Budget
    ) -> None:
        self.name, self.files, self.where, self.budget = name, files, where, budget
        self.damage: dict[str, None] = {}
        self.lost: set[str] = set()
        self.read: dict[str, list[Entry]] = {}

    def path(self, file: str) -> str:
        """What people call the file."""
        return os.path.join(self.where, file)

    def sure(self, file: str) -> str:
        """The text of a file that must be sound. Raises PlaceError if it cannot be had."""
        return as_text(self.files[file](), self.path(file))

    def text(self, file: str) -> str:
        """The text of a file that may be missing or damaged; then there is none."""

        def told() -> str:
            text = as_text(self.files[file](), self.path(file))
            self.budget.spend(text, self.path(file))
            return text

        return self.sound(file, told, "") if file in self.files else ""

    def sound(self, file: str, reading: Callable[[], T], default: T) -> T:
        """What `reading` makes of the file, the default where it is refused."""
        try:
            return reading()
        except FwsimError as error:
            self.damage[f"{_one_line(error)}; left out: {_MEANS[file]}"] = None
            self.lost.add(file)
            return default

    def has(self, file: str) -> bool:
        """The file is there, and was not found damaged."""
        return file in self.files and file not in self.lost

    def entries(self, file: str) -> list[Entry]:
        """A JSON file's objects, read once; none if it is missing, empty or damaged."""
        if file not in self.read:
            text = self.text(file)
            self.read[file] = self.sound(file, lambda: _parsed(text, self.path(file)), [])
        return self.read[file]

    def each(self, file: str, reading: Callable[[Entry], T]) -> Iterator[T]:
        """What `reading` makes of each of a JSON file's objects, but for those that it refuses."""
        wrong = 0
        for entry in self.entries(file):
            try:
                yield reading(entry)
            except PlaceError as error:
                wrong += 1
                if wrong <= _MOST_ITEMS_TOLD:
                    self._leave_out(file, entry, error.message)
        if wrong > _MOST_ITEMS_TOLD:
            self.damage[f"{self.path(file)}: {wrong - _MOST_ITEMS_TOLD} more items so"] = None

    def settings(self) -> dict[str, str]:
        """The sysctls, but for those whose value cannot be."""
        found = {}
        for line, name, value in settings(self.text("sysctl")):
            if is_damaged(name, value):
                where = f"{self.path('sysctl')}:{line}:1"
                what = f"{name} is {value[:60]!r}: expected a number"
                self.damage[f"{where}: {what}; left out: what is usual is taken"] = None
            else:
                found[name] = value
        return found

    def _leave_out(self, file: str, entry: Entry, message: str) -> None:
        line, column = _position(self.sure(file), entry.item)
        what = message.removeprefix(self.path(file))
        where = f"{self.path(file)}:{line}:{column}"
        self.damage[f"{where}{what}; left out: this one item"] = None


def _one_line(error: FwsimError) -> str:
    span = error.span
    where = f"{span.source.name}:{span.line}:{span.column}: " if span else ""
    return where + error.message


def _position(text: str, number: int) -> tuple[int, int]:
    """Line and column at which an item of a JSON list, or of a list of lines, begins."""
    if _has_lines(text):
        return _line_numbers(text)[number - 1], 1
    blank, at, read = " \t\r\n,", text.index("[") + 1, json.JSONDecoder().raw_decode
    for left in range(number - 1, -1, -1):
        while text[at] in blank:
            at += 1
        if left:
            at = read(text, at)[1]
    return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)


def _parsed(text: str, path: str) -> list[Entry]:
    if not text.strip():
        return []
    if os.path.basename(path).startswith("docker-") and _has_lines(text):
        return _parsed_lines(text, path)
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        where = f"{path}:{error.lineno}:{error.colno}"
        raise PlaceError(f"{where}: this is no JSON: {error.msg}; is it cut off?") from None
    except (RecursionError, ValueError):
        raise PlaceError(f"{path}: this is no JSON that a command prints") from None
    return iproute.entries(value, path)


def _has_lines(text: str) -> bool:
    """It is one JSON object a line, as Docker prints where it is asked for `{{json .}}`."""
    return text.lstrip().startswith("{")


def _line_numbers(text: str) -> list[int]:
    return [number for number, line in enumerate(text.split("\n"), 1) if line.strip()]


def _parsed_lines(text: str, path: str) -> list[Entry]:
    lines, found = text.split("\n"), []
    for number in _line_numbers(text):
        try:
            found.append(json.loads(lines[number - 1]))
        except (RecursionError, ValueError):
            raise PlaceError(f"{path}:{number}:1: this line is no JSON; is it cut off?") from None
    return iproute.entries(found, path)
