"""Ways that are remembered are those that would be walked: the same capture, replayed with and
without, leaves the same verdicts, counters, connections and memories."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from io import BytesIO
from random import Random
from typing import Any

import pytest

import fwsim
from fwsim.machine.simulate import Simulation
from fwsim.machine.state import State
from fwsim.model.names import TCP_FLAGS, address_text
from fwsim.model.packet import ICMP, TCP, UDP, Packet
from fwsim.net import Net
from fwsim.questions.replay.batch import MOST
from fwsim.questions.replay.frames import Stream
from fwsim.questions.replay.placing import Asked
from fwsim.questions.replay.run import Run

from .captures import BEGIN, enhanced, ethernet, interface, packet, section

FIN, SYN, RST, PSH, ACK, URG, ECE, _ = TCP_FLAGS.values()
GUESTS, SERVERS = ("172.18.0.2", "172.18.0.3"), ("8.8.8.8", "8.8.4.4", "192.0.2.1")
HOST, BRIDGE_MAC, OUT_MAC, GUEST_MAC = "192.0.2.10", "docker1", "eth0", "02:00:00:00:00:77"
OPTIONS = bytes.fromhex("020405b40402080a000000010000000001030307")
STAMP = b"\1\1\x08\x0a" + bytes(8)
PAUSES = (10, 1000, 100_000, 7)

MATCHES = (
    "", "-p tcp", "-p udp", "-p tcp --dport 80", "-p udp --dport 53", "-p tcp --syn",
    "-s 172.18.0.2", "-d 8.8.8.8", "-i docker1", "-o docker1",
    "-m conntrack --ctstate ESTABLISHED,RELATED",
    "-m conntrack --ctstate INVALID", "-m conntrack --ctstate NEW", "-m length --length 100:300",
    "-m limit --limit 20/second --limit-burst 3", "-m mark --mark 1", "-m ttl --ttl-lt 60",
    "-p tcp --tcp-flags FIN FIN", "-p tcp --tcp-option 8", "-m string --algo bm --string abc",
    "-m conntrack --ctstatus ASSURED", "-m connmark --mark 2", "-m tos --tos 0x10",
    "-m conntrack --ctexpire 100:", "-m recent --name seen --update --seconds 5",
    "-m connbytes --connbytes 4: --connbytes-dir both --connbytes-mode packets",
    "-m quota --quota 3000", "-p tcp -m multiport --dports 80,443", "-m addrtype --dst-type LOCAL",
    "-m statistic --mode nth --every 3 --packet 0",
)  # fmt: skip
TARGETS = {
    "filter": ("ACCEPT", "DROP", "ACCEPT", "RETURN", "LOG", "OTHER", "REJECT", ""),
    "mangle": (
        "MARK --set-mark 1", "CONNMARK --set-mark 2", "CONNMARK --save-mark", "TTL --ttl-set 9",
        "CONNMARK --restore-mark", "TOS --set-tos 0x10", "TCPMSS --clamp-mss-to-pmtu", "",
    ),
    "raw": ("NOTRACK", "MARK --set-mark 1", "CT --zone 3", ""),
}  # fmt: skip
HOOKS = {"filter": ("FORWARD", "FORWARD", "INPUT", "OUTPUT", "OTHER"),
         "mangle": ("PREROUTING", "FORWARD", "POSTROUTING"), "raw": ("PREROUTING",)}  # fmt: skip
NAT = (
    "-A POSTROUTING -s 172.18.0.0/16 ! -o docker1 -j MASQUERADE",
    "-A POSTROUTING -o eth0 -p udp -j SNAT --to-source 192.0.2.10-192.0.2.12",
    "-A PREROUTING -i eth0 -p tcp --dport 80 -j DNAT --to-destination 172.18.0.2:80",
    "-A PREROUTING -i docker1 -p udp --dport 53 -j DNAT --to-destination 192.0.2.1",
    "-A POSTROUTING -p tcp -j MASQUERADE --random",
)


def rules(rng: Random) -> str:
    lines = []
    for table in ("raw", "mangle", "nat", "filter"):
        lines.append(f"*{table}")
        if table == "nat":
            lines += [rule for rule in NAT if rng.random() < 0.4]
        else:
            lines += [":OTHER - [0:0]"] if table == "filter" else []
            lines += _rules(rng, table)
        lines.append("COMMIT")
    return "\n".join(lines) + "\n"


def _rules(rng: Random, table: str) -> Iterator[str]:
    for _ in range(rng.randrange(0, 10 if table == "filter" else 3)):
        chain, match, target = (
            rng.choice(HOOKS[table]), rng.choice(MATCHES), rng.choice(TARGETS[table]),
        )  # fmt: skip
        if target.startswith("TCPMSS"):
            chain, match = "FORWARD", "-p tcp --tcp-flags SYN,RST SYN"
        odd = (
            (chain == "OTHER" and target == "OTHER")
            or ("-i " in match and chain in ("OUTPUT", "POSTROUTING"))
            or ("-o " in match and chain in ("INPUT", "PREROUTING"))
        )
        if not odd:
            yield f"-A {chain} {match} {target and f'-j {target}'}"


def talk(rng: Random) -> Iterator[Packet]:
    """A few connections at once, their segments interleaved, some odd or repeated."""
    waiting = [conversation(rng) for _ in range(rng.randrange(3, 9))]
    while waiting:
        one = rng.choice(waiting)
        made = next(one, None)
        if made is None:
            waiting.remove(one)
        else:
            yield made
            if rng.random() < 0.1:
                yield made


def conversation(rng: Random) -> Iterator[Packet]:
    inside, outside = rng.choice(GUESTS), rng.choice(SERVERS)
    ends = rng.choice(((inside, outside), (inside, outside), (outside, inside), (HOST, outside),
                       (outside, HOST), GUESTS))  # fmt: skip
    sport, dport = rng.randrange(40000, 40006), rng.choice((80, 443, 53))
    tos = rng.choice((0, 0, 16))

    def made(back: bool, **fields: object) -> Packet:
        src, dst = ends[::-1] if back else ends
        ports = (dport, sport) if back else (sport, dport)
        ttl = rng.choice((64, 64, 64, 63))
        return packet(src, dst, sport=ports[0], dport=ports[1], ttl=ttl, tos=tos, **fields)

    if rng.random() < 0.3:
        for _ in range(rng.randrange(1, 30)):
            size = rng.choice((0, 40, 200))
            yield made(rng.random() < 0.4, proto=UDP, payload=b"abc" * size)
    else:
        yield from segments(rng, made)


def segments(rng: Random, made: Callable[..., Packet]) -> Iterator[Packet]:
    """A TCP connection, not always a decent one."""
    numbers = [rng.choice((rng.randrange(1 << 32), (1 << 32) - 300)) for _ in range(2)]
    windows = rng.choice(((501,), (64240,), (501, 501, 64240, 0, 20)))

    def segment(back: bool, flags: int, size: int = 0) -> Packet:
        acked = numbers[not back] - rng.choice((0, 0, 0, 20, 70_000)) & 0xFFFFFFFF
        options = OPTIONS if flags & SYN else rng.choice((STAMP, STAMP, STAMP, b"", b"\1" * 4))
        if not flags & SYN and rng.random() < 0.1:
            edges = numbers[not back], numbers[not back] + rng.choice((50, 1 << 20)) & 0xFFFFFFFF
            options += struct.pack("!BBBBII", 1, 1, 5, 10, *edges)
        one = made(
            back, proto=TCP, flags=flags, seq=numbers[back], payload=b"x" * size,
            ack=acked if flags & ACK else 0, tcp_options=options, window=rng.choice(windows),
        )  # fmt: skip
        numbers[back] = numbers[back] + size + bool(flags & (SYN | FIN)) & 0xFFFFFFFF
        return one

    if rng.random() < 0.8:
        yield segment(False, SYN)
        yield segment(True, SYN | ACK)
        yield segment(False, ACK)
    strange = rng.choice((0, 0.02, 0.1))
    for _ in range(rng.choice((3, 12, 40))):
        back, roll = rng.random() < 0.5, rng.random()
        if roll < strange:
            numbers[back] = numbers[back] + rng.choice((5, -90, 1 << 30)) & 0xFFFFFFFF
        flags = rng.choice((ACK | URG, ACK | ECE, RST)) if roll < strange / 3 else ACK | PSH
        yield segment(back, flags if roll < 0.7 else ACK, rng.choice((0, 0, 20, 90, 400)))
    if rng.random() < 0.7:
        yield segment(False, rng.choice((FIN | ACK, RST | ACK, RST)))
        yield segment(True, FIN | ACK)
        yield segment(False, ACK)
        if rng.random() < 0.5:
            yield segment(False, SYN)
            yield segment(True, SYN | ACK)


def capture(rng: Random, net: Net) -> bytes:
    """On the bridge, on the way out, or on nobody knows what; some of it cut off, or with ARP, or
    ICMP's errors between."""
    devices = net.world.namespaces[net.world.host].devices
    named = rng.choice(("docker1", "eth0", ""))
    own = devices[named].mac if named else "02:00:00:00:00:78"
    out, ticks = section() + interface(named), BEGIN * 10**6
    hops, long = rng.random() < 0.3, rng.choice((0, 0.005, 0.02))
    for made in talk(rng):
        ticks += rng.choice(PAUSES) if rng.random() >= long else rng.choice((4, 35, 310)) * 10**7
        if rng.random() < 0.01:
            ticks -= 2000  # captures of several processors are not quite in order
        inward = made.src >> 16 == 0xAC12
        out_of = named and inward != (named == "docker1")
        macs = (own, GUEST_MAC) if out_of else (GUEST_MAC, own)
        out += enhanced(ethernet(made, *macs), ticks=ticks)
        if hops and rng.random() < 0.05:
            about = made._replace(payload=made.payload[:8])
            fields = {
                "proto": ICMP,
                "icmp_type": 3,
                "icmp_code": rng.choice((1, 3)),
                "inner": about,
            }
            error = packet("8.8.8.8", address_text(made.src, 32), **fields)
            odd = rng.choice((ethernet(error, *macs), b"\xff" * 12 + b"\x08\x06" + bytes(28)))
            out += enhanced(odd, ticks=ticks)
    return out


