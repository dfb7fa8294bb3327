"""Who listens, as `ss` tells it."""

from __future__ import annotations

import pytest

from fwsim.machine.sockets import listeners, listening
from fwsim.machine.world import Listener
from fwsim.model.errors import PlaceError
from fwsim.model.names import address_value
from fwsim.model.packet import Packet

TEXT = """\
Netid State  Recv-Q Send-Q Local Address:Port Peer Address:Port
tcp   LISTEN 0      4096       127.0.0.1:5432      0.0.0.0:*
tcp   LISTEN 0      128                *:22              *:*
tcp   LISTEN 0      128             [::]:80           [::]:*
udp   UNCONN 0      0      127.0.0.53%lo:53        0.0.0.0:*
udp   UNCONN 0      0   [fe80::1]%eth0:546          [::]:*
tcp   ESTAB  0      0          10.0.0.1:22       10.0.0.2:999
"""


def packet(dst: str, port: int, proto: int = 6) -> Packet:
    family = 6 if ":" in dst else 4
    return Packet(family, 1, address_value(dst, family), proto, sport=1, dport=port)


@pytest.mark.parametrize(
    ("dst", "port", "proto", "dev", "found"),
    [
        ("127.0.0.1", 5432, 6, "lo", True),
        ("192.0.2.1", 5432, 6, "eth0", False),
        ("192.0.2.1", 22, 6, "eth0", True),
        ("fd00::1", 22, 6, "eth0", True),
        ("fd00::1", 80, 6, "eth0", True),
        ("192.0.2.1", 80, 6, "eth0", False),
        ("127.0.0.53", 53, 17, "lo", True),
        ("127.0.0.53", 53, 17, "eth0", False),
        ("127.0.0.53", 53, 6, "lo", False),
        ("fe80::1", 546, 17, "eth0", True),
        ("10.0.0.1", 999, 6, "eth0", False),
    ],
)
def test_a_packet_finds_its_socket(dst: str, port: int, proto: int, dev: str, found: bool) -> None:
    sockets = tuple(listeners(TEXT, "ss"))
    assert len(sockets) == 5
    assert listening(sockets, packet(dst, port, proto), dev) is found


def test_nobody_knows_without_ss_or_for_other_protocols() -> None:
    assert listening(None, packet("127.0.0.1", 80), "lo") is None
    assert listening((), packet("127.0.0.1", 80, 89), "lo") is None


def test_dual_stack_sockets_serve_both_families() -> None:
    (one,) = listeners("tcp LISTEN 0 5 *:1 *:*", "ss")
    assert one == Listener(6, frozenset({4, 6}), 0, 1)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("\x1b[31mhello there", "ss:1: this is no line of `ss -tulnH`"),
        ("tcp LISTEN 0 0 somewhere:80 *:*", "ss:1: expected an address, not somewhere"),
        ("tcp LISTEN 0 0 127.0.0.1:http *:*", "ss:1: expected ADDRESS:PORT"),
    ],
)
def test_what_is_no_listing_is_refused_with_its_line(line: str, complaint: str) -> None:
    with pytest.raises(PlaceError, match=complaint.replace("(", r"\(")):
        tuple(listeners(line, "ss"))
