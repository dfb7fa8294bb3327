"""Extensions that a kernel may be built without: there iptables reads and lists, and no more."""

from __future__ import annotations

from .netns import Netns

OPTIONAL = {"ipvs": "-m ipvs --ipvs"}
"""Each with words that only a kernel that has it takes."""


def absent(host: Netns) -> frozenset[str]:
    """Those that this kernel is without."""
    return frozenset(name for name, words in OPTIONAL.items() if _is_absent(host, words.split()))


def _is_absent(host: Netns, words: list[str]) -> bool:
    done = host.attempt("iptables-legacy", "-A", "OUTPUT", *words)
    if not done.returncode:
        host.run("iptables-legacy", "-D", "OUTPUT", *words)
    return "No chain/target/match by that name" in done.stderr
