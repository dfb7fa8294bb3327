"""What some extensions' EXAMPLES name and a host must have before iptables takes them: sets, rate
estimators and accounting objects."""

from __future__ import annotations

import os
import re
import socket
import struct

from .netlink import attribute
from .netns import Netns

_NAMED = re.compile(r"--(?:match|add|del)-set (\S+)")
SETS = """create addresses hash:ip
create sockets hash:ip,port
create counted hash:net counters timeout 60
create marks hash:net skbinfo
create several list:set
create six-addresses hash:ip family inet6
create six-sockets hash:ip,port family inet6
create six-counted hash:net family inet6 counters timeout 60
create six-marks hash:net family inet6 skbinfo
"""
ESTIMATORS = {"RE1": ("250ms", "500ms"), "RE2": ("1s", "4s")}
OBJECTS = ("acct1", 'a"b c', "x" * 31)
_NEW_OBJECT, _REQUEST, _ACK, _NAME = 0x0700, 0x1, 0x4, 1  # linux/netfilter/nfnetlink_acct.h


def make_existing(host: Netns) -> None:
    """Make them all. The estimators are held by rules of the nft backend, which no test of the
    legacy one touches."""
    host.run("ipset", "restore", text=SETS)
    for name, (interval, ewmalog) in ESTIMATORS.items():
        options = ("--rateest-name", name, "--rateest-interval", interval)
        rule = ("-A", "OUTPUT", "-j", "RATEEST", *options, "--rateest-ewmalog", ewmalog)
        host.run("iptables-nft", "-t", "raw", *rule)
    for name in OBJECTS:
        make_object(host, name)


def make_sets_named(host: Netns, text: str, family: int) -> None:
    """The sets that rules name, empty, of a type that they do not tell."""
    inet = "inet" if family == 4 else "inet6"
    names = dict.fromkeys(_NAMED.findall(text))
    made = "".join(f"create {name} hash:net family {inet}\n" for name in names)
    host.run("ipset", "restore", "-exist", text=made)


def make_object(host: Netns, name: str) -> None:
    """An accounting object, as `nfacct add` makes it."""
    body = bytes(4) + attribute(_NAME, name.encode() + b"\0")
    header = struct.pack("=IHHII", 16 + len(body), _NEW_OBJECT, _REQUEST | _ACK, 1, 0)
    with host.call(socket.socket, socket.AF_NETLINK, socket.SOCK_RAW, 12) as opened:
        opened.send(header + body)
        number = -struct.unpack_from("=i", opened.recv(1 << 16), 16)[0]
    if number:
        raise OSError(number, os.strerror(number))
