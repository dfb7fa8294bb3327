"""Captures are read as they were written, whoever wrote them; each packet comes in where it came
in; nothing is left out without a word."""

from __future__ import annotations

import json
import struct
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from dpkt import pcap
from hypothesis import given, settings
from hypothesis import strategies as st

import fwsim
from fwsim.machine.world import Device
from fwsim.model.names import TCP_FLAGS
from fwsim.model.packet import ICMP, TCP, UDP, Packet
from fwsim.model.trace import Leg
from fwsim.model.wire import to_bytes
from fwsim.net import Net
from fwsim.questions.replay.container import frames_of
from fwsim.questions.replay.frames import CaptureError, Frame, Stream
from fwsim.questions.replay.links import Other, heard
from fwsim.questions.replay.packets import packet_of
from fwsim.questions.replay.summary import Replay
from fwsim.show.layout import plain
from fwsim.show.replay import replay_lines

from .captures import (
    BEGIN,
    COOKED,
    COOKED2,
    ETHERNET,
    LOOPBACK,
    RAW,
    big_endian,
    block,
    cooked,
    cooked2,
    enhanced,
    ethernet,
    interface,
    packet,
    section,
    written,
)

SYN, ACK = TCP_FLAGS["SYN"], TCP_FLAGS["ACK"]
PING = packet("172.18.0.3", "8.8.8.8", proto=ICMP, icmp_type=8, icmp_id=7, payload_len=56)
OPENING = packet("172.18.0.3", "8.8.8.8", proto=TCP, sport=40000, dport=443, flags=SYN, seq=9)
INWARD = packet("203.0.113.5", "172.18.0.3", proto=UDP, sport=5, dport=53, payload_len=9)
PLACE = "example:article-complete"


@pytest.fixture
def replay(tmp_path: Path) -> Any:
    def run(data: bytes, net: Net | None = None, **asked: Any) -> tuple[Replay, list[Leg]]:
        file = tmp_path / "capture"
        file.write_bytes(data)
        legs: list[Leg] = []
        found = (net or fwsim.load(PLACE)).replay(
            file, on_leg=lambda _, leg: legs.append(leg), **asked
        )
        assert str(file) not in json.dumps(found.to_dict())
        assert plain(replay_lines(found))
        return found, legs

    return run


def all_frames(data: bytes) -> list[Frame]:
    return list(frames_of(Stream(BytesIO(data))))


# -- files


@pytest.mark.parametrize("nano", [False, True])
def test_frames_are_those_that_dpkt_reads(nano: bool) -> None:
    data = written([ethernet(PING), ethernet(OPENING), b"x"], nano=nano)
    own = [(round(frame.time / 1e9, 6), frame.data) for frame in all_frames(data)]
    assert own == [(round(float(time), 6), raw) for time, raw in pcap.Reader(BytesIO(data))]


@pytest.mark.parametrize("order", ["<", ">"])
def test_pcapng_tells_interfaces_clocks_and_directions(order: str) -> None:
    data = section(order) + interface("eth0", order=order) + interface("lan", order=order, tick=3)
    data += block(0xBAD, b"of another kind", order)
    data += enhanced(ethernet(PING), 0, BEGIN * 10**6 + 5, order, flags=1)
    data += enhanced(ethernet(OPENING), 1, BEGIN * 1000 + 7, order, flags=2)
    data += section("<") + interface("other") + enhanced(ethernet(INWARD))
    data += block(3, struct.pack("<I", len(ethernet(PING))) + ethernet(PING))
    found = all_frames(data)
    assert [f.interface.name for f in found] == ["eth0", "lan", "other", "other"]
    assert [f.direction for f in found] == ["in", "out", "", ""]
    assert [f.time - BEGIN * 10**9 for f in found] == [5000, 7_000_000, 0, 0]
    assert [f.data for f in found] == [ethernet(p) for p in (PING, OPENING, INWARD, PING)]
    assert [f.number for f in found] == [1, 2, 3, 4]


def test_a_file_of_the_other_byte_order_is_read() -> None:
    assert [f.data for f in all_frames(big_endian([ethernet(PING)]))] == [ethernet(PING)]


WHOLE = {
    "pcap": written([ethernet(PING)] * 3),
    "pcapng": section() + interface("eth0") + enhanced(ethernet(PING)) * 3,
}


