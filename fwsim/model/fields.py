"""The facts about a packet that a rule can ask for, each a named integer of fixed width.

A field is what a predicate tests and what a view answers. Some are bytes of the packet (`dport`),
some the walk knows (`in`, `ctstate`, `dst_type`): matches do not see the difference. Addresses
have one field a family, since a rule belongs to one. Interface names are the sixteen bytes that
the kernel compares (IFNAMSIZ), so that `veth+` is a prefix like any other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from fwsim.model.names import (
    address_text,
    flags_text,
    iface_text,
    mac_text,
    packet_type_text,
    proto_text,
    route_type_text,
    sender_text,
    state_text,
)
from fwsim.model.tuples import NamedTuple

if TYPE_CHECKING:
    from fwsim.model.facts import Facts


class Field(NamedTuple):
    """A named integer of `bits` bits; `kind` says how people write its values.

    A field that one extension alone asks for brings its own way of being read, `project`; all
    others are projected by the walk, by name (fwsim.machine.view)."""

    name: str
    bits: int
    kind: str = "number"
    project: Callable[[Facts], int] | None = None

    @property
    def key(self) -> str | Field:
        """Under which a view holds its value."""
        return self if self.project else self.name

    @property
    def top(self) -> int:
        """The largest value, all bits set."""
        return (1 << self.bits) - 1

    def show(self, value: int) -> str:
        """A value as people write it: `172.18.0.3`, `docker1`, `tcp`, `ESTABLISHED`, `0x1`."""
        return _SHOW[self.kind](value, self.bits)


_SHOW: dict[str, Callable[[int, int], str]] = {
    "number": lambda v, _: str(v),
    "hex": lambda v, _: hex(v),
    "address": address_text,
    "iface": lambda v, _: iface_text(v),
    "proto": lambda v, _: proto_text(v),
    "tcpflags": lambda v, _: flags_text(v),
    "state": lambda v, _: state_text(v),
    "routetype": lambda v, _: route_type_text(v),
    "packettype": lambda v, _: packet_type_text(v),
    "mac": lambda v, _: mac_text(v),
    "sender": lambda v, _: sender_text(v),
    "flag": lambda v, _: "yes" if v else "no",
}

SRC = {4: Field("src", 32, "address"), 6: Field("src", 128, "address")}
DST = {4: Field("dst", 32, "address"), 6: Field("dst", 128, "address")}
IN = Field("in", 128, "iface")
OUT = Field("out", 128, "iface")
PHYSIN = Field("physin", 128, "iface")  # the bridge port it came in by, 0 if none
PHYSOUT = Field("physout", 128, "iface")
BRIDGED = Field("bridged", 1, "flag")  # on its way from port to port, not routed
PROTO = Field("proto", 8, "proto")
FRAG = Field("frag", 13)  # fragment offset, in units of 8 bytes
SPORT = Field("sport", 16)
DPORT = Field("dport", 16)
L4_HEADER = Field("l4_header", 1, "flag")  # the transport header is there in full
PORTS = Field("ports", 1, "flag")  # its ports are there
HEADERS = Field("headers", 1, "flag")  # IPv6's extension headers can be followed to the last
TCP_FLAGS = Field("tcp_flags", 8, "tcpflags")
TCP_OPTIONS = Field("tcp_options", 256, "hex")  # bit N: option N is present
ICMP_TYPE = Field("icmp_type", 8)
ICMP_CODE = Field("icmp_code", 8)
# what only the header of a packet's own protocol has
TRANSPORT = frozenset(
    {SPORT, DPORT, PORTS, L4_HEADER, TCP_FLAGS, TCP_OPTIONS, ICMP_TYPE, ICMP_CODE}
)
MARK = Field("mark", 32, "hex")
PRIORITY = Field("priority", 32, "hex")  # skb->priority, which CLASSIFY sets
LENGTH = Field("length", 16)  # the whole IP packet, in bytes
TTL = Field("ttl", 8)  # hop limit in IPv6
TOS = Field("tos", 8, "hex")  # traffic class in IPv6

CTSTATE = Field("ctstate", 3, "state")  # names.STATES
CONNTRACK = Field("conntrack", 1, "flag")  # connections are tracked on this host
CT_KNOWN = Field("ct_known", 1, "flag")  # there is a connection to ask
CT_STATUS = Field("ct_status", 16, "hex")  # names.STATUS bits
CT_DIR = Field("ct_dir", 1)  # 0 original, 1 reply
CT_PROTO = Field("ct_proto", 8, "proto")
CT_MARK = Field("ct_mark", 32, "hex")
CT_LABELS = Field("ct_labels", 128, "hex")  # bit N: the connection has label N
CT_EXPIRE = Field("ct_expire", 32)  # seconds until the connection is forgotten
CT_ORIG_SRC = {4: Field("ct_orig_src", 32, "address"), 6: Field("ct_orig_src", 128, "address")}
CT_ORIG_DST = {4: Field("ct_orig_dst", 32, "address"), 6: Field("ct_orig_dst", 128, "address")}
CT_REPL_SRC = {4: Field("ct_repl_src", 32, "address"), 6: Field("ct_repl_src", 128, "address")}
CT_REPL_DST = {4: Field("ct_repl_dst", 32, "address"), 6: Field("ct_repl_dst", 128, "address")}
CT_ORIG_SPORT = Field("ct_orig_sport", 16)
CT_ORIG_DPORT = Field("ct_orig_dport", 16)
CT_REPL_SPORT = Field("ct_repl_sport", 16)
CT_REPL_DPORT = Field("ct_repl_dport", 16)

SRC_TYPE = Field("src_type", 4, "routetype")  # names.ROUTE_TYPES, whole host
DST_TYPE = Field("dst_type", 4, "routetype")
SRC_TYPE_IN = Field("src_type_in", 4, "routetype")  # as seen on the device it came in by
DST_TYPE_IN = Field("dst_type_in", 4, "routetype")
SRC_TYPE_OUT = Field("src_type_out", 4, "routetype")  # as seen on the device it leaves by
DST_TYPE_OUT = Field("dst_type_out", 4, "routetype")

IN_GROUP = Field("in_group", 32, "hex")  # of the device it came in by
OUT_GROUP = Field("out_group", 32, "hex")
MAC_SRC = Field("mac_src", 48, "mac")  # of its sender; only sets of packets have it
FROM_ETHERNET = Field("from_ethernet", 1, "flag")  # it came in a frame that tells whence
PACKET_TYPE = Field("packet_type", 3, "packettype")  # names.PACKET_TYPES
SENDER = Field("sender", 2, "sender")  # names.SENDERS; a packet that came in has none
REALM = Field("realm", 32, "hex")  # of its route: the source's in the upper half
PATH_MTU = Field("path_mtu", 32)  # the smaller one, of the way on and of the way back
RPF = {
    (loose, mark, local): Field(
        f"rpf{'_loose' * loose}{'_mark' * mark}{'_local' * local}", 1, "flag"
    )
    for loose in (False, True)
    for mark in (False, True)
    for local in (False, True)
}  # an answer would go back by the device it came in by, or if loose by any
