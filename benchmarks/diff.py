"""How long `fwsim diff` takes as a whole, reading included, on kube-proxy's dumps of 300 and 1,000
services (4,261 and 14,132 rules) before and after a change; CPU time and memory of whole processes.
Exit status 1 if one of 300 services is above LIMIT.
"""

from __future__ import annotations

import re
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from reading import CORPUS

FOLDER = CORPUS / "generated+kube-proxy-1.20.2"
LIMIT = 10.0  # seconds
NAMED = re.compile(r'"(\S+) cluster IP"')


def changed(lines: list[str]) -> Iterator[tuple[str, list[str]]]:
    """What is done to a dump, and the dump that it makes."""
    yield "nothing", lines
    at = [n for n, line in enumerate(lines) if "--to-destination" in line][100]
    other = re.sub(r"--to-destination [\d.]+", "--to-destination 10.99.1.2", lines[at])
    yield "one endpoint changed", [*lines[:at], other, *lines[at + 1 :]]
    yield "one service removed", [line for line in lines if line not in _of_one(lines)]
    at = next(n for n, line in enumerate(lines) if line.startswith("-A KUBE-FORWARD "))
    new = "-A KUBE-FORWARD -s 10.20.30.0/24 -d 10.96.0.0/12 -p tcp -m tcp --dport 23 -j DROP"
    yield "a rule in front of KUBE-FORWARD", [*lines[:at], new, *lines[at:]]
    yield "services in another order", _shuffled(lines)


def _of_one(lines: list[str]) -> set[str]:
    """The rules of the first service, and of its endpoints."""
    jump = next(line for line in lines if NAMED.search(line) and "-j KUBE-SVC" in line)
    found = NAMED.search(jump)
    assert found
    service = jump.rpartition(" ")[2]
    own = [line for line in lines if line.startswith(f"-A {service} ")]
    ends = re.findall(r"KUBE-SEP-\w+", " ".join(own))
    words = (f'"{found[1]}', service, *ends)
    return {line for line in lines if any(word in line for word in words)}


def _shuffled(lines: list[str]) -> list[str]:
    at = [n for n, line in enumerate(lines) if NAMED.search(line) and "KUBE-SERVICES" in line]
    at = [n for n in at if n > lines.index("*nat")]
    groups: dict[str, list[str]] = {}
    for number in at:
        found = NAMED.search(lines[number])
        groups.setdefault(found[1] if found else "", []).append(lines[number])
    names = Random(1).sample(list(groups), len(groups))
    moved = iter([line for name in names for line in groups[name]])
    return [next(moved) if number in at else line for number, line in enumerate(lines)]


def measured(old: Path, new: Path) -> tuple[float, int, int]:
    """CPU seconds, megabytes and exit status of one run."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run = subprocess.run(
        [sys.executable, "-m", "fwsim", "diff", "--json", str(old), str(new)],
        stdout=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    took = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return took, after.ru_maxrss // 1024, run.returncode


def main() -> int:
    worst = 0.0
    with TemporaryDirectory() as folder:
        for services in (300, 1000):
            old = FOLDER / f"v4-{services}svc.save"
            if not old.exists():
                print(f"{old.name} is not here: not measured")
                continue
            for what, lines in changed(old.read_text().splitlines()):
                new = Path(folder, "new")
                new.write_text("\n".join(lines) + "\n")
                seconds, megabytes, status = measured(old, new)
                print(
                    f"{services:5} services, {what:32} {seconds:6.2f} s CPU, status {status},"
                    f" at most {megabytes} MB so far",
                    flush=True,
                )
                worst = max(worst, seconds * (services == 300))
    print(f"limit, for 300 services: {LIMIT} s")
    return int(worst > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
