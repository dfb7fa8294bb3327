"""How long `fwsim replay` takes for a million packets of a Docker host's bridge, against `tshark
-r`, which prints them.

The two run in turn; the ratio is that of CPU times (user and system) in each pair. The capture is
made up: containers look names up (DNS), then speak HTTP and TLS with some hundred servers, as a
capture on the bridge shows it, the answers with their addresses translated back. Exit status 1
where the median of the ratios is above LIMIT.
"""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory

import fwsim
from fwsim.model.names import address_value

PACKETS = int(sys.argv[1]) if sys.argv[1:] else 1_000_000
ROUNDS, LIMIT = 3, 2.5  # the aim is 1
HOST = Path(__file__).resolve().parents[2] / "shared" / "snapshots" / "docker-legacy" / "snapshot"
PLACE = str(HOST) if HOST.is_dir() else "example:article-complete"
SYN, ACK, FIN, PSH = 2, 16, 1, 8
TCP_SYN = bytes.fromhex("020405b40402080a000000010000000001030307")
GET = b"GET /%d HTTP/1.1\r\nHost: www.example.com\r\nUser-Agent: curl/8.5.0\r\nAccept: */*\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n"
HELLO = (
    bytes.fromhex("1603010034010000300303")
    + bytes(32)
    + bytes.fromhex("00000213010100000500000000")
)