@pytest.mark.parametrize("form", WHOLE)
def test_what_stands_before_the_damage_is_told(form: str, replay: Any) -> None:
    found, legs = replay(WHOLE[form][:-7], any_mac=True)
    assert len(legs) == 2
    assert found.damage.startswith("packet 3, at byte ")


@pytest.mark.parametrize("form", WHOLE)
@given(data=st.data())
@settings(max_examples=60)
def test_any_damage_ends_in_a_message(form: str, data: Any) -> None:
    """Whatever bytes there are: no error but CaptureError, no frame longer than the file."""
    whole = bytearray(WHOLE[form])
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(whole) - 1))
        whole[at] = data.draw(st.sampled_from([0, 1, 0x7F, 0x80, 0xFF]) | st.integers(0, 255))
    cut = bytes(whole[: data.draw(st.integers(0, len(whole)))])
    with suppress(CaptureError):
        for frame in frames_of(Stream(BytesIO(cut))):
            assert len(frame.data) <= len(cut)
            link = heard(frame.interface.link, frame.data)
            if not isinstance(link, Other):
                packet_of(frame.data, link, len(frame.data) < frame.length)


@given(link=st.sampled_from([0, 1, 12, 101, 108, 113, 228, 276, 7]), data=st.binary(max_size=120))
def test_any_frame_is_a_packet_or_a_reason(link: int, data: bytes) -> None:
    found = heard(link, data)
    if not isinstance(found, Other):
        assert isinstance(packet_of(data, found, False), Packet | Other)


@pytest.mark.parametrize("form", WHOLE)
@given(at=st.integers(24, 300), byte=st.integers(0, 255))
@settings(max_examples=25)
def test_a_damaged_packet_harms_no_replay(
    form: str, at: int, byte: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    whole = bytearray(WHOLE[form])
    whole[at % len(whole)] = byte
    file = tmp_path_factory.getbasetemp() / "damaged"
    file.write_bytes(bytes(whole))
    found = _NET.replay(file, any_mac=True)
    assert found.walked + found.confirmed + found.left_out.total() == found.frames


_NET = fwsim.load(PLACE)


@pytest.mark.parametrize("size", [1 << 18, 0xFFFFFFFF])
def test_a_huge_length_is_no_reason_to_take_memory(size: int) -> None:
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 1 << 16, 1)
    data = head + struct.pack("<IIII", 0, 0, size + 1 & 0xFFFFFFFF or size, 1) + bytes(50)
    with pytest.raises(CaptureError, match="packet 1, at byte 24: it claims"):
        all_frames(data)


def test_a_compressed_file_is_told_from_a_damaged_one() -> None:
    with pytest.raises(CaptureError, match="compressed"):
        all_frames(b"\x1f\x8b\x08\x00rest")
    with pytest.raises(CaptureError, match="it is none"):
        all_frames(b"")


# -- links


@pytest.mark.parametrize(
    ("link", "frame"),
    [
        (ETHERNET, ethernet(PING)), (ETHERNET, ethernet(PING) + bytes(20)),
        (COOKED, cooked(PING)), (COOKED2, cooked2(PING, 3)), (RAW, to_bytes(PING)),
        (LOOPBACK, b"\2\0\0\0" + to_bytes(PING)), (108, b"\0\0\0\2" + to_bytes(PING)),
    ],
)  # fmt: skip
def test_every_link_shows_the_same_packet(link: int, frame: bytes) -> None:
    found = heard(link, frame)
    assert not isinstance(found, Other)
    shown = packet_of(frame, found, False)
    assert isinstance(shown, Packet)
    assert shown.but(mac_src=None, mac_dst=None) == PING


@pytest.mark.parametrize(
    ("link", "frame", "why"),
    [
        (ETHERNET, ethernet(PING)[:12] + b"\x08\x06" + bytes(28), Other("no_ip", "ARP")),
        (ETHERNET, ethernet(PING)[:12] + b"\x00\x26" + bytes(28), Other("no_ip", "IEEE 802.2")),
        (ETHERNET, b"short", Other("short")),
        (147, ethernet(PING), Other("link", "147")),
        (RAW, b"\x75" + bytes(30), Other("no_ip", "version 7")),
        (LOOPBACK, b"\x07\0\0\0" + bytes(30), Other("no_ip", "family 7")),
    ],
)
def test_what_is_no_packet_is_named(link: int, frame: bytes, why: Other, replay: Any) -> None:
    found, legs = replay(written([frame], link))
    assert (dict(found.left_out), legs) == ({(why.why, why.what): 1}, [])


