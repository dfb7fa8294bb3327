"""Random options and packets for the matches that read bytes anywhere."""

from __future__ import annotations

from random import Random

from fwsim.language.ext._bpf import Instruction, Program, check
from fwsim.model.packet import ICMP, ICMP6, TCP, UDP, Packet

from .made import PORTS, Made, negated, ported, some

_WORDS = (b"GET /", b"abcde", b"ABCDE", b"\xe9t\xe9t\xff", b"aaaab", b"aaaaab")


def plain(rng: Random, packet: Packet) -> Packet:
    icmp = ICMP if packet.family == 4 else ICMP6
    proto = rng.choice((UDP, TCP, icmp))
    body = b"".join(rng.choice((*_WORDS, b"x")) for _ in range(rng.randrange(4)))
    packet = packet.but(payload=body, ttl=rng.choice((64, 9)), tos=rng.choice((0, 8)))
    if proto == icmp:
        return packet.but(proto=icmp, icmp_type=8 if packet.family == 4 else 128, icmp_id=5)
    return ported(rng, packet, proto).but(
        flags=rng.choice((2, 16)),
        seq=1000,
        tcp_options=b"\2\4\5\xb4" if proto == TCP and rng.random() < 0.5 else b"",
    )


def _string_rule(rng: Random, family: int) -> str:
    wanted = rng.choice((*_WORDS, b"abaaa", b"xxxxx", b"deGET", b"\xc9T\xc9T\xdf"))
    first, end = sorted(rng.sample(range(90), 2))
    limits = some(rng, f"--from {first}") if rng.random() < 0.5 else f"--from {first} --to {end}"
    algorithm, icase = rng.choice(("bm", "kmp")), rng.choice(("", "--icase"))
    sought = f'{negated(rng)}--hex-string "|{wanted.hex()}|"'
    return f"-m string --algo {algorithm} {sought} {limits} {icase}"


def _u32_rule(rng: Random, family: int) -> str:
    four = (
        "0>>28=4",
        "6&0xFF=6,17",
        "8>>24=64",
        "0>>22&0x3C@0>>16=1:80",
        "4&0x1FFF=0&&0>>22&0x3C@0&0xFFFF=80",
        "0&0xFFFF=28:40",
        "0>>22&0x3C@8=0x47455420",
        "0>>22&0x3C@12>>26&0x3C@0>>24=0x61",
    )
    six = (
        "0>>28=6",
        "6>>24=17,6",
        "4>>8&0xFF=17,60",
        "40&0xFFFF=80",
        "40>>16=1:80",
        "0>>20&0xFF=8",
        "3&0xFF=0:40",
        "52&0xFF000000>>24=0x61",
    )
    odd = (
        "2000=0",
        "30=0:0xFFFFFFFF",
        "60=0:0xFFFFFFFF",
        "3<<24>>24&7=1:7",
        "41=0:0xFFFFFFFF",
        "0>>22&0x3C@36=0:4294967295",
    )
    tests = rng.sample((four if family == 4 else six) + odd, rng.choice((1, 1, 2)))
    return f'-m u32 {negated(rng)}--u32 "{"&&".join(tests)}"'


def _policy_rule(rng: Random, family: int) -> str:
    return f"-m policy --dir in --pol {rng.choice(('none', 'ipsec', 'ipsec --proto esp'))}"


def _bpf_rule(rng: Random, family: int) -> str:
    """A program that the kernel takes, of those that usually answer."""
    while True:
        program = rng.choice((_usual, random_program))(rng, family)
        try:
            check(program)
        except ValueError:
            continue
        words = ",".join(" ".join(map(str, one)) for one in program)
        return f'-m bpf --bytecode "{len(program)},{words}"'


def _usual(rng: Random, family: int) -> Program:
    """What a filter for ports compiles to."""
    text = (
        f"48 0 0 {9 if family == 4 else 6},21 0 1 {rng.choice((6, 17))},6 0 0 1,6 0 0 0",
        "48 0 0 9,21 0 6 17,40 0 0 6,69 4 0 8191,177 0 0 0,72 0 0 2,21 0 1 "
        f"{rng.choice(PORTS)},6 0 0 65535,6 0 0 0",
    )
    return tuple(Instruction(*map(int, one.split())) for one in rng.choice(text).split(","))


_CODES = (
    *(size | mode for size in (0, 8, 16) for mode in (0x20, 0x40)), 0x80, 0x81, 0xB1, 0, 1,
    0x60, 0x61, 2, 3, *(4 | kind | x for kind in range(0, 0xB0, 0x10) for x in (0, 8)), 0x05,
    *(5 | kind | x for kind in range(0x10, 0x50, 0x10) for x in (0, 8)), 6, 0x16, 7, 0x87, 0x0E,
    0xFF,
)  # fmt: skip


def random_program(rng: Random, family: int = 4) -> Program:
    """Any instructions at all; many end with one that returns."""
    small = (0, 0, 1, 2, 3, 6, 8, 12, 16, 20, 31, 32, 40, 255)
    odd = (0xFFFFF000, 0xFFFFF014, 0xFFFFF028, 0xFFFFF001, 0xFFF00008, 0x80000000, 0xFFFFFFFF)
    body = [
        Instruction(
            rng.choice(_CODES), rng.choice((0, 0, 1, 2)), rng.choice((0, 0, 1)),
            rng.choice(small if rng.random() < 0.93 else odd),
        )
        for _ in range(rng.randrange(1, 7))
    ]  # fmt: skip
    return (*body, Instruction(rng.choice((6, 0x16, 0x16, 0x16, 4)), 0, 0, rng.choice((0, 1))))


PAYLOADS = {
    "policy": Made(_policy_rule, plain),
    "string": Made(_string_rule, plain),
    "u32": Made(_u32_rule, plain),
    "bpf": Made(_bpf_rule, plain),
}