class Wire:
    """A bridge's frames, written as they come."""

    def __init__(self, file: Path, rng: Random) -> None:
        self._out = file.open("wb")
        self._out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 1 << 18, 1))
        self.rng, self.count, self._now = rng, 0, 1_700_000_000_000_000

    def ip(self, ends: tuple[int, int], proto: int, ttl: int, body: bytes, macs: bytes) -> None:
        self.count += 1
        self._now += self.rng.randrange(20, 2000)
        size = 20 + len(body)
        number = self.count & 0xFFFF
        head = struct.pack("!BBHHHBBHII", 0x45, 0, size, number, 0x4000, ttl, proto, 0, *ends)
        total = size + 14
        stamp = struct.pack("<IIII", self._now // 10**6, self._now % 10**6, total, total)
        self._out.write(stamp + macs + b"\x08\x00" + head + body)

    def close(self) -> None:
        self._out.close()


class Guest:
    """A container: its address, and the MACs of frames from it and to it."""

    def __init__(self, address: str, mac: str, bridge: str) -> None:
        self.address = address_value(address, 4)
        self.out = bytes.fromhex((bridge + mac).replace(":", ""))
        self.back = self.out[6:] + self.out[:6]


def talk(wire: Wire, guest: Guest, server: int, port: int) -> Iterator[None]:
    rng, sport = wire.rng, wire.rng.randrange(32768, 61000)
    name = b"\x03www\x07example\x03com\x00"
    question = struct.pack("!HHHHHH", sport, 0x0100, 1, 0, 0, 0) + name + b"\0\1\0\1"
    answer = struct.pack("!HHHHHH", sport, 0x8180, 1, 1, 0, 0) + name + b"\0\1\0\1"
    answer += b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + server.to_bytes(4, "big")
    resolver = address_value("9.9.9.9", 4)
    for src, dst, ports, data, macs, ttl in (
        (guest.address, resolver, (sport, 53), question, guest.out, 64),
        (resolver, guest.address, (53, sport), answer, guest.back, 56),
    ):
        head = struct.pack("!HHHH", *ports, 8 + len(data), 0)
        wire.ip((src, dst), 17, ttl, head + data, macs)
        yield
    seq = [rng.randrange(1 << 32), rng.randrange(1 << 32)]

    def segment(back: bool, flags: int, data: bytes = b"") -> None:
        ends = (server, guest.address) if back else (guest.address, server)
        ports = (port, sport) if back else (sport, port)
        options = TCP_SYN if flags & SYN else b"\1\1\x08\x0a" + struct.pack("!II", wire.count, 1)
        head = struct.pack(
            "!HHIIBBHHH", *ports, seq[back], seq[not back] if flags & ACK else 0,
            (20 + len(options)) << 2, flags, 501, 0, 0,
        )  # fmt: skip
        macs = guest.back if back else guest.out
        wire.ip(ends, 6, 56 if back else 64, head + options + data, macs)
        seq[back] = seq[back] + len(data) + bool(flags & (SYN | FIN)) & 0xFFFFFFFF

    segment(False, SYN)
    yield
    segment(True, SYN | ACK)
    yield
    segment(False, ACK)
    for turn in range(rng.choice((1, 1, 2, 3, 6))):
        size = rng.choice((300, 1200, 4000, 12_000, 40_000))
        record = lambda n: struct.pack("!BHH", 23, 0x0303, n) + bytes(n)  # noqa: E731
        if port == 80:
            ask, reply = GET % turn, OK % size + b"x" * size
        else:
            ask, reply = (HELLO if not turn else record(200)), record(size)
        yield
        segment(False, ACK | PSH, ask)
        for number, at in enumerate(range(0, len(reply), 1448)):
            yield
            segment(True, ACK | PSH, reply[at : at + 1448])
            if number % 2:
                yield
                segment(False, ACK)
    for back, flags in ((False, FIN | ACK), (True, FIN | ACK), (False, ACK)):
        yield
        segment(back, flags)


def write(file: Path, packets: int) -> None:
    """Some connections at once, their packets in turn."""
    rng = Random(1)
    wire, servers = Wire(file, rng), [rng.randrange(0x14000000, 0xC0000000) for _ in range(300)]
    guests = [Guest(*one) for one in _guests()]
    going: list[Iterator[None]] = []
    while wire.count < packets:
        if len(going) < 40:
            server = servers[min(rng.randrange(300), rng.randrange(300))]
            going.append(talk(wire, rng.choice(guests), server, rng.choice((443, 443, 80))))
        at = rng.randrange(len(going))
        if next(going[at], 0) == 0:
            going.pop(at)
    wire.close()


def _guests() -> Iterator[tuple[str, str, str]]:
    """The containers behind the place's first bridge that has some: address, MAC, the bridge's."""
    world = fwsim.load(PLACE).world
    host = world.namespaces[world.host]
    for bridge in (d for d in host.devices.values() if d.kind == "bridge"):
        found = [
            (".".join(map(str, a.value.to_bytes(4, "big"))), device.mac, bridge.mac)
            for port in host.ports(bridge.name) if port.peer
            for device in [world.namespaces[port.peer[0]].devices[port.peer[1]]]
            for a in device.addresses if a.family == 4
        ]  # fmt: skip
        if len(found) > 1:
            yield from found
            return


def seconds(*command: str) -> float:
    """CPU time, user's and system's."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
        _, status, used = os.wait4(running.pid, 0)
        running.returncode = os.waitstatus_to_exitcode(status)
    if running.returncode not in (0, 1):
        raise SystemExit(f"{command}: {running.returncode}")
    return used.ru_utime + used.ru_stime


def main() -> int:
    if shutil.which("tshark") is None:
        print("tshark is not installed: there is nothing to compare with")
        return 0
    own = [sys.executable, "-m", "fwsim", "replay", "--from", PLACE]
    with TemporaryDirectory() as folder:
        file = Path(folder, "bridge.pcap")
        write(file, PACKETS)
        ratios = []
        for _ in range(ROUNDS):
            mine, theirs = seconds(*own, str(file)), seconds("tshark", "-r", str(file))
            ratios.append(mine / theirs)
            each = 1e6 / PACKETS
            print(f"fwsim {mine:6.1f} s, {mine * each:5.1f} µs a packet;", end=" ")
            print(f"tshark {theirs:6.1f} s, {theirs * each:5.1f} µs; ratio {ratios[-1]:.2f}")
    print(f"paired ratio {median(ratios):.2f}, at most {LIMIT}; median of {ROUNDS}")
    return int(median(ratios) > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
