"""Execute the notebooks and write their outputs: `python -m tests.notebooks`, or with the paths of
those that are meant."""

from __future__ import annotations

import sys
from pathlib import Path

from .running import NOTEBOOKS, executed, read, written

for path in map(Path, sys.argv[1:] or NOTEBOOKS):
    before = path.read_text("utf-8")
    after = written(executed(read(path)))
    path.write_text(after, "utf-8")
    print(f"{path.name}: {'as it was' if after == before else 'written anew'}")
