"""Run inside a namespace: try every target at once and tell what a client saw of each.

Standard input: lines `tcp ADDRESS PORT` or `icmp ADDRESS`. Standard output: one word a line."""

from __future__ import annotations

import errno
import selectors
import socket
import struct
import sys
from time import monotonic

PATIENCE = 1.5
WORDS = {
    0: "answered", errno.ECONNREFUSED: "refused", errno.EHOSTUNREACH: "unreachable",
    errno.ENETUNREACH: "no-route", errno.EACCES: "denied", errno.EPERM: "denied",
    errno.ETIMEDOUT: "timeout", errno.EADDRNOTAVAIL: "no-route",  # no address of that family
}  # fmt: skip


def opened(kind: str, address: str, port: int, number: int) -> socket.socket | str:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    if kind == "tcp":
        sock = socket.socket(family, socket.SOCK_STREAM)
        sock.setblocking(False)
        code = sock.connect_ex((address, port))
        return sock if code == errno.EINPROGRESS else WORDS.get(code, f"errno {code}")
    # a ping socket of its own hears only of its own echo, errors included
    proto = socket.IPPROTO_ICMPV6 if ":" in address else socket.IPPROTO_ICMP
    sock = socket.socket(family, socket.SOCK_DGRAM, proto)
    sock.setblocking(False)
    if family == socket.AF_INET:
        sock.setsockopt(socket.IPPROTO_IP, 11, 1)  # IP_RECVERR
    else:
        sock.setsockopt(socket.IPPROTO_IPV6, 25, 1)  # IPV6_RECVERR
    try:
        sock.connect((address, 0))
        echo = 128 if family == socket.AF_INET6 else 8
        sock.send(struct.pack("!BBHHH", echo, 0, 0, number, 1) + bytes(56))
    except OSError as error:
        return WORDS.get(error.errno or -1, f"errno {error.errno}")
    return sock


def heard(kind: str, sock: socket.socket) -> str:
    code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if code or kind == "tcp":
        return WORDS.get(code, f"errno {code}")
    try:
        sock.recv(2048)
    except OSError as error:
        return WORDS.get(error.errno or -1, f"errno {error.errno}")
    return "answered"


def main() -> None:
    asked = [line.split() for line in sys.stdin]
    told = ["timeout"] * len(asked)
    waiting = selectors.DefaultSelector()
    for number, words in enumerate(asked):
        port = int(words[2]) if words[0] == "tcp" else 0
        sock = opened(words[0], words[1], port, number)
        if isinstance(sock, str):
            told[number] = sock
            continue
        events = selectors.EVENT_WRITE if words[0] == "tcp" else selectors.EVENT_READ
        waiting.register(sock, events, (number, words[0]))
    end = monotonic() + PATIENCE
    while waiting.get_map() and (left := end - monotonic()) > 0:
        for key, _ in waiting.select(left):
            number, kind = key.data
            told[number] = heard(kind, key.fileobj)  # type: ignore[arg-type]
            waiting.unregister(key.fileobj)
    print("\n".join(told))


main()
