"""What helpers hear, what they expect and for how long, and what a trace says of it; the kernel is
asked in kernel/test_helpers.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import fwsim
from fwsim.machine.helper_words import Told, dcc, ftp
from fwsim.model.names import address_value
from tests.machine.snapshots import LO, device, write

HOST = address_value("192.168.1.2", 4)
RULES = """*raw
:PREROUTING ACCEPT [0:0]
-A PREROUTING -p tcp --dport 21 -j CT --helper ftp
-A PREROUTING -p tcp --dport 5060 -j CT --helper sip
COMMIT
*nat
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -o eth0 -j MASQUERADE
COMMIT
*filter
:FORWARD DROP [0:0]
-A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
-A FORWARD -i d0 -p tcp -m multiport --dports 21,5060 -j ACCEPT
COMMIT
"""


@pytest.mark.parametrize(("said", "heard"), [
    (b"PORT 192,168,1,2,4,5\r\n", Told("port", 5, 15, HOST, 1029)),
    (b"port 192,168,1,2,4,5\r\n", Told("port", 5, 15, HOST, 1029)),
    (b"PORT 192,168,1,2,4,5\n", True),
    (b"PORT 192,168,1,2,4,5,6\r\n", True),
    (b"PORT 192,168\r\n", True),
    (b"POR", True),
    (b"LIST\r\n", False),
    (b"EPRT |1|192.168.1.2|1029|\r\n", Told("eprt", 5, 20, HOST, 1029)),
    (b"EPRT |2|192.168.1.2|1029|\r\n", True),
    (b"EPRT |1|192.168.1.2|0|\r\n", True),
])  # fmt: skip
def test_what_a_client_says(said: bytes, heard: Told | bool) -> None:
    assert ftp(said, False, 4) == heard


@pytest.mark.parametrize(("said", "heard"), [
    (b"227 Entering (192,168,1,2,4,5).\r\n", Told("pasv", 14, 15, HOST, 1029)),
    (b"227 =192,168,1,2,4,5\r\n", Told("pasv", 5, 15, HOST, 1029)),
    (b"227 nothing\r\n", True),
    (b"229 Entering (|||1029|)\r\n", Told("epsv", 14, 8, None, 1029)),
    (b"229 Entering |||1029|\r\n", True),
    (b"220 hello\r\n", False),
])  # fmt: skip
def test_what_a_server_says(said: bytes, heard: Told | bool) -> None:
    assert ftp(said, True, 4) == heard


def test_an_address_of_ipv6() -> None:
    heard = ftp(b"EPRT |2|fd18::2|1029|\r\n", False, 6)
    assert heard == Told("eprt", 5, 16, address_value("fd18::2", 6), 1029)
    assert isinstance(heard, Told)
    written = heard.written(address_value("fd18::2", 6), 7, 6)
    assert written == b"|2|fd18:0000:0000:0000:0000:0000:0000:0002|7|"


def test_what_is_said_in_a_chat() -> None:
    said = b"PRIVMSG bob :\1DCC SEND file 3232235778 5000 1024\1\r\n"
    assert dcc(said) == Told("dcc", 28, 15, HOST, 5000)
    assert dcc(said.replace(b"SEND", b"RESUME")) is None
    assert dcc(said.replace(b"PRIVMSG", b"NOTICE ")) is None
    assert dcc(said.rstrip(b"\n")) is None


# -- in a trace ------------------------------------------------------------------------------------

CLIENT, SERVER, OUTSIDE = "172.18.0.2", "8.8.8.8", "192.0.2.10"


def place(folder: Path, listing: str = "", port: int = 21, sysctl: str = "") -> fwsim.Net:
    """A router that masquerades a guest, the guest's control connection begun."""
    write(folder, {
        "iptables-save": RULES, "conntrack": listing,
        "sysctl": f"net.ipv4.ip_forward = 1\n{sysctl}",
        "ip-addr.json": [LO, device(2, "eth0", f"{OUTSIDE}/24"), device(3, "d0", "172.18.0.1/16")],
        "ip-route.json": [{"dst": "default", "gateway": "192.0.2.1", "dev": "eth0"}],
    })  # fmt: skip
    net = fwsim.load(folder)
    if listing:
        return net
    for packet in (
        client("SYN", 99, dport=port), server("SYN", "ACK", seq=49, ack=100, sport=port),
        client("ACK", 100, dport=port), client("ACK", 100, b"USER me\r\n", dport=port),
    ):  # fmt: skip
        net = net.trace(packet, one_way=True).after
    return net


