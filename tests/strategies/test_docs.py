"""The examples of docs/strategies.md, run: a test before a block of text fails as that says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

GUIDE = Path(__file__).parent.parent.parent / "docs" / "strategies.md"
BLOCKS = re.findall(r"^```(python|text)\n(.*?)^```$", GUIDE.read_text("utf-8"), re.M | re.S)
TESTS = 4


def test_the_examples_do_what_the_guide_says() -> None:
    names: dict[str, Any] = {}
    tried = []
    for (kind, body), (after, shown) in zip(BLOCKS, [*BLOCKS[1:], ("", "")], strict=True):
        if kind != "python":
            continue
        exec(compile(body, str(GUIDE), "exec", dont_inherit=True), names)  # __future__ of its own
        (test,) = re.findall(r"^def (test_\w+)", body, re.M)
        tried.append(test)
        if after != "text":
            names[test]()
            continue
        with pytest.raises(AssertionError) as failure:
            names[test]()
        told = "\n".join(failure.value.__notes__)
        assert [line for line in shown.splitlines() if line not in told] == []
    assert len(tried) == TESTS
