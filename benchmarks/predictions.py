"""How long a prediction takes on a real Docker host, read once: every attempt of shared/snapshots.

CPU time, as there is nothing to compare with. Exit status 1 if the median or the mean is above
LIMIT milliseconds."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from statistics import mean, median
from time import process_time

import fwsim

HOST = Path(__file__).resolve().parents[2] / "shared" / "snapshots" / "docker-legacy"
LIMIT = 10.0


def main() -> int:
    if not HOST.is_dir():
        print("the hosts' snapshots are not here: nothing measured")
        return 0
    net = fwsim.load(str(HOST / "snapshot"))
    taken = []
    for line in (HOST / "truth.jsonl").read_text().splitlines():
        asked = json.loads(line)
        start = process_time()
        net.trace(
            src=asked["from"], dst=asked["dst"], proto=asked["proto"], dport=asked.get("dport")
        )
        taken.append((process_time() - start) * 1000)
    print(
        f"{len(taken)} predictions: median {median(taken):.1f} ms, mean {mean(taken):.1f} ms,"
        f" longest {max(taken):.1f} ms; at most {LIMIT:.0f}"
    )
    return int(max(median(taken), mean(taken)) > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
