"""How long all of `fwsim lint` takes, reading included, on kube-proxy's 14,132 rules and on 10,000
random ones (every rule its own addresses and port); CPU time and memory of whole processes. Exit
status 1 if one is above LIMIT or MEMORY.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from reading import PUBLISHED

LIMIT, MEMORY = 5.0, 2048  # seconds, MB
RULES = 10_000


def random_rules(rng: Random) -> str:
    """A FORWARD chain of rules that have nothing to do with each other."""
    lines = ["*filter", ":INPUT ACCEPT [0:0]", ":FORWARD DROP [0:0]", ":OUTPUT ACCEPT [0:0]"]
    for _ in range(RULES):
        src, dst = (".".join(str(rng.randrange(1, 255)) for _ in range(4)) for _ in range(2))
        proto, end = rng.choice(("tcp", "udp")), rng.choice(("ACCEPT", "DROP"))
        port = rng.randrange(1, 65535)
        lines.append(
            f"-A FORWARD -s {src}/32 -d {dst}/32 -p {proto} -m {proto} --dport {port} -j {end}"
        )
    return "\n".join([*lines, "COMMIT\n"])


def measured(path: str) -> tuple[float, int]:
    """CPU seconds and megabytes of one run."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run = subprocess.run(
        [sys.executable, "-m", "fwsim", "lint", "--json", "--from", path],
        stdout=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    assert run.returncode in (0, 1)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    took = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return took, after.ru_maxrss // 1024


def main() -> int:
    worst = 0.0
    with TemporaryDirectory() as folder:
        path = Path(folder, "random")
        path.write_text(random_rules(Random(5)))
        for name, place in (("kube-proxy", PUBLISHED), ("random", path)):
            if not place.exists():
                print(f"{name:12} is not here: not measured")
                continue
            seconds, megabytes = min(measured(str(place)) for _ in range(3))
            print(f"{name:12} {seconds:6.2f} s CPU, at most {megabytes} MB so far")
            worst = max(worst, seconds / LIMIT, megabytes / MEMORY)
    print(f"limits: {LIMIT} s and {MEMORY} MB; the best of three runs each")
    return int(worst > 1)


if __name__ == "__main__":
    sys.exit(main())