def client(flag: str, seq: int, data: bytes = b"", **more: Any) -> dict[str, Any]:
    return {
        "in": "d0", "src": CLIENT, "dst": SERVER, "proto": "tcp", "sport": 1000, "dport": 21,
        "flags": [flag], "seq": seq, "ack": 50, "payload": data.hex(), **more,
    }  # fmt: skip


def server(*flags: str, seq: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "in": "eth0", "src": SERVER, "dst": OUTSIDE, "proto": "tcp", "sport": 21, "dport": 1000,
        "flags": [*flags], "seq": seq, **more,
    }  # fmt: skip


PORT = client("ACK", 109, b"PORT 172,18,0,2,4,5\r\n")
DATA = server("SYN", sport=20, dport=1029)


def test_the_data_connection_is_related_and_translated(tmp_path: Path) -> None:
    trace = place(tmp_path).trace(PORT, one_way=True)
    assert trace.legs[0].emitted[0].packet.payload == b"PORT 192,0,2,10,4,5\r\n"
    assert "helper ftp expects 8.8.8.8 → 192.0.2.10, tcp port 1029" in str(trace)
    opened = trace.after.trace(DATA, one_way=True)
    (leg,) = opened.legs
    assert (leg.ctstate, leg.fate) == ("RELATED", "forwarded")
    assert leg.emitted[0].packet.text(leg.emitted[0].packet.dst) == CLIENT


def test_it_is_expected_once_and_for_five_minutes(tmp_path: Path) -> None:
    waiting = place(tmp_path).trace(PORT, one_way=True).after
    assert waiting.later(299).trace(DATA, one_way=True).legs[0].ctstate == "RELATED"
    assert waiting.later(301).trace(DATA, one_way=True).legs[0].ctstate == "NEW"
    used = waiting.trace(DATA, one_way=True).after
    assert used.trace({**DATA, "sport": 30}, one_way=True).legs[0].ctstate == "NEW"
    assert waiting.trace(DATA, one_way=True).legs[0].ctstate == "RELATED"


def test_half_a_command_is_dropped(tmp_path: Path) -> None:
    trace = place(tmp_path).trace(client("ACK", 109, b"PORT 172,18\r\n"), one_way=True)
    assert trace.legs[0].fate == "dropped"
    assert "its connection's helper refuses it" in str(trace)


def test_what_nobody_told_is_said(tmp_path: Path) -> None:
    asked = {**client("ACK", 109), "payload_len": 20}
    del asked["payload"]
    trace = place(tmp_path).trace(asked, one_way=True)
    assert "helper ftp: nobody told what is said" in str(trace)


def test_a_helper_that_is_not_modelled_is_named(tmp_path: Path) -> None:
    asked = client("ACK", 109, b"INVITE\r\n", dport=5060)
    trace = place(tmp_path, port=5060).trace(asked, one_way=True)
    assert "helper sip is not modelled" in str(trace)


def test_a_control_connection_that_the_snapshot_shows(tmp_path: Path) -> None:
    line = (
        "ipv4     2 tcp      6 431999 ESTABLISHED src=172.18.0.2 dst=8.8.8.8 sport=1000 dport=21 "
        "src=8.8.8.8 dst=192.0.2.10 sport=21 dport=1000 [ASSURED] mark=0 helper=ftp use=1\n"
    )
    after = place(tmp_path, line).trace(PORT, one_way=True).after
    assert after.trace(DATA, one_way=True).legs[0].ctstate == "RELATED"


def test_helpers_come_with_ports_where_an_old_kernel_was_told_so(tmp_path: Path) -> None:
    sysctl = "net.netfilter.nf_conntrack_helper = 1\n"
    for setting, state in (("", "NEW"), (sysctl, "RELATED")):
        net = place(tmp_path, sysctl=setting).apply("iptables -t raw -F")
        talk = (
            client("SYN", 99, sport=7), server("SYN", "ACK", seq=49, ack=100, dport=7),
            client("ACK", 100, b"USER me\r\n", sport=7), {**PORT, "sport": 7},
        )  # fmt: skip
        for packet in talk:
            net = net.trace(packet, one_way=True).after
        assert net.trace(DATA, one_way=True).legs[0].ctstate == state
