"""fwsim's TCP connection tracking against the kernel's, packet by packet.

Packets go between two TAPs; a rule for each ctstate writes its mark into the TTL, and ctnetlink
tells the connection afterwards.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from random import Random

import pytest
from machine.tcp_cases import CASES, HOSTS, Case, Known, Table, read_case, segment, written

from fwsim.machine.tcp import Knobs
from fwsim.machine.tcp_states import SYSCTL, TIMEOUTS
from fwsim.model.names import STATUS
from fwsim.model.packet import Packet

from . import frames
from .ctnetlink import Connections, Entry
from .lab import Lab, Neighbour, Spec, Tap, require_kernel
from .tcp_talk import Talk, beginning

require_kernel()

SEED = int(os.environ.get("FWSIM_SEED", "6"))
LENGTH = 40  # packets of a random conversation
WIRE = Spec(
    taps=(Tap("t0", ("10.0.0.1/24",)), Tap("t1", ("10.0.1.1/24",))),
    neighbours=(
        Neighbour("t0", "10.0.0.2", "02:00:00:00:01:01"),
        Neighbour("t1", "10.0.1.2", "02:00:00:00:01:02"),
    ),
)
MARKS = {101: "INVALID", 102: "NEW", 103: "ESTABLISHED", 104: "RELATED", 105: "UNTRACKED"}
RULES = "*mangle\n{}COMMIT\n".format("".join(
    f"-A FORWARD -m conntrack --ctstate {state} -j TTL --ttl-set {mark}\n"
    for mark, state in MARKS.items()
))  # fmt: skip
NAMES = [f"timeout_{name.lower()}" for name in TIMEOUTS if name != "SYN_SENT2"]
DEFAULTS = {"loose": 1, "be_liberal": 0, "max_retrans": 3, "ignore_invalid_rst": 0} | dict(
    zip(NAMES, (t for name, t in TIMEOUTS.items() if name != "SYN_SENT2"), strict=True)
)


class Judge:
    """The kernel, asked of one packet at a time."""

    def __init__(self, lab: Lab) -> None:
        self.lab, self.connections = lab, Connections(lab)

    def begin(self, sysctls: Mapping[str, int], known: Known | None) -> Table:
        """Both worlds at the beginning of a conversation; fwsim's is returned."""
        for name, value in (DEFAULTS | dict(sysctls)).items():
            self.lab.sysctl(SYSCTL + name, value)
        self.connections.forget(segment(0, 0))
        if known is not None:
            self._insert(known)
        return Table.beginning(Case(dict(sysctls), known, ()).knobs, known)

    def ask(self, packet: Packet) -> tuple[str, Entry | None]:
        """The ctstate of a packet, and the connection after it."""
        side = HOSTS.index(packet.src)
        neighbour = WIRE.neighbours[side].mac
        self.lab.send(f"t{side}", frames.build(packet, neighbour, self.lab.mac(f"t{side}")))
        ((_, frame),) = self.lab.received()
        out = frames.parse(frame).packet
        assert out is not None
        return MARKS[out.ttl], self.connections.of(packet)

    def _insert(self, known: Known) -> None:
        ends = "-p tcp -s 10.0.0.2 -d 10.0.1.2 --sport 40000 --dport 80"
        status = ",".join(sorted(known.status - {""})) or "UNSET"
        self.lab.run(
            "conntrack", "-I", *ends.split(), "--state", known.state,
            "-t", str(known.timeout), "-u", status,
        )  # fmt: skip


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    with Lab(WIRE) as lab:
        assert lab.restore(RULES) == ""
        judge = Judge(lab)
        yield judge
        judge.connections.close()


def flag_bits(table: Table) -> tuple[int, ...]:
    assert table.track is not None
    return tuple(
        side.scales | side.sacks << 1 | side.closed_first << 2 | side.liberal << 3
        | side.unacked << 4 | (side.maxack is not None) << 5
        for side in table.track.sides
    )  # fmt: skip