def left_behind(state: State, now: float) -> object:
    """What of it anybody can see: the expired are forgotten whenever somebody looks."""

    def shown(c: object) -> object:
        return {k: v for k, v in vars(c).items() if k != "gone"}

    there = ((key, c) for key, c in state.conntrack.table.items() if c.expires > now)
    table = sorted((str(key), str(shown(c))) for key, c in there)
    return table, sorted(state.counters.items()), sorted(map(str, state.memory.items()))


@pytest.mark.parametrize("number", range(40))
def test_remembered_ways_are_the_ways_that_would_be_walked(number: int, seed: int) -> None:
    rng = Random(f"quick {seed} {number}")
    net = fwsim.load("example:article-complete")
    text = rules(rng)
    simulation = net.simulation.fork()
    host = simulation.world.namespaces[simulation.world.host]
    simulation.govern(host.with_rulesets({4: fwsim.read(text, family=4)}))
    data, most = capture(rng, net), rng.choice((3, 20, 100, MOST))
    found = []
    for remember in (False, True):
        run = Run(simulation, Asked(), "capture", remember=remember, most=most)
        for _ in run.through(Stream(BytesIO(data))):
            pass
        state = run.simulation.states[host.name]
        found.append(
            (run.replay.to_dict(), left_behind(state, run.simulation.now), run.simulation.seed)
        )
    assert found[0][0] == found[1][0], text
    assert found[0][1:] == found[1][1:], text


def test_most_packets_of_a_long_connection_are_not_walked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is remembered wrongly would be found above; here, that it is remembered."""
    walked = []
    carry = Simulation.carry

    def counted(self: Simulation, made: Packet, *args: Any, **more: Any) -> Any:
        walked.append(made)
        return carry(self, made, *args, **more)

    monkeypatch.setattr(Simulation, "carry", counted)
    data = section() + interface()
    for number in range(200):
        for port in (1, 2, 3):
            made = packet(
                GUESTS[0], SERVERS[0], proto=UDP, sport=port, dport=53, payload_len=number
            )
            data += enhanced(ethernet(made), ticks=BEGIN * 10**6 + number)
    run = Run(fwsim.load("example:article-complete").simulation, Asked(), "capture")
    for _ in run.through(Stream(BytesIO(data))):
        pass
    assert run.replay.walked == 600
    assert len(walked) == 2  # the first that begins a connection, and the first that does not
