"""A dockerd in namespaces of its own, containers on it, and commands run inside."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
from io import BytesIO
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest

TOOLS = ("dockerd", "containerd", "runc", "unshare", "nsenter", "ufw", "iptables", "ip")
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"  # Debian's own docker, whatever else is installed
PATIENCE = 60.0  # seconds until dockerd answers


def require_docker() -> None:
    """Return if a dockerd can be started here; else skip, or fail with FWSIM_DOCKER=required."""
    absent = [tool for tool in TOOLS if not shutil.which(tool, path=PATH)]
    if not _busybox().exists():
        absent.append("busybox-static")
    why = "not root" if os.geteuid() else f"{', '.join(absent)} not installed" if absent else ""
    if why and os.environ.get("FWSIM_DOCKER") == "required":
        pytest.fail(f"Docker is required here, but: {why}", pytrace=False)
    if why:
        pytest.skip(f"docker tests: {why}")


def _busybox() -> Path:
    return Path("/bin/busybox")


class DockerHost:
    """Use it as a context manager; all of it is gone at the end, whatever way it ends."""

    def __init__(self, work: Path) -> None:
        script = Path(__file__).with_name("host.sh")
        words = ["unshare", "-n", "-m", "-p", "--fork", "--kill-child", "--mount-proc"]
        self.work = work
        self.process = subprocess.Popen([*words, "sh", str(script), str(work)], env=_environment())
        try:
            self.pid = self._await_child()
            self._await_dockerd()
            self._import_busybox()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> DockerHost:
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

    def docker(self, words: str) -> str:
        """A docker command."""
        return self.run("docker", "-H", "unix:///run/docker.sock", *words.split()).strip()

    def container(self, name: str, port: int, options: str = "") -> None:
        """Start a container whose `port` (tcp) echoes."""
        serve = f"/bin/busybox nc -ll -p {port} -e /bin/busybox cat"
        self.docker(f"run -d --name {name} {options} bb:1 {serve}")

    def _await_child(self) -> int:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return int(_until(lambda: children.read_text().split()[:1])[0])

    def _await_dockerd(self) -> None:
        _until(lambda: not self.attempt("docker", "-H", "unix:///run/docker.sock", "ps").returncode)

    def _import_busybox(self) -> None:
        image = BytesIO()
        with tarfile.open(fileobj=image, mode="w") as archive:
            archive.add(_busybox(), "bin/busybox")
        (self.work / "image.tar").write_bytes(image.getvalue())
        self.docker(f"import {self.work / 'image.tar'} bb:1")


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
    raise RuntimeError("dockerd does not come up")
