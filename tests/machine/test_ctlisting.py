"""What a snapshot's `conntrack` file shows: each kind of line, lines that are none, what is found
quickly against what is read in full, and what a trace makes of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import fwsim
from fwsim.machine import ctline
from fwsim.machine.connection import (
    ASSURED,
    CONFIRMED,
    DST_NAT,
    SEEN_REPLY,
    SRC_NAT,
    Connection,
)
from fwsim.machine.ctlisting import Listing, _quick
from fwsim.machine.sctp import Association
from fwsim.machine.tcp import Track
from fwsim.machine.tuples import Tuple, Zone
from fwsim.model.names import address_value
from tests.machine.snapshots import LO, device, write

TCP4 = (
    "ipv4     2 tcp      6 431999 ESTABLISHED src=172.18.0.2 dst=8.8.8.8 sport=1000 dport=80 "
    "src=8.8.8.8 dst=192.0.2.10 sport=80 dport=1025 [ASSURED] mark=0 use=1"
)
UDP6 = (
    "ipv6     10 udp      17 29 src=fd18::2 dst=2001:4860::8 sport=1000 dport=2 zone-orig=6 "
    "packets=1 bytes=48 [UNREPLIED] src=2001:4860::8 dst=2001:db8::99 sport=2 dport=703 "
    "packets=0 bytes=0 mark=2147483649 use=1"
)
ICMP4 = (
    "ipv4     2 icmp     1 29 src=172.18.0.2 dst=8.8.8.8 type=8 code=0 id=7 src=8.8.8.8 "
    "dst=192.0.2.10 type=0 code=0 id=9 mark=0 use=1"
)
SCTP4 = (
    "ipv4     2 sctp     132 9 CLOSED src=172.18.0.2 dst=8.8.8.8 sport=1000 dport=4 [UNREPLIED] "
    "src=8.8.8.8 dst=172.18.0.2 sport=4 dport=1000 mark=0 secctx=system_u:object_r:x use=1"
)
GRE4 = (
    "ipv4     2 gre      47 29 src=172.18.0.2 dst=8.8.8.8 srckey=0x0 dstkey=0x7 [UNREPLIED] "
    "src=8.8.8.8 dst=172.18.0.2 srckey=0x7 dstkey=0x0 mark=0 use=1"
)
OTHER4 = (
    "ipv4     2 unknown  89 599 src=172.18.0.2 dst=10.1.1.1 src=10.0.0.1 dst=172.18.0.2 "
    "mark=0 zone=5 use=1"
)
DCCP6 = (
    "ipv6     10 dccp     33 599 src=fd18::2 dst=2001::8 sport=0 dport=0 [UNREPLIED] "
    "src=2001::8 dst=fd18::2 sport=0 dport=0 mark=0 use=1 id=1478210954"
)
FLOW4 = (
    "ipv4     2 tcp      6 src=172.18.0.2 dst=8.8.8.8 sport=1 dport=80 src=8.8.8.8 "
    "dst=172.18.0.2 sport=80 dport=1 [OFFLOAD] mark=7 helper=ftp labels=3,127,mine use=2"
)
PROC4 = (
    "ipv4     2 gre      47 179 timeout=30, stream_timeout=180 src=1.2.3.4 dst=8.8.8.8 srckey=0x0 "
    "dstkey=0x0 src=8.8.8.8 dst=1.2.3.4 srckey=0x0 dstkey=0x0 [ASSURED] mark=0 zone=0 use=2"
)
ALL = (TCP4, UDP6, ICMP4, SCTP4, GRE4, OTHER4, DCCP6, FLOW4, PROC4)


def read(line: str) -> Connection:
    return ctline.connection(line)


def test_tcp_that_was_masqueraded() -> None:
    made = read(TCP4)
    source, target = address_value("172.18.0.2", 4), address_value("8.8.8.8", 4)
    assert made.original == Tuple(4, source, target, 6, 1000, 80)
    assert made.reply == Tuple(4, target, address_value("192.0.2.10", 4), 6, 80, 1025)
    assert made.status == CONFIRMED | SEEN_REPLY | ASSURED | SRC_NAT
    assert isinstance(made.track, Track)
    assert made.track.state == "ESTABLISHED"
    assert int(made.expires) == 431999
    assert made.known == "windows"
    assert made.counters is None


def test_a_zone_in_one_direction_counters_and_a_large_mark() -> None:
    made = read(UDP6)
    assert made.zone == Zone(6, True, False)
    assert made.counters == ((1, 48), (0, 0))
    assert made.mark == 0x80000001
    assert made.status == CONFIRMED | SRC_NAT


def test_an_echo_by_its_id() -> None:
    made = read(ICMP4)
    assert (made.original.sport, made.original.dport) == (7, 8 << 8)
    assert (made.reply.sport, made.reply.dport) == (9, 0)
    assert made.status == CONFIRMED | SEEN_REPLY | SRC_NAT


def test_other_protocols() -> None:
    assert isinstance(read(SCTP4).track, Association)
    assert (read(GRE4).original.sport, read(GRE4).original.dport) == (0, 7)
    assert read(OTHER4).zone == Zone(5)
    assert read(OTHER4).status == CONFIRMED | SEEN_REPLY | DST_NAT
    assert read(DCCP6).original[3:] == (33, 0, 0)
    assert int(read(PROC4).expires) == 179


def test_what_a_flow_table_has() -> None:
    made = read(FLOW4)
    assert made.known == "offloaded"
    assert made.helper == "ftp"
    assert made.labels == 1 << 3 | 1 << 127
    assert made.expires == 86400


def test_without_extended_the_addresses_tell_the_family() -> None:
    assert read(TCP4.partition("2 ")[2]).original == read(TCP4).original
    assert read(UDP6.partition("10 ")[2]).original == read(UDP6).original


@pytest.mark.parametrize("line", [
    "nonsense", "ipv4", "ipv4 2 tcp 6 9 ESTABLISHED", TCP4.replace("sport=1000", "sport=65536"),
    TCP4.replace("sport=1000", "sport=-1"), TCP4.replace("172.18.0.2", "172.18.0.256"),
    TCP4.replace("ESTABLISHED", "MARRIED"), TCP4.replace("ESTABLISHED ", ""),
    TCP4.replace("431999 ", ""), TCP4.replace("ipv4", "ipv5"), TCP4.replace("ipv4", "ipv6"),
    TCP4.replace("431999", "9" * 400), TCP4.replace("mark=0", "mark=4294967296"),
    TCP4.replace("mark=0", "mark=\N{ARABIC-INDIC DIGIT ONE}"), ICMP4.replace("type=8", "type=3"),
    TCP4 + " src=1.2.3.4 dst=1.2.3.4", TCP4[:90], ICMP4.replace("id=9", ""), TCP4.replace("6", "x"),
    UDP6.replace("zone-orig=6", "zone-orig=65536"), UDP6.replace("fd18::2", "172.18.0.2"),
    TCP4.replace("tcp      6", "tcp      256"), OTHER4.replace("src=10.0.0.1", "src="),
])  # fmt: skip
def test_what_is_no_line(line: str) -> None:
    listing = Listing("\n".join((TCP4, line, UDP6)), "conntrack")
    (complaint,) = listing.complaints()
    assert complaint.startswith("conntrack:2:1: `conntrack -L -o extended` prints no such line: ")
    assert listing.all() == [0, 2]


def test_a_summary_and_empty_lines_are_nothing_to_complain_of() -> None:
    text = f"{TCP4}\n\nconntrack v1.4.7 (conntrack-tools): 1 flow entries have been shown.\n"
    assert not [*Listing(text, "conntrack").complaints()]


def test_lines_are_found_by_either_tuple_and_by_their_source() -> None:
    listing = Listing("\n".join(ALL), "conntrack")
    for at, line in enumerate(ALL):
        made = read(line)
        assert at in listing.holders(made.original)
        assert at in listing.holders(made.reply)
        assert at in listing.of_source(made.original)
    assert listing.holders(Tuple(4, 1, 2, 6)) == []


@given(st.data())
def test_what_is_found_quickly_is_what_is_read(data: st.DataObject) -> None:
    """A line changed anywhere: whatever the quick pattern takes, the full reading takes alike."""
    line = data.draw(st.sampled_from([TCP4, UDP6, FLOW4]))
    for _ in range(data.draw(st.integers(0, 3))):
        at = data.draw(st.integers(0, len(line) - 1))
        put = data.draw(st.sampled_from([*"0123456789abcdef.: =-x", "", "256", "65536"]))
        line = line[:at] + put + line[at + 1 :]
    listing = Listing(line, "conntrack")
    bad = [*listing.complaints()]
    if _quick().fullmatch(line) and not bad:
        made = read(line)
        assert listing.holders(made.original) == listing.holders(made.reply) == [0]


# -- in a trace ------------------------------------------------------------------------------------

RULES = """*nat
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -o eth0 -j MASQUERADE
COMMIT
*filter
:FORWARD DROP [0:0]
-A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT
COMMIT
"""
ANSWER = {
    "in": "eth0", "src": "8.8.8.8", "dst": "192.0.2.10", "proto": "tcp", "sport": 80, "dport": 1025,
    "flags": ["ACK"], "seq": 77,
}  # fmt: skip


def place(folder: Path, listing: str, rules: str = RULES) -> fwsim.Net:
    """A router between a guest and the world."""
    write(folder, {
        "iptables-save": rules, "sysctl": "net.ipv4.ip_forward = 1\n", "conntrack": listing,
        "ip-addr.json": [LO, device(2, "eth0", "192.0.2.10/24"), device(3, "d0", "172.18.0.1/16")],
        "ip-route.json": [{"dst": "default", "gateway": "192.0.2.1", "dev": "eth0"}],
    })  # fmt: skip
    return fwsim.load(folder)


def test_an_answer_finds_the_connection_that_the_snapshot_shows(tmp_path: Path) -> None:
    trace = place(tmp_path, TCP4).trace(ANSWER, one_way=True)
    (leg,) = trace.legs
    assert (trace.verdict, leg.ctstate) == ("ACCEPT", "ESTABLISHED")
    assert leg.emitted[0].packet.text(leg.emitted[0].packet.dst) == "172.18.0.2"
    assert "a connection that the snapshot shows" in str(trace)


def test_without_it_the_answer_is_for_nobody(tmp_path: Path) -> None:
    trace = place(tmp_path, "").trace(ANSWER, one_way=True)
    assert trace.legs[0].fate == "delivered"
    assert "snapshot shows" not in str(trace)


def test_it_is_forgotten_when_its_time_is_over(tmp_path: Path) -> None:
    net = place(tmp_path, TCP4.replace("431999", "300"))
    assert net.later(299).trace(ANSWER, one_way=True).legs[0].fate == "forwarded"
    assert net.later(301).trace(ANSWER, one_way=True).legs[0].fate == "delivered"


def test_its_port_is_taken(tmp_path: Path) -> None:
    asked = {"src": "172.18.0.9", "dst": "8.8.8.8", "proto": "tcp", "sport": 1025, "dport": 80,
             "flags": ["SYN"], "in": "d0"}  # fmt: skip
    rules = RULES.replace("FORWARD DROP", "FORWARD ACCEPT")
    free = place(tmp_path / "free", "", rules).trace(asked, one_way=True)
    taken = place(tmp_path / "taken", TCP4, rules).trace(asked, one_way=True)
    assert free.legs[0].emitted[0].packet.sport == 1025
    assert taken.legs[0].emitted[0].packet.sport != 1025


def test_a_source_keeps_the_port_that_it_has(tmp_path: Path) -> None:
    asked = {"src": "172.18.0.2", "dst": "9.9.9.9", "proto": "tcp", "sport": 1000, "dport": 80,
             "flags": ["SYN"], "in": "d0"}  # fmt: skip
    rules = RULES.replace("FORWARD DROP", "FORWARD ACCEPT")
    trace = place(tmp_path, TCP4, rules).trace(asked, one_way=True)
    assert trace.legs[0].emitted[0].packet.sport == 1025
    assert not trace.legs[0].by_chance


def test_what_a_trace_recalls_does_not_change_the_place(tmp_path: Path) -> None:
    net = place(tmp_path, TCP4)
    reset = {**ANSWER, "flags": ["RST"]}
    after = net.trace(reset, one_way=True).after
    assert after.later(20).trace(ANSWER, one_way=True).legs[0].fate == "delivered"
    assert net.later(20).trace(ANSWER, one_way=True).legs[0].fate == "forwarded"


def test_where_no_rule_asks_for_connections_the_listing_is_not_read(tmp_path: Path) -> None:
    net = place(tmp_path, f"nonsense\n{TCP4}", "*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n")
    assert not net.world.notes
    assert net.trace(ANSWER, one_way=True).legs[0].ctstate == ""
    changed = net.apply("iptables -A FORWARD -m state --state NEW -j DROP")
    assert changed.trace(ANSWER, one_way=True).legs[0].ctstate == "ESTABLISHED"


def test_what_no_listing_tells_is_said_where_rules_ask_for_it(tmp_path: Path) -> None:
    asks = RULES.replace("-A FORWARD", "-A FORWARD -m connlabel --label 1\n-A FORWARD", 1)
    note = (
        "host: conntrack does not tell the labels of its connections: they are taken to have none"
    )
    assert note in place(tmp_path / "some", TCP4, asks).world.notes
    assert note not in place(tmp_path / "none", "", asks).world.notes
    assert note not in place(tmp_path / "unasked", TCP4).world.notes