def test_a_packet_that_is_cut_off_keeps_its_length() -> None:
    long = OPENING.but(flags=ACK, payload=b"x" * 1000)
    raw = to_bytes(long)
    link = heard(RAW, raw)
    assert not isinstance(link, Other)
    shown = packet_of(raw[:60], link, True)
    assert isinstance(shown, Packet)
    assert (shown.length, shown.contents, shown.dport) == (long.length, None, 443)
    assert packet_of(raw[:39], link, True) == Other("cut")
    assert packet_of(raw[:60], link, False) == Other("malformed")


def test_what_a_cut_off_packet_held_is_not_known(replay: Any) -> None:
    net = fwsim.load(PLACE).apply("iptables -I FORWARD -m string --algo bm --string secret -j DROP")
    raw = to_bytes(OPENING.but(payload=b"an open secret"))
    data = bytearray(written([raw[:50]], RAW))
    data[36:40] = len(raw).to_bytes(4, "little")
    found, _ = replay(bytes(data), net)
    assert (found.of("UNKNOWN"), found.cut) == (1, 1)
    assert any("secret" in what for what in found.depends_on)


def test_a_length_that_a_network_card_was_to_fill_in_is_the_frames() -> None:
    raw = bytearray(to_bytes(OPENING.but(payload=b"x" * 500)))
    raw[2:4] = bytes(2)
    link = heard(RAW, bytes(raw))
    assert not isinstance(link, Other)
    shown = packet_of(bytes(raw), link, False)
    assert isinstance(shown, Packet)
    assert shown.length == 540


# -- where packets came in


def _host(net: Net) -> dict[str, Device]:
    return dict(net.world.namespaces[net.world.host].devices)


def test_the_way_back_to_its_source_tells_where_a_packet_came_in(replay: Any) -> None:
    found, legs = replay(written([to_bytes(OPENING), to_bytes(INWARD)], RAW))
    assert dict(found.came) == {("docker1", "route"): 1, ("eth0", "route"): 1}
    assert [leg.verdict for leg in legs] == ["ACCEPT", "DROP"]


def test_the_user_is_believed(replay: Any) -> None:
    found, _ = replay(written([to_bytes(INWARD)] * 2, RAW), in_="docker1")
    assert dict(found.came) == {("docker1", "told"): 2}
    with pytest.raises(fwsim.FwsimError, match="no device 'wlan7'"):
        replay(written([to_bytes(INWARD)], RAW), in_="wlan7")


def test_macs_tell_what_came_in_from_what_left(replay: Any) -> None:
    mac = _host(_NET)["eth0"].mac
    frames = [ethernet(INWARD, dst=mac), ethernet(OPENING, src=mac), ethernet(INWARD)]
    found, legs = replay(written(frames), in_="eth0")
    assert [(leg.packet.dst, leg.verdict) for leg in legs] == [
        (INWARD.dst, "DROP"), (OPENING.dst, "ACCEPT"),
    ]  # fmt: skip
    assert dict(found.came) == {("eth0", "told"): 1, ("docker1", "route"): 1}
    assert dict(found.left_out) == {("elsewhere", ""): 1}
    found, _ = replay(written(frames), in_="eth0", any_mac=True)
    assert dict(found.came) == {("eth0", "told"): 3}


def test_what_left_as_the_rules_let_it_is_no_packet_of_its_own(replay: Any) -> None:
    """A bridge's port, the bridge, the way out: one packet, seen three times."""
    host = _host(_NET)
    port = next(d for d in host.values() if d.master == "docker1")
    out = OPENING.but(src=host["eth0"].addresses[0].value, ttl=63)
    frames = [
        cooked2(OPENING, port.index), cooked2(OPENING, host["docker1"].index),
        cooked2(out, host["eth0"].index, 4),
    ]  # fmt: skip
    found, legs = replay(written(frames, COOKED2))
    assert len(legs) == 1
    assert dict(found.came) == {(port.name, "told"): 1}
    assert (found.confirmed, dict(found.left_out)) == (1, {("again", ""): 1})


def test_what_left_against_the_rules_is_told(replay: Any) -> None:
    found, legs = replay(written([cooked2(INWARD, _host(_NET)["docker1"].index, 4)], COOKED2))
    assert [leg.verdict for leg in legs] == ["DROP"]
    assert found.against.total() == 1


