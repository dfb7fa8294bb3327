"""What the tests of reading expect is what the real iptables does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from language.test_read import COMMANDS, CORE, REFUSED

from fwsim.language.commands import apply
from fwsim.language.read import read
from fwsim.language.write import save

from .lab import BASE_CHAINS
from .netns import Netns, require_kernel

require_kernel()

# iptables takes the rest of the file for the comment, and saves what it cannot read back.
_STRICTER = {'-A INPUT -m comment --comment "open'}


@pytest.fixture(scope="module")
def host() -> Iterator[Netns]:
    with Netns() as opened:
        yield opened


def _restore(host: Netns, *lines: str) -> list[str] | None:
    """The rules of INPUT that the real iptables then saves; None if it refuses."""
    chains = [f":{chain} ACCEPT [0:0]" for chain in BASE_CHAINS["filter"]]
    text = "\n".join(["*filter", *chains, *lines, "COMMIT", ""])
    if host.attempt("iptables-legacy-restore", "-c", text=text).returncode:
        return None
    saved = host.run("iptables-legacy-save", "-t", "filter").splitlines()
    start = "-A INPUT"
    return [line.removeprefix(start).strip() for line in saved if line.startswith(start)]


@pytest.mark.parametrize("line", [line for line in REFUSED if line not in _STRICTER])
def test_iptables_refuses_it_too(host: Netns, line: str) -> None:
    assert _restore(host, line) is None


@pytest.mark.parametrize(("lines", "left"), COMMANDS)
def test_commands_do_there_what_they_do_here(
    host: Netns, lines: list[str], left: list[str]
) -> None:
    assert _restore(host, *lines) == left


@pytest.mark.parametrize(("rule", "saved"), CORE)
def test_core_options_are_saved_alike(host: Netns, rule: str, saved: list[str] | None) -> None:
    expected = saved if saved is None else [line.strip() for line in saved]
    assert _restore(host, ":web - [0:0]", f"-A INPUT {rule}") == expected


@pytest.mark.parametrize("command", ["iptables -t raw -A OUTPUT", "iptables -t nat -A OUTPUT"])
def test_a_table_that_is_new_is_listed_first(command: str) -> None:
    text = "*nat\n-A POSTROUTING -j ACCEPT\nCOMMIT\n*filter\n-A INPUT -j DROP\nCOMMIT\n"
    rulesets = {4: read(text)}
    apply(rulesets, command)
    with Netns() as fresh:
        fresh.run("iptables-legacy-restore", text=text)
        fresh.run("iptables-legacy", *command.split()[1:])
        saved = fresh.run("iptables-legacy-save").splitlines(keepends=True)
    assert "".join(line for line in saved if line[0] != "#") == save(rulesets[4])
