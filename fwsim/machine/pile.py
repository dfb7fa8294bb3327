"""The files of a snapshot, found but not yet read; how much is read, and what counts as text."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import BinaryIO

from fwsim.model.errors import PlaceError

HOST = "host"
MOST_BYTES = 64 << 20
GZIP = b"\x1f\x8b"
RULES = {4: "iptables-save", 6: "ip6tables-save"}
FILES = frozenset({
    *RULES.values(), "ipset-save", "ip-addr.json", "ip-route.json", "ip-route6.json",
    "ip-rule.json", "ip-rule6.json", "ip-neigh.json", "bridge-fdb.json", "conntrack", "sysctl",
    "ss", "docker-network-inspect.json", "docker-inspect.json", "docker-ps.json",
})  # fmt: skip

Pile = Mapping[str, Mapping[str, Callable[[], bytes]]]
Files = dict[str, dict[str, Callable[[], bytes]]]


def pile_of(folder: str | os.PathLike[str]) -> Files:
    """The files of each namespace. Raises PlaceError for a directory that cannot be listed."""
    try:
        found = [
            (namespace, name, partial(read_file, path)) for namespace, name, path in _find(folder)
        ]
    except OSError as error:
        raise PlaceError(f"{folder}: {error.strerror or error}") from None
    return gather(found, str(folder))


def gather(found: Iterable[tuple[str, str, Callable[[], bytes]]], shown: str) -> Files:
    """A pile of (namespace, file, how to read it); what lies beside the namespaces is `host`'s."""
    pile: Files = {}
    for namespace, name, content in found:
        files = pile.setdefault(namespace or HOST, {})
        if name in files:
            raise PlaceError(f"{shown}: both {name} and {HOST}/{name} are there: keep one")
        files[name] = content
    return pile


def _find(folder: str | os.PathLike[str]) -> Iterator[tuple[str, str, str]]:
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if entry.name in FILES:
            yield "", entry.name, entry.path
        elif entry.is_dir():
            inner = sorted(os.listdir(entry.path))
            for name in inner:
                if name in FILES:
                    yield entry.name, name, os.path.join(entry.path, name)


def read_file(path: str | os.PathLike[str]) -> bytes:
    """A file's bytes. Raises PlaceError if it cannot be read or is too large."""
    try:
        with open(path, "rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise PlaceError(f"{path}: {error.strerror or error}") from None
    return bounded(data, str(path))


def standard_input() -> BinaryIO:
    """The bytes of standard input. Raises PlaceError if it is closed."""
    if sys.stdin is None:
        raise PlaceError("standard input is closed")
    return sys.stdin.buffer


def bounded(data: bytes, name: str) -> bytes:
    """The same bytes. Raises PlaceError if there are too many."""
    if len(data) > MOST_BYTES:
        raise PlaceError(f"{name}: larger than {MOST_BYTES >> 20} MiB: this is no such listing")
    return data


def as_text(data: bytes, name: str) -> str:
    """Bytes as text, odd ones kept as they are. Raises PlaceError for what is no text."""
    if b"\0" in data:
        line = data.count(b"\n", 0, data.index(b"\0")) + 1
        wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
        hint = "It is UTF-16, as PowerShell writes: `iconv -f UTF-16 -t UTF-8 FILE | tr -d '\\r'`."
        message = f"{name}: this is no text: it has a NUL byte in line {line}"
        raise PlaceError(message, hint=hint if wide else None)
    return data.decode("utf-8", "surrogateescape")


def is_packed(data: bytes) -> bool:
    """The bytes begin as gzip's or tar's do."""
    return data.startswith(GZIP) or data[257:262] == b"ustar"
