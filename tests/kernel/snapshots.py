"""A machine written down by standard commands, in the layout that fwsim reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

Run = Callable[..., str]

COMMANDS = {
    "ip-addr.json": "ip -j -d addr",
    "ip-route.json": "ip -j route show table all",
    "ip-route6.json": "ip -6 -j route show table all",
    "ip-rule.json": "ip -j rule",
    "ip-rule6.json": "ip -6 -j rule",
    "ip-neigh.json": "ip -j neigh",
    "bridge-fdb.json": "bridge -j fdb",
    "conntrack": "conntrack -L -o extended",
    "ss": "ss -tulnH",
}


def write_snapshot(run: Run, directory: Path, backends: Mapping[int, str]) -> None:
    """Run the commands by `run` and write each one's output to the file named for it. `backends`
    says for each family whether its rules are in `legacy` (the default) or `nft`."""
    directory.mkdir(parents=True, exist_ok=True)
    for family, name in ((4, "iptables"), (6, "ip6tables")):
        printed = run(f"{name}-{backends.get(family, 'legacy')}-save", "-c")
        (directory / f"{name}-save").write_text(printed)
    for name, command in COMMANDS.items():
        (directory / name).write_text(run(*command.split()))
    settings = run("sysctl", "-a").splitlines(keepends=True)
    (directory / "sysctl").write_text("".join(s for s in settings if s.startswith("net.")))
