"""Take a snapshot: run the shell script that ships with fwsim, and pack what it wrote."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from fwsim.model.errors import PlaceError

if TYPE_CHECKING:
    from tarfile import TarInfo

PACKED = (".tar.gz", ".tgz", ".tar")


def script() -> str:
    """The script, as POSIX shells run it; for hosts without Python."""
    return (Path(__file__).parent / "snapshot.sh").read_text("utf-8")


def take(
    target: Path, *, netns: Iterable[str] = (), docker: bool = False, everything: bool = False
) -> None:
    """Write a snapshot of this host to a new directory, or to an archive where `target` is named
    like one. What cannot be had is said on standard error. PlaceError if nothing can be written."""
    options = [word for name in netns for word in ("--netns", name)]
    options += ["--docker"] * docker + ["--all"] * everything
    if not target.name.endswith(PACKED):
        _run(target, options)
        return
    if target.exists():
        raise PlaceError(f"{target} is there already")
    with TemporaryDirectory() as folder:
        _run(Path(folder, "snapshot"), options)
        _pack(Path(folder, "snapshot"), target)


@contextmanager
def taken() -> Iterator[Path]:
    """A snapshot of all of this host in a directory that is gone afterwards."""
    with TemporaryDirectory() as folder:
        take(Path(folder, "snapshot"), everything=True)
        yield Path(folder, "snapshot")


def _run(folder: Path, options: list[str]) -> None:
    command = ["sh", "-s", "--", "-o", str(folder), *options]
    try:
        done = subprocess.run(command, input=script().encode(), check=False)  # noqa: S603 (ours)
    except FileNotFoundError:
        raise PlaceError("there is no POSIX shell (sh) here to take a snapshot with") from None
    if done.returncode:
        raise PlaceError(f"no snapshot was written to {folder}")


def _pack(folder: Path, target: Path) -> None:
    import tarfile

    with tarfile.open(target, "w" if target.suffix == ".tar" else "w:gz") as archive:
        archive.add(folder, arcname=".", filter=_anonymous)


def _anonymous(member: TarInfo) -> TarInfo:
    """Whose files they were is nobody's business."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member
