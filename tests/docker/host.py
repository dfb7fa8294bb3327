"""A dockerd, or a podman, in namespaces of its own, containers on it, and commands run inside."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
from io import BytesIO
from pathlib import Path
from time import monotonic, sleep
from typing import Any, NamedTuple

import pytest

TOOLS = ("unshare", "nsenter", "iptables", "ip")
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"  # Debian's own docker, whatever else is installed
PATIENCE = 60.0  # seconds until the engine answers


class Engine(NamedTuple):
    """What runs containers: how it is called, and what it needs."""

    name: str
    words: tuple[str, ...]
    tools: tuple[str, ...]


DOCKER = Engine(
    "docker", ("docker", "-H", "unix:///run/docker.sock"),
    ("dockerd", "containerd", "runc", "ufw"),
)  # fmt: skip
PODMAN = Engine("podman", ("podman",), ("podman", "crun"))


def require(engine: Engine) -> None:
    """Return if the engine can be started here; else skip, or fail with FWSIM_DOCKER=required."""
    absent = [tool for tool in (*engine.tools, *TOOLS) if not shutil.which(tool, path=PATH)]
    if not _busybox().exists():
        absent.append("busybox-static")
    why = "not root" if os.geteuid() else f"{', '.join(absent)} not installed" if absent else ""
    if why and os.environ.get("FWSIM_DOCKER") == "required":
        pytest.fail(f"{engine.name} is required here, but: {why}", pytrace=False)
    if why:
        pytest.skip(f"docker tests: {why}")


def _busybox() -> Path:
    return Path("/bin/busybox")


class EngineHost:
    """Use it as a context manager; all of it is gone at the end, whatever way it ends."""

    def __init__(self, work: Path, engine: Engine = DOCKER) -> None:
        script = Path(__file__).with_name("host.sh")
        words = ["unshare", "-n", "-m", "-p", "--fork", "--kill-child", "--mount-proc"]
        self.work, self.ran_by = work, engine
        words += ["sh", str(script), str(work), engine.name]
        self.process = subprocess.Popen(words, env=_environment())
        try:
            self.pid = self._await_child()
            self._await_engine()
            self._import_busybox()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> EngineHost:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the first process of the namespaces; the kernel ends the others."""
        self.process.kill()
        self.process.wait()

    def attempt(self, *argv: str, **how: Any) -> subprocess.CompletedProcess[str]:
        """Run a command inside, whatever its exit status."""
        inside = ("nsenter", "-t", str(self.pid), "-m", "-n", "-p", "--wd=/", *argv)
        return subprocess.run(
            inside, capture_output=True, text=True, check=False, env=_environment(), **how
        )

    def run(self, *argv: str, **how: Any) -> str:
        """Run a command inside; what it printed."""
        done = self.attempt(*argv, **how)
        if done.returncode:
            raise RuntimeError(f"{' '.join(argv)}: {done.returncode}: {done.stderr}{done.stdout}")
        return done.stdout

    def engine(self, words: str) -> str:
        """A command of docker's or podman's."""
        return self.run(*self.ran_by.words, *words.split()).strip()

    def container(self, name: str, port: int, options: str = "") -> None:
        """Start a container whose `port` (tcp) echoes."""
        serve = f"/bin/busybox nc -ll -p {port} -e /bin/busybox cat"
        self.engine(f"run -d --name {name} {options} bb:1 {serve}")

    def entry(self, name: str) -> tuple[str, ...]:
        """The words before a command that is to run in a container, in `wan` or on the host."""
        if name == "host":
            return ()
        if name == "wan":
            return ("ip", "netns", "exec", "wan")
        pid = self.engine(f"inspect --format {{{{.State.Pid}}}} {name}")
        return ("nsenter", "-t", pid, "-n")

    def addresses(self, name: str) -> list[str]:
        """A container's addresses."""
        form = "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{.GlobalIPv6Address}} {{end}}"
        return self.run(*self.ran_by.words, "inspect", "--format", form, name).split()

    def snapshot(self, folder: Path) -> None:
        """Write it down with `fwsim snapshot`."""
        path = f"PYTHONPATH={os.pathsep.join(filter(None, sys.path))}"
        words = ("env", path, sys.executable, "-m", "fwsim", "snapshot", "--all")
        self.run(*words, "-o", str(folder))

    def seen(self, name: str, asked: list[tuple[str, ...]]) -> list[str]:
        """What a client there sees of each target."""
        probe = Path(__file__).with_name("probe.py").read_text()
        enter = self.entry(name)
        self.run(*enter, "sysctl", "-qw", "net.ipv4.ping_group_range=0 2147483647")
        lines = "\n".join(map(" ".join, asked))
        return self.run(*enter, sys.executable, "-c", probe, input=lines).split("\n")[: len(asked)]

    def _await_child(self) -> int:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return int(_until(lambda: children.read_text().split()[:1])[0])

    def _await_engine(self) -> None:
        ready = ("cat", "/run/ready") if self.ran_by is PODMAN else (*self.ran_by.words, "ps")
        _until(lambda: not self.attempt(*ready).returncode)

    def _import_busybox(self) -> None:
        image = BytesIO()
        with tarfile.open(fileobj=image, mode="w") as archive:
            archive.add(_busybox(), "bin/busybox")
        (self.work / "image.tar").write_bytes(image.getvalue())
        self.engine(f"import {self.work / 'image.tar'} bb:1")


def _environment() -> dict[str, str]:
    return {**os.environ, "PATH": PATH, "LC_ALL": "C"}


def _until(found: Any) -> Any:
    """Wait for another process to come so far; there is nothing to be told by."""
    end = monotonic() + PATIENCE
    while monotonic() < end:
        value = found()
        if value:
            return value
        sleep(0.05)
    raise RuntimeError("it does not come up")
