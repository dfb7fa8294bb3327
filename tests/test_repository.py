"""The repository as users and packagers find it."""

from __future__ import annotations

import re
import subprocess
import tomllib
import zipfile
from pathlib import Path

import pytest
from conftest import skips

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
# A path of the machine that this was written on says nothing to anybody else.
MACHINE_PATH = re.compile(r"(?<![\w.~}$])/(?:work|root|home/[a-z]+|tmp)/[\w.-]")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    from hatchling.builders.wheel import WheelBuilder

    built = WheelBuilder(str(ROOT)).build(directory=str(tmp_path_factory.mktemp("dist")))
    return zipfile.ZipFile(next(iter(built)))


@pytest.mark.parametrize(
    ("source", "shipped"),
    [
        ("fwsim", "fwsim"),
        ("grammars", "fwsim/grammars"),
        ("fixtures/examples", "fwsim/fixtures/examples"),
    ],
)
def test_the_wheel_holds_all_that_is_committed(
    wheel: zipfile.ZipFile, source: str, shipped: str
) -> None:
    wanted = {f"{shipped}/{path.relative_to(source)}" for path in committed(source)}
    assert [name for name in wanted if not Path(name).name.startswith(".")], "only placeholders"
    assert wanted <= set(wheel.namelist())


def test_the_wheel_is_typed_and_has_the_command(wheel: zipfile.ZipFile) -> None:
    assert "fwsim/py.typed" in wheel.namelist()
    info = f"fwsim-{PROJECT['version']}.dist-info"
    assert "fwsim = fwsim.cli:main" in wheel.read(f"{info}/entry_points.txt").decode()
    assert f"{info}/licenses/LICENSE" in wheel.namelist()


def test_the_changelog_tells_of_this_version() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    assert re.search(rf"^## {re.escape(PROJECT['version'])}\b", text, re.MULTILINE)


def test_no_committed_file_names_a_path_of_one_machine() -> None:
    found = [
        f"{path}:{number}: {line.strip()}"
        for path in committed(".")
        if path != Path("tests/test_repository.py")
        for number, line in enumerate(text_of(path).splitlines(), 1)
        if MACHINE_PATH.search(line)
    ]
    assert not found


def test_no_committed_file_has_the_marks_of_a_merge() -> None:
    marked = re.compile("^(<{7} |>{7} |={7}$)", re.M)
    assert [str(path) for path in committed(".") if marked.search(text_of(path))] == []


@pytest.mark.parametrize(
    ("line", "bad"),
    [
        ("see /work/main", True),
        ("in /root/x", True),
        ("HOME=/home/me/y", True),
        ("/tmp/z", True),
        ("/dev/net/tun, /etc/ssl, a/work/b", False),
        ("https://example.org/tmp/x", False),
    ],
)
def test_what_counts_as_a_path_of_one_machine(line: str, bad: bool) -> None:
    assert bool(MACHINE_PATH.search(line)) is bad


def test_kernel_and_browser_tests_skipped_are_a_line_each_and_others_keep_theirs() -> None:
    reports = [
        ("tests/kernel/test_a.py", "Skipped: kernel tests: not root"),
        ("tests/kernel/test_b.py::test_one", "Skipped: kernel tests: not root"),
        ("tests/kernel/test_b.py::test_two", "Skipped: kernel tests: not root"),
        ("tests/test_c.py::test_three", "Skipped: another reason"),
        ("tests/browser/test_d.py::test_four", "Skipped: browser tests: no chromium"),
    ]
    assert skips(reports) == [
        "skipped tests/test_c.py::test_three: another reason",
        "kernel tests skipped: 1 whole files and 2 tests: not root",
        "browser tests skipped: 0 whole files and 1 tests: no chromium",
    ]


def committed(under: str) -> list[Path]:
    """Files that git keeps below a directory and that are there."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: nothing tells what is committed")
    run = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z", under],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [Path(name) for name in run.stdout.split("\0") if name and (ROOT / name).is_file()]


def text_of(path: Path) -> str:
    data = (ROOT / path).read_bytes()
    return "" if b"\0" in data else data.decode("utf-8", "replace")
