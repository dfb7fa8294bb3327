"""What a ping that reads a raw socket hears while others in its namespace are rejected: their
errors too. So the clients of shared/snapshots heard (machine/test_truth.py)."""

from __future__ import annotations

import socket
import struct
from contextlib import closing, suppress

from .netns import Netns, require_kernel

require_kernel()

_RULES = """*filter
-A INPUT -p icmp --icmp-type echo-request -j DROP
-A INPUT -p tcp --dport 81 -j REJECT --reject-with icmp-admin-prohibited
COMMIT
"""
_UNREACHABLE, _IP_HEADER, _TCP = 3, 20, 6


def _echo() -> bytes:
    ident, checksum = 7, 0xFFFF - (8 << 8) - 7
    return struct.pack("!BBHHH", 8, 0, checksum, ident, 0)


def _heard(rejected: bool) -> list[tuple[int, int]]:
    """Type and quoted protocol of what a raw socket reads after a ping that is dropped."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)) as raw:
        raw.sendto(_echo(), ("127.0.0.1", 0))
        if rejected:
            with closing(socket.socket()) as other, suppress(OSError):
                other.settimeout(1)
                other.connect(("127.0.0.1", 81))
        raw.setblocking(False)
        heard = []
        with suppress(BlockingIOError):
            while True:
                data = raw.recv(2048)
                heard.append((data[_IP_HEADER], data[_IP_HEADER + 8 + 9]))
        return heard


def test_a_raw_socket_hears_errors_about_the_packets_of_others() -> None:
    with Netns() as ns:
        ns.run("ip", "link", "set", "lo", "up")
        ns.run("iptables-legacy-restore", text=_RULES)
        assert ns.call(_heard, False) == []
        assert (_UNREACHABLE, _TCP) in ns.call(_heard, True)
