"""How long the default trace takes from cold, against an interpreter that only imports lark.

Both are run in turn, so that a busy machine slows both. Exit status 1 if the median of the paired
ratios is above LIMIT.
"""

from __future__ import annotations

import os
import subprocess
import sys
from statistics import median
from time import perf_counter

LARK = ("-c", "import lark")
TRACE = ("-m", "fwsim", "trace", "--src", "172.18.0.3", "--dst", "8.8.8.8")
WARM_UP, PAIRS, LIMIT = 3, 21, 1.2


# An installed fwsim has its bytecode; so does this one after the warm-up.
ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}


def seconds(arguments: tuple[str, ...], expected: int) -> float:
    start = perf_counter()
    run = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=False, env=ENVIRONMENT
    )
    taken = perf_counter() - start
    # An interpreter that fails also ends with 1, and would be measured as a quick trace.
    if run.returncode != expected or run.stderr or (expected and not run.stdout):
        sys.exit(f"{' '.join(arguments)} ended with {run.returncode}:\n{run.stderr}")
    return taken


def pair() -> tuple[float, float]:
    # Status 1: in the default world the reply is dropped.
    return seconds(LARK, 0), seconds(TRACE, 1)


def main() -> int:
    for _ in range(WARM_UP):  # writes the .pyc files and fills the page cache
        pair()
    pairs = [pair() for _ in range(PAIRS)]
    lark, trace = (median(column) * 1000 for column in zip(*pairs, strict=True))
    ratio = median(trace / lark for lark, trace in pairs)
    print(f"import lark    {lark:6.1f} ms   median of {PAIRS}")
    print(f"default trace  {trace:6.1f} ms   median of {PAIRS}")
    print(f"paired ratio   {ratio:6.2f}      median; at most {LIMIT}")
    return int(ratio > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