def test_what_has_the_hosts_own_address_the_host_sent(replay: Any) -> None:
    own = packet("192.0.2.10", "8.8.8.8", proto=UDP, sport=1, dport=53)
    found, legs = replay(written([to_bytes(own)], RAW))
    assert dict(found.came) == {("", "sent"): 1}
    assert legs[0].fate == "sent"


def test_an_interfaces_name_is_its_device(replay: Any) -> None:
    data = section() + interface("eth0", RAW) + interface("Wi-Fi", RAW)
    data += enhanced(to_bytes(INWARD)) + enhanced(to_bytes(INWARD.but(dport=54)), 1)
    found, _ = replay(data)
    assert dict(found.came) == {("eth0", "told"): 1, ("eth0", "route"): 1}


def test_a_tag_that_no_device_takes_is_told(replay: Any) -> None:
    found, _ = replay(written([ethernet(INWARD, vlan=7)]))
    assert dict(found.left_out) == {("vlan", "7"): 1}


def test_where_nothing_tells_the_device_that_is_said(replay: Any) -> None:
    net = fwsim.load(_saved("-A FORWARD -i a\n-A FORWARD -i b", replay))
    found, _ = replay(written([to_bytes(INWARD)], RAW), net)
    assert dict(found.left_out) == {("no_way", ""): 1}
    found, _ = replay(written([to_bytes(INWARD)], RAW), net, in_="a")
    assert found.walked == 1


def _saved(rules: str, replay: Any) -> Path:
    path: Path = Path(replay.__closure__[0].cell_contents) / "rules"
    path.write_text(f"*filter\n:INPUT ACCEPT\n:FORWARD ACCEPT\n:OUTPUT ACCEPT\n{rules}\nCOMMIT\n")
    return path


# -- time, connections


def test_connections_are_forgotten_on_the_captures_clock(replay: Any) -> None:
    question = packet("172.18.0.3", "8.8.8.8", proto=UDP, sport=40000, dport=53)
    answer = packet("8.8.8.8", "172.18.0.3", proto=UDP, sport=53, dport=40000)
    frames = [to_bytes(p) for p in (question, answer, answer)]
    data = section() + interface("", RAW)
    for frame, seconds in zip(frames, (0, 29, 200), strict=True):
        data += enhanced(frame, 0, (BEGIN + seconds) * 10**6)
    found, legs = replay(data)
    assert [leg.verdict for leg in legs] == ["ACCEPT", "ACCEPT", "DROP"]
    assert [leg.ctstate for leg in legs] == ["NEW", "ESTABLISHED", "NEW"]
    assert (found.connections, found.alive, found.seconds) == (1, 0, 200)


def test_the_rules_clock_is_the_captures(replay: Any) -> None:
    """2023-11-14 22:13:20 is when it begins."""
    net = fwsim.load(PLACE).apply(
        "iptables -I FORWARD -m time --timestart 22:00 --timestop 23:00 -j DROP"
    )
    found, _ = replay(written([to_bytes(OPENING)], RAW), net)
    assert found.of("DROP") == 1


def test_time_that_runs_backwards_is_told_and_does_not(replay: Any) -> None:
    data = section() + interface("", RAW)
    for seconds in (5, 3, 6):
        data += enhanced(to_bytes(PING), 0, (BEGIN + seconds) * 10**6)
    found, _ = replay(data)
    assert (found.back_in_time, found.seconds) == (1, 1)


def test_no_more_connections_are_kept_than_the_host_would(replay: Any) -> None:
    net = fwsim.load(PLACE)
    host = net.world.namespaces[net.world.host]
    limited = {**host.sysctl, "net.netfilter.nf_conntrack_max": "10"}
    simulation = net.simulation.fork()
    simulation.govern(host._replace(sysctl=limited))
    frames = [to_bytes(OPENING.but(sport=port)) for port in range(1, 60)]
    found, _ = replay(written(frames, RAW), Net(simulation))
    assert (found.connections, found.alive, found.forgotten) == (59, 10, 49)


def test_a_replay_changes_no_net(replay: Any) -> None:
    net = fwsim.load(PLACE)
    first, _ = replay(written([to_bytes(OPENING)], RAW), net)
    second, _ = replay(written([to_bytes(OPENING)], RAW), net)
    assert first.to_dict() == second.to_dict()


def test_hits_are_what_the_rules_counted(replay: Any) -> None:
    found, legs = replay(written([to_bytes(OPENING), to_bytes(INWARD)], RAW))
    counted = sum(len(leg.matched) + len(leg.policies) for leg in legs)
    assert sum(hit.packets for hit in found.hits) == counted
