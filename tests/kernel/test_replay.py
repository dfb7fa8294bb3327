"""What tcpdump captured of a router's devices, replayed: what the capture shows to leave is what
fwsim says left, and the rules count what they counted in the kernel."""

from __future__ import annotations

import subprocess
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import fwsim
from fwsim.model.names import TCP_FLAGS, address_value
from fwsim.model.packet import ICMP, TCP, UDP, Packet
from fwsim.model.trace import Leg
from fwsim.questions.replay.frames import Frame
from fwsim.questions.replay.summary import Replay

from . import frames
from .counters import moved
from .lab import SMALL, Lab, require_kernel
from .spec import macs_of

require_kernel()

RULES = """*nat
-A PREROUTING -i eth0 -p tcp --dport 8080 -j DNAT --to-destination 172.18.0.2:80
-A POSTROUTING -s 172.18.0.0/16 ! -o docker1 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT
:FORWARD DROP
-A INPUT -p tcp --dport 22 -j REJECT --reject-with tcp-reset
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -m conntrack --ctstate INVALID -j DROP
-A FORWARD -p udp --dport 53 -m length --length 60:100 -j REJECT
-A FORWARD -i docker1 -p tcp --dport 25 -j DROP
-A FORWARD -i docker1 -j ACCEPT
-A FORWARD -d 172.18.0.2 -p tcp --dport 80 -j ACCEPT
-A OUTPUT -p icmp
COMMIT
"""
MACS = macs_of(SMALL)
GUEST, OTHER, HOST, SERVER, CLIENT = (
    address_value(text, 4)
    for text in ("172.18.0.2", "172.18.0.3", "192.0.2.10", "8.8.8.8", "203.0.113.5")
)
ROUTER_MAC, GUEST_MAC, OTHER_MAC = (f"02:00:00:00:0{n}" for n in ("1:01", "2:02", "2:03"))
WAYS = {  # who is behind a device: a MAC, and that of the host's end
    "eth0": (ROUTER_MAC, MACS["eth0"]),
    "veth0": (GUEST_MAC, MACS["docker1"]),
    "veth1": (OTHER_MAC, MACS["docker1"]),
}
SYN, ACK, FIN, PSH = (TCP_FLAGS[name] for name in ("SYN", "ACK", "FIN", "PSH"))
MARKER = b"this is the end of it"
DEVICES = ("any", "eth0", "docker1")


class Wires:
    """Sends packets into the lab, and keeps what left."""

    def __init__(self, lab: Lab) -> None:
        self.lab, self.sent = lab, 0
        self.left: list[tuple[str, Packet]] = []

    def send(self, dev: str, packet: Packet, mac: str = "") -> list[Packet]:
        """What left the lab then."""
        self.sent += 1
        source, target = WAYS[dev]
        self.lab.send(dev, frames.build(packet, source, mac or target, self.sent))
        left = [(name, frames.parse(frame).packet) for name, frame in self.lab.received()]
        self.left += [(name, packet) for name, packet in left if packet]
        return [packet for _, packet in left if packet]


def conversation(wires: Wires) -> None:
    """A connection out that is answered, one in by DNAT, pings, drops, rejects, strays, and frames
    that cross the bridge."""
    opened = Packet(4, GUEST, SERVER, TCP, 40000, 443, flags=SYN, seq=1000)
    (out,) = wires.send("veth0", opened)
    back = Packet(4, SERVER, out.src, TCP, 443, out.sport, flags=SYN | ACK, seq=5000, ack=1001)
    wires.send("eth0", back)
    on = opened.but(flags=ACK, seq=1001, ack=5001)
    wires.send("veth0", on)
    wires.send("veth0", on.but(flags=ACK | PSH, payload=b"hello"))
    wires.send("eth0", back.but(flags=ACK, seq=5001, ack=1006, payload=b"x" * 900))
    wires.send("veth0", on.but(flags=ACK | FIN, seq=1006, ack=5901))
    wires.send("eth0", back.but(flags=ACK | FIN, seq=5901, ack=1007))
    wires.send("veth0", on.but(seq=1007, ack=5902))
    wires.send("eth0", back.but(flags=ACK, seq=77, ack=9))  # INVALID
    inward = Packet(4, CLIENT, HOST, TCP, 50000, 8080, flags=SYN, seq=10)
    wires.send("eth0", inward)
    wires.send("veth0", Packet(4, GUEST, CLIENT, TCP, 80, 50000, flags=SYN | ACK, seq=1, ack=11))
    wires.send("eth0", inward.but(flags=ACK, seq=11, ack=2))
    wires.send("eth0", inward.but(dport=81, sport=50001))  # nobody listens: the host resets
    wires.send("eth0", inward.but(dport=22, sport=50002))
    wires.send("veth1", Packet(4, OTHER, SERVER, TCP, 40001, 25, flags=SYN))
    wires.send("veth1", Packet(4, OTHER, SERVER, UDP, 40002, 53, payload_len=50))  # rejected
    wires.send("veth1", Packet(4, OTHER, SERVER, UDP, 40002, 53, payload_len=20))
    wires.send("veth1", Packet(4, OTHER, GUEST, UDP, 40003, 9, payload_len=20), GUEST_MAC)
    wires.send("eth0", Packet(4, CLIENT, GUEST, UDP, 1, 2))  # dropped by policy
    for number in (1, 2):
        ping = Packet(4, OTHER, SERVER, ICMP, icmp_type=8, icmp_id=number, payload_len=56)
        for echo in wires.send("veth1", ping):
            wires.send("eth0", echo.but(src=SERVER, dst=echo.src, icmp_type=0, ttl=60))
    wires.send("eth0", Packet(4, CLIENT, HOST, ICMP, icmp_type=8, icmp_id=3, payload_len=56))
    wires.send("veth1", Packet(4, OTHER, SERVER, UDP, 40004, 99, ttl=1, payload_len=9))


