"""How long `Net.verdicts` takes for a packet over many rules, against the kernel's own walk.

Every rule has its own addresses and port; half of the packets match one of them, anywhere in the
chain. The same packets go through the same rules in the kernel: sent in a network namespace, the
time without any rule subtracted. Both are measured in turn. Exit status 1 where the paired ratio
is below its limit.
"""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import NamedTuple

import numpy as np
from reading import namespace

import fwsim
from fwsim.model.names import address_text
from fwsim.model.packet import UDP, Packet
from fwsim.model.wire import to_bytes

LIMITS = {10_000: 50, 100_000: 1_000}  # rules: how many times the kernel's rate
SENT = {10_000: 2_000, 100_000: 200}  # packets that the kernel is given at a time
MILLION, ROUNDS = 1_000_000, 5
SENDER = """
import socket, subprocess, sys
from time import perf_counter
size, rules, packets = int(sys.argv[1]), sys.argv[2], open(sys.argv[3], "rb").read()
for line in ("link add out type veth peer name far", "link set far up", "link set out up arp off",
             "addr add 192.0.2.1/24 dev out", "route add default dev out"):
    subprocess.run(["ip", *line.split()], check=True)
subprocess.run(["iptables-legacy-restore", rules], check=True)
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
frames = [packets[at:at + size] for at in range(0, len(packets), size)]
for _ in sys.stdin:
    start = perf_counter()
    for frame in frames:
        raw.sendto(frame, ("203.0.113.1", 0))
    print((perf_counter() - start) / len(frames), flush=True)
"""


class Rule(NamedTuple):
    src: int
    dst: int
    dport: int


class Case(NamedTuple):
    """A ruleset, packets as columns, and some of them as they are on the wire, all equally long."""

    text: str
    columns: dict[str, object]
    frames: list[bytes]


EMPTY = "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n"


def case(rules: int, seed: int = 1) -> Case:
    random = Random(seed)
    made = [Rule(_address(random), _address(random), random.randrange(65536)) for _ in range(rules)]
    lines = [
        f"-A OUTPUT -s {address_text(r.src)}/32 -d {address_text(r.dst)}/32 -p udp -m udp "
        f"--dport {r.dport} -j ACCEPT"
        for r in made
    ]
    told = np.array([tuple(rule) for rule in made], np.int64)
    chosen = told[np.array(random.choices(range(rules), k=MILLION))]
    chosen[::2, 0] ^= 1 << 7  # half of them come from elsewhere
    columns = {"src": chosen[:, 0], "dst": chosen[:, 1], "dport": chosen[:, 2], "proto": UDP}
    few = chosen[: SENT[rules]].tolist()
    frames = [to_bytes(Packet(4, src, dst, UDP, 5353, dport)) for src, dst, dport in few]
    return Case(EMPTY.replace("COMMIT", "\n".join((*lines, "COMMIT"))), columns, frames)


def _address(random: Random) -> int:
    return random.randrange(1 << 24, 224 << 24)


class Kernel:
    """A namespace under some rules, in which packets are sent whenever somebody asks."""

    def __init__(
        self, stack: ExitStack, unshare: tuple[str, ...], rules: str, frames: list[bytes]
    ) -> None:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        (folder / "rules").write_text(rules)
        (folder / "frames").write_bytes(b"".join(frames))
        command = [*unshare, sys.executable, "-c", SENDER, str(len(frames[0]))]
        self._process = stack.enter_context(
            subprocess.Popen(
                [*command, str(folder / "rules"), str(folder / "frames")],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            )
        )  # fmt: skip

    def seconds(self) -> float:
        """How long it takes to send one of the packets, on average."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return float(self._process.stdout.readline())


def measure(rules: int, unshare: tuple[str, ...] | None) -> float:
    """Measure and print; the paired ratio, 0 without a kernel to compare with."""
    made = case(rules)
    with TemporaryDirectory() as folder, ExitStack() as stack:
        path = Path(folder, "rules")
        path.write_text(made.text)
        net = fwsim.load(path)
        texts = (EMPTY, made.text) if unshare else ()
        kernels = [Kernel(stack, unshare or (), text, made.frames) for text in texts]
        start = process_time()
        net.verdicts(dict.fromkeys(made.columns, 0), chain="OUTPUT")
        ready = process_time() - start
        for one in kernels:
            one.seconds()
        own, peer = [], []
        for _ in range(ROUNDS):
            alone = [one.seconds() for one in kernels]
            peer += [alone[1] - alone[0]] if alone else []
            start = perf_counter()
            found = net.verdicts(made.columns, chain="OUTPUT")
            own.append((perf_counter() - start) / MILLION)
    hits = int((found.rule > 0).sum())
    print(f"{rules:,} rules, each with its own addresses and port")
    print(
        f"  made ready       {ready:7.2f} s of CPU time, once; {1e6 * ready / rules:.0f} µs a rule"
    )
    took = 1e6 * median(own)
    print(f"  net.verdicts     {took:7.2f} µs a packet, {1 / took:.1f} million packets a second;")
    print(f"                   {hits:,} of {MILLION:,} match a rule")
    if not peer:
        return 0.0
    ratio = median(other / one for other, one in zip(peer, own, strict=True))
    print(f"  the kernel       {1e6 * median(peer):7.2f} µs a packet")
    print(f"  paired ratio     {ratio:7.0f}   at least {LIMITS[rules]:,}")
    return ratio


def main() -> int:
    unshare = namespace()
    if unshare is None:
        print(
            "no namespace (root?) or no iptables-legacy-restore: there is no kernel to compare with"
        )
    ratios = {rules: measure(rules, unshare) for rules in LIMITS}
    print(f"medians of {ROUNDS} rounds")
    return int(bool(unshare) and any(ratios[rules] < limit for rules, limit in LIMITS.items()))


if __name__ == "__main__":
    sys.exit(main())
