"""How long it takes to load a snapshot's table of 100,000 connections, no two with the same ends,
and to send a packet of one of them.

Exit status 1 if loading takes more than LIMIT seconds of CPU time."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from time import process_time

import fwsim

CONNECTIONS, LIMIT = 100_000, 6.0
RULES = """*nat
-A POSTROUTING -o eth0 -j MASQUERADE
COMMIT
*filter
-A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT
COMMIT
"""


def lines() -> Iterator[str]:
    rng = Random(1)
    for number in range(CONNECTIONS):
        guest, port = f"172.18.{number >> 8 & 255}.{number & 255}", rng.randrange(1024, 65536)
        far = ".".join(str(rng.randrange(1, 223)) for _ in range(4))
        yield (
            f"ipv4     2 tcp      6 {rng.randrange(432000)} ESTABLISHED src={guest} dst={far} "
            f"sport={port} dport=443 src={far} dst=192.0.2.10 sport=443 dport={port} [ASSURED] "
            "mark=0 use=1\n"
        )


def main() -> int:
    with TemporaryDirectory() as folder:
        table = list(lines())
        Path(folder, "conntrack").write_text("".join(table))
        Path(folder, "iptables-save").write_text(RULES)
        started = process_time()
        net = fwsim.load(folder)
        loaded = process_time()
        words = dict(word.split("=") for word in table[-1].split() if "=" in word)
        packet = {"in": "eth0", "src": words["src"], "dst": "192.0.2.10", "proto": "tcp",
                  "sport": 443, "dport": int(words["dport"]), "flags": ["ACK"]}  # fmt: skip
        state = net.trace(packet, one_way=True).legs[0].ctstate
        traced = process_time()
    assert state == "ESTABLISHED"
    print(
        f"{CONNECTIONS} connections: loaded in {loaded - started:.2f} s of CPU time (at most "
        f"{LIMIT:.0f}), a packet of one of them in {(traced - loaded) * 1000:.1f} ms"
    )
    return int(loaded - started > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