def dump(lab: Lab, device: str, snaplen: str = "2000") -> subprocess.Popen[bytes]:
    """tcpdump, once it listens."""
    command = ["tcpdump", "-i", device, "-U", "--immediate-mode", "-n", "-w", "-", "-s", snaplen]
    running: subprocess.Popen[bytes] = lab.call(
        lambda: subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    )
    assert running.stderr
    for line in running.stderr:
        if b"listening on" in line:
            return running
    raise AssertionError("tcpdump does not listen")


def collected(running: subprocess.Popen[bytes]) -> bytes:
    """What it wrote, up to the marker."""
    assert running.stdout
    taken = b""
    while MARKER not in taken:
        taken += running.stdout.read1()  # type: ignore[attr-defined]
    running.terminate()
    running.communicate()
    return taken


class Heard(NamedTuple):
    """What the kernel did: what left, which rules and policies counted; and the captures of it."""

    left: list[tuple[str, Packet]]
    matched: dict[Any, int]
    policies: dict[Any, int]
    files: dict[str, Path]
    place: Path


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> Heard:
    folder = tmp_path_factory.mktemp("replay")
    with Lab(SMALL, quiet=False) as lab:
        assert lab.restore(RULES) == ""
        lab.snapshot(folder)
        before = lab.counters()
        running = {name: dump(lab, name) for name in DEVICES}
        running["short"] = dump(lab, "any", "62")
        wires = Wires(lab)
        conversation(wires)
        counted = moved(before, lab.counters())
        for dev in ("eth0", "veth0"):
            lab.send(dev, b"\xff" * 6 + b"\2\0\0\0\7\7" + b"\x88\xb5" + MARKER)
        files = {name: folder / f"{name}.pcap" for name in running}
        for name, process in running.items():
            files[name].write_bytes(collected(process))
    return Heard(wires.left, counted.matched, counted.policies, files, folder)


def replayed(heard: Heard, capture: str) -> tuple[Replay, list[tuple[Frame, Leg]]]:
    legs: list[tuple[Frame, Leg]] = []
    net = fwsim.load(heard.place)
    found = net.replay(heard.files[capture], on_leg=lambda *both: legs.append(both))
    assert not found.damage
    return found, legs


def counts(found: Replay) -> dict[Any, int]:
    hits = ((hit.ref, hit.packets) for hit in found.hits)
    return {(r.family, r.table, r.chain, r.rule): n for r, n in hits}


def counted(heard: Heard) -> dict[Any, int]:
    return {**heard.matched, **{(*chain, "policy"): n for chain, n in heard.policies.items()}}


def shown(dev: str, packet: Packet) -> tuple[object, ...]:
    """What of a packet is to be the same; TTLs and lengths too."""
    return dev, *packet[1:10], packet.length * (not packet.is_icmp_error), packet.flags, packet.seq


@pytest.mark.parametrize("capture", ["any", "short"])
def test_what_left_and_what_counted_is_what_the_kernel_did(heard: Heard, capture: str) -> None:
    """Seen from all devices at once, whole or cut off behind the headers."""
    found, legs = replayed(heard, capture)
    assert counts(found) == counted(heard)
    said = Counter(shown(sent.dev, sent.packet) for _, leg in legs for sent in leg.emitted)
    assert said == Counter(shown(dev, packet) for dev, packet in heard.left)
    assert not found.against
    assert {how for _, how in found.came} == {"told", "sent"}
    assert found.confirmed >= 12
    assert (found.cut > 10) == (capture == "short")


def test_the_bridge_alone_shows_what_came_in_elsewhere_as_it_leaves(heard: Heard) -> None:
    """But for what was dropped on its way there. An answer whose question was translated before the
    bridge shows it, nobody can tell to be translated back."""
    found, legs = replayed(heard, "docker1")
    own, kernel = counts(found), counted(heard)
    for rule in range(1, 7):
        key = 4, "filter", "FORWARD", rule
        assert own.get(key, 0) == kernel.get(key, 0), key
    left = Counter(shown(dev, packet) for dev, packet in heard.left)
    said = Counter(
        shown(sent.dev, sent.packet) for _, leg in legs for sent in leg.emitted
    )  # fmt: skip
    assert sum(said.values()) >= 15
    assert [(dev, src, sport) for dev, src, _, _, sport, *_ in said - left] == [("eth0", GUEST, 80)]
    assert not found.against


def test_the_way_out_alone(heard: Heard) -> None:
    """What is behind the bridge speaks with the host's own address there, as the host itself does;
    but the answers of those who were spoken to come from where the rules sent them."""
    found, legs = replayed(heard, "eth0")
    own, kernel = counts(found), counted(heard)
    for key in (
        (4, "nat", "PREROUTING", 1), (4, "filter", "INPUT", 1), (4, "filter", "FORWARD", 6),
        (4, "filter", "FORWARD", "policy"),
    ):  # fmt: skip
        assert own[key] == kernel[key] > 0
    answer = next(leg for _, leg in legs if (leg.packet.src, leg.packet.sport) == (GUEST, 80))
    assert [(sent.dev, sent.packet.src) for sent in answer.emitted] == [("eth0", HOST)]
