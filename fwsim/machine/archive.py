"""A snapshot's directory as one file, `.tar` or `.tar.gz`: read in memory, and not trusted."""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from collections.abc import Iterator
from functools import partial

from fwsim.machine.pile import FILES, GZIP, HOST, MOST_BYTES, gather
from fwsim.machine.snapshot import assemble
from fwsim.machine.world import World
from fwsim.model.errors import PlaceError

MOST_MEMBERS = 10_000
_BROKEN = (tarfile.TarError, OSError, EOFError, ValueError, OverflowError, RecursionError)
MOST_UNPACKED = 2 * MOST_BYTES


def load_archive(data: bytes, title: str, shown: str) -> World:
    """The world of a snapshot that was packed, with or without its own directory's name.

    Raises PlaceError for what is no such archive, holds anything but plain files and directories
    inside it, or unpacks to more than is believable."""
    files = _inside(_files(_unpacked(data, shown), shown))
    found = (
        (path[0] if len(path) == 2 else "", path[-1], partial(bytes, content))
        for path, content in files.items()
        if len(path) <= 2
    )
    return assemble(gather(found, shown), title, shown)


def _unpacked(data: bytes, shown: str) -> bytes:
    if not data.startswith(GZIP):
        return data
    try:
        with gzip.open(io.BytesIO(data)) as stream:
            plain = stream.read(MOST_UNPACKED + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise PlaceError(f"{shown}: this cannot be unpacked: {error}") from None
    if len(plain) > MOST_UNPACKED:
        raise PlaceError(f"{shown}: unpacks to more than {MOST_UNPACKED >> 20} MiB")
    return plain


def _files(data: bytes, shown: str) -> dict[tuple[str, ...], bytes]:
    """The files that a snapshot may have, by their path."""
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            return dict(_members(archive, shown))
    except (
        tarfile.TarError,
        OSError,
        EOFError,
        ValueError,
        OverflowError,
        RecursionError,
    ) as error:
        raise PlaceError(f"{shown}: this is no tar archive, or a broken one: {error}") from None


def _members(archive: tarfile.TarFile, shown: str) -> Iterator[tuple[tuple[str, ...], bytes]]:
    unpacked = 0
    for count, member in enumerate(archive, 1):
        path = tuple(part for part in member.name.split("/") if part not in ("", "."))
        unpacked += abs(member.size)
        if count > MOST_MEMBERS or abs(member.size) > MOST_BYTES or unpacked > MOST_UNPACKED:
            raise PlaceError(f"{shown}: {member.name}: too much for a snapshot")
        if member.name.startswith("/") or ".." in path:
            raise PlaceError(f"{shown}: {member.name} lies outside the archive")
        if not (member.isreg() or member.isdir()):
            raise PlaceError(f"{shown}: {member.name} is neither a plain file nor a directory")
        if member.isreg() and path and path[-1] in FILES:
            content = archive.extractfile(member)
            assert content is not None
            yield path, content.read()


def _inside(files: dict[tuple[str, ...], bytes]) -> dict[tuple[str, ...], bytes]:
    """The same files without the name of a directory that all of them lie in."""
    while files and all(len(path) > 1 for path in files):
        first = {path[0] for path in files}
        if len(first) > 1 or first == {HOST}:
            break
        files = {path[1:]: data for path, data in files.items()}
    return files
