"""A fresh network namespace that lives as long as the object that made it.

Namespaces belong to threads, so one worker thread enters the new ones and runs everything that
must happen inside. The process's other threads stay where they were, several namespaces can be
open at once, and nothing is left behind, whatever way the process ends. The mount namespace is
private too: /sys shows the new devices, /run is empty (no shared xtables lock, and names given by
`ip netns add` are this namespace's own).
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import pytest

T = TypeVar("T")

TOOLS = (
    "iptables-legacy-restore", "iptables-nft-restore", "ip6tables-legacy-restore",
    "ip6tables-nft-restore", "ip", "bridge", "nft", "conntrack", "ping", "sysctl", "ss",
)  # fmt: skip
PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin:/usr/bin:/bin"
_CLONE_NEWNS, _CLONE_NEWNET = 0x00020000, 0x40000000
_MS_REC_PRIVATE = 0x4000 | 0x40000
_libc = ctypes.CDLL(None, use_errno=True)


class LabError(Exception):
    """The laboratory could not be built, or one of its commands failed."""


class Netns:
    """A network and mount namespace of its own. Use it as a context manager, or `close` it.

    Fails or skips the running test (see `require_kernel`) where the kernel cannot be asked.
    """

    def __init__(self) -> None:
        require_kernel()
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="netns")
        try:
            self.call(_enter)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave the namespaces. The kernel takes them down with everything in them."""
        self._worker.shutdown()

    def call(self, function: Callable[..., T], *args: Any) -> T:
        """Run a Python function inside and return its result; what it raises is raised here."""
        return self._worker.submit(function, *args).result()

    def attempt(self, *argv: str, text: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command inside, `text` on its standard input, whatever its exit status."""
        return self.call(_command, argv, text)

    def run(self, *argv: str, text: str = "") -> str:
        """Run a command inside and return what it printed. LabError if it fails."""
        done = self.attempt(*argv, text=text)
        if done.returncode:
            words = " ".join(argv)
            raise LabError(f"{words}: {done.returncode}: {done.stderr or done.stdout}{text}")
        return done.stdout

    def sysctl(self, name: str, value: object) -> None:
        """Set a sysctl, named with dots, or with slashes where a device's name has a dot."""
        path = Path("/proc/sys") / (name if "/" in name else name.replace(".", "/"))
        self.call(path.write_text, str(value))


@cache
def kernel_missing(uid: int = 0) -> str:
    """What keeps this machine from asking its kernel, in a few words; empty if nothing does.
    With `uid`: or from sending as that user, whom a user namespace may not know."""
    absent = [tool for tool in TOOLS if not shutil.which(tool, path=PATH)]
    if os.geteuid():
        return "not root (try: unshare -Urn)"
    if absent:
        return f"{', '.join(absent)} not installed"
    if not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        return "/dev/net/tun cannot be opened"
    if not _maps(uid):
        return f"user {uid} is not mapped in this user namespace"
    try:
        with ThreadPoolExecutor(1) as worker:
            worker.submit(_enter).result()
    except LabError as error:
        return str(error)
    return ""


def require_kernel(uid: int = 0) -> None:
    """Return if the kernel can be asked (as `uid`). Else skip the test, or the module that calls
    this at its top; with FWSIM_KERNEL=required in the environment fail instead."""
    missing = kernel_missing(uid)
    if missing and os.environ.get("FWSIM_KERNEL") == "required":
        pytest.fail(f"kernel tests are required here, but: {missing}", pytrace=False)
    if missing:
        pytest.skip(f"kernel tests: {missing}", allow_module_level=True)


def _enter() -> None:
    _must(_libc.unshare(_CLONE_NEWNET | _CLONE_NEWNS), "a network namespace")
    _must(_libc.mount(b"none", b"/", None, _MS_REC_PRIVATE, None), "private mounts")
    _must(_libc.mount(b"sysfs", b"/sys", b"sysfs", 0, None), "mounting /sys")
    _must(_libc.mount(b"tmpfs", b"/run", b"tmpfs", 0, None), "mounting /run")


def _maps(uid: int) -> bool:
    lines = Path("/proc/self/uid_map").read_text().splitlines()
    ranges = (tuple(map(int, line.split())) for line in lines)
    return any(first <= uid < first + count for first, _, count in ranges)


def _must(result: int, what: str) -> None:
    if result:
        raise LabError(f"{what} is refused: {os.strerror(ctypes.get_errno())}")


def _command(argv: tuple[str, ...], text: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": PATH, "LC_ALL": "C"}
    return subprocess.run(
        argv, input=text, capture_output=True, text=True, check=False, env=environment
    )