def difference(table: Table, entry: Entry | None) -> str:
    """What the kernel remembers otherwise than fwsim; empty if nothing."""
    track = table.track
    if track is None or entry is None:
        return "" if track is None and entry is None else f"fwsim {track}, kernel {entry}"
    status = table.seen_reply * STATUS["SEEN_REPLY"] | table.assured * STATUS["ASSURED"]
    known = STATUS["SEEN_REPLY"] | STATUS["ASSURED"]
    pairs = {
        "opener": (table.opener, entry.sport),
        "state": (track.state, entry.state),
        "status": (status, entry.status & known),
        "timeout": (0, 0 if 0 <= table.left - entry.timeout <= 3 else entry.timeout - table.left),
        "scales": (tuple(side.scale for side in track.sides), entry.scales),
        "flags": (flag_bits(table), tuple(flags & 0x3F for flags in entry.flags)),
    }
    return ", ".join(f"{k}: fwsim {a} kernel {b}" for k, (a, b) in pairs.items() if a != b)


def disagreement(judge: Judge, table: Table, packet: Packet) -> str:
    """Let both take a packet in; what they then say differently."""
    said = table.state_of(packet)
    state, entry = judge.ask(packet)
    rest = difference(table, entry)
    return rest if said == state else f"ctstate: fwsim {said} kernel {state}; {rest}"


def replayed(
    judge: Judge, sysctls: Mapping[str, int], known: Known | None, packets: Sequence[Packet]
) -> tuple[int, str]:
    """How many packets until they disagree, and about what; the text is empty if they never do."""
    table = judge.begin(sysctls, known)
    for number, packet in enumerate(packets, 1):
        if differs := disagreement(judge, table, packet):
            return number, differs
    return len(packets), ""


def shrunk(
    judge: Judge, sysctls: Mapping[str, int], known: Known | None, packets: list[Packet]
) -> str:
    """The disagreement with as few packets as it needs, as a case is written."""
    at = len(packets)
    while at:
        at -= 1
        fewer = packets[:at] + packets[at + 1 :]
        if replayed(judge, sysctls, known, fewer)[1]:
            packets, at = fewer, min(at, len(fewer))
    _, differs = replayed(judge, sysctls, known, packets)
    settings = " ".join(f"{name}={value}" for name, value in sysctls.items())
    return "\n".join((settings, str(known), *map(written, packets), differs))


def random_sysctls(random: Random) -> dict[str, int]:
    knobs = {
        "loose": random.randrange(2), "be_liberal": int(random.random() < 0.3),
        "max_retrans": random.choice((0, 1, 3)), "ignore_invalid_rst": random.randrange(2),
    }  # fmt: skip
    times = {name: random.randrange(1, 10) * 50 for name in NAMES}
    return random.choice(({}, {}, knobs, times, knobs | times))


@pytest.mark.parametrize("part", range(4))
def test_random_conversations(judge: Judge, part: int) -> None:
    random = Random(f"{SEED}.{part}")
    for _ in range(150):
        sysctls, known = random_sysctls(random), beginning(random)
        table = judge.begin(sysctls, known)
        talk, packets = Talk(random, table), list[Packet]()
        for _ in range(LENGTH):
            packets.append(talk.next())
            if disagreement(judge, table, packets[-1]):
                pytest.fail(shrunk(judge, sysctls, known, packets), pytrace=False)


@pytest.mark.parametrize("name", CASES)
def test_written_conversations(judge: Judge, name: str) -> None:
    case = read_case(CASES[name])
    packets = [packet for packet, _ in case.packets]
    assert replayed(judge, case.sysctls, case.known, packets) == (len(packets), "")


def test_the_conntrack_tool_prints_the_same_state(judge: Judge) -> None:
    random, states = Random(SEED), set[str]()
    for _ in range(40):
        table = judge.begin({}, None)
        talk = Talk(random, table)
        for _ in range(random.randrange(1, 8)):
            packet = talk.next()
            table.state_of(packet)
            judge.ask(packet)
        printed = judge.lab.run("conntrack", "-L", "-p", "tcp").split()
        assert printed[3:4] == ([table.track.state] if table.track else [])
        assert ("[ASSURED]" in printed) == (table.track is not None and table.assured)
        states |= set(printed[3:4])
    assert len(states) > 4


def test_a_new_namespace_has_the_defaults() -> None:
    with Lab(WIRE) as lab:
        lines = lab.run("sysctl", "-a", "-r", SYSCTL.replace(".", r"\.")).splitlines()
    pairs = (line.split(" = ") for line in lines)
    values = {name: int(value) for name, value in pairs}
    assert {name.removeprefix(SYSCTL): value for name, value in values.items()} == DEFAULTS
    assert Knobs.from_sysctl(values) == Knobs()
