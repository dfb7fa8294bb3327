"""How each field of fwsim.model.fields is read off a packet at a hook, by name."""

from __future__ import annotations

from collections.abc import Callable

from fwsim.machine import routing
from fwsim.machine.buffer import Buffer
from fwsim.machine.connection import CONFIRMED, INVALID, Connection
from fwsim.machine.moment import Moment
from fwsim.machine.world import Namespace
from fwsim.model.chain import final, find
from fwsim.model.exthdr import AH
from fwsim.model.fields import RPF, Field
from fwsim.model.names import iface_value
from fwsim.model.packet import L4_HEADERS, WITH_PORTS, Packet


class Sight(dict[str | Field, int]):
    """A packet at a hook, and the values of its fields as far as they were asked for."""

    def __init__(self, buffer: Buffer, ns: Namespace, hook: str, moment: Moment) -> None:
        super().__init__()
        self.buffer, self.ns, self.hook, self.moment = buffer, ns, hook, moment
        self.now = moment.now

    @property
    def packet(self) -> Packet:
        """The packet as it is now."""
        return self.buffer.packet

    @property
    def raw(self) -> bool:
        """Its sender wrote its IP header too."""
        return self.buffer.raw and not self.buffer.in_

    @property
    def connection(self) -> Connection | None:
        """Its connection, if it has one."""
        return self.buffer.found.connection if self.buffer.found else None

    def device(self, which: str) -> str:
        """The device it came in by or leaves by, as this hook knows it."""
        if which == "in":
            across = self.hook == "POSTROUTING" and self.buffer.physout  # br_nf_post_routing
            return "" if across or self.hook == "OUTPUT" else self.buffer.in_
        return "" if self.hook in ("PREROUTING", "INPUT") else self.buffer.out


def _option_bits(view: Sight) -> int:
    from fwsim.model.tcp_options import option_bits

    return option_bits(view.packet.tcp_options)


def _l4_header(view: Sight) -> int:
    packet = view.packet
    return int(not packet.frag and not packet.truncated and packet.proto in L4_HEADERS)


def _ports_there(view: Sight) -> int:
    """Half of a cut off header may be enough."""
    packet = view.packet
    there = packet.proto in WITH_PORTS and not packet.frag
    return int(there and (not packet.truncated or packet.data_len >= 4))


def _proto(view: Sight) -> int:
    """For nf_tables (nft_set_pktinfo_ipv6) it is AH, whatever that has behind it."""
    packet, ruleset = view.packet, view.ns.rulesets.get(6)
    if packet.ext and ruleset and ruleset.nft and find(packet, AH):
        return AH
    return max(0, final(packet))


def _address_type(which: str, limit: str) -> Callable[[Sight], int]:
    def project(view: Sight) -> int:
        dev = view.device(limit) if limit else ""
        value = getattr(view.packet, which)
        return routing.address_type(view.ns, view.packet.family, value, dev)

    return project


def _ports(name: str, at: int) -> Callable[[Sight], int]:
    def project(view: Sight) -> int:
        packet = view.packet
        if packet.frag or packet.truncated:
            return _not_whole(view, name, at, 2)
        return getattr(packet, name) if packet.proto in WITH_PORTS else 0

    return project


def _tcp_flags(view: Sight) -> int:
    packet = view.packet
    return _not_whole(view, "flags", 13, 1) if packet.frag or packet.truncated else packet.flags


def _not_whole(view: Sight, name: str, at: int, size: int) -> int:
    """Off a header that is not there in full nf_tables reads what it finds, others what is told."""
    packet = view.packet
    ruleset = view.ns.rulesets.get(packet.family)
    if ruleset and ruleset.nft:
        from fwsim.model.hidden import taken_for_header

        return int.from_bytes(taken_for_header(packet)[at : at + size], "big")
    return 0 if packet.frag or packet.proto not in WITH_PORTS else int(getattr(packet, name))


def _icmp(name: str) -> Callable[[Sight], int]:
    return lambda view: getattr(view.packet, name) if view.packet.is_icmp else 0


def _tuple(reply: bool, member: str) -> Callable[[Sight], int]:
    def project(view: Sight) -> int:
        connection = view.connection
        if connection is None:
            return 0
        return int(getattr(connection.tuple(reply), member))

    return project


def _group(which: str) -> Callable[[Sight], int]:
    def project(view: Sight) -> int:
        from fwsim.machine.linkfacts import group

        return group(view.ns, view.device(which))

    return project


def _from_ethernet(view: Sight) -> int:
    """A copy of what the host sends to all has no frame yet (dev_loopback_xmit)."""
    from fwsim.machine.linkfacts import is_ethernet

    return int(not view.buffer.comes_back and is_ethernet(view.ns, view.buffer.in_))


def _packet_type(view: Sight) -> int:
    from fwsim.machine.linkfacts import packet_type

    return packet_type(view.ns, view.buffer)


def _reverse_path(loose: bool, marked: bool, local: bool) -> Callable[[Sight], int]:
    def project(view: Sight) -> int:
        from fwsim.machine.routefacts import reverse_path

        mark, dev = view.buffer.mark if marked else 0, view.buffer.in_
        return int(reverse_path(view.ns, view.packet, dev, mark, loose=loose, local=local))

    return project


def _realm(view: Sight) -> int:
    from fwsim.machine.routefacts import realm

    buffer = view.buffer
    if buffer.physout and not buffer.routed_across:
        return 0
    return realm(view.ns, buffer.packet, view.hook, buffer.in_, buffer.routed_by)


def _path_mtu(view: Sight) -> int:
    from fwsim.machine.routefacts import device_mtu, path_mtu

    buffer = view.buffer
    if buffer.physout:
        return device_mtu(view.ns, buffer.out)
    return path_mtu(view.ns, buffer.packet, buffer.routed_by)


def _expires(view: Sight) -> int:
    """Its clock runs from its confirmation on."""
    if view.connection is None or not view.connection.status & CONFIRMED:
        return 0
    return max(0, int(view.connection.expires - view.now))


PROJECT: dict[str, Callable[[Sight], int]] = {
    "src": lambda v: v.packet.src,
    "dst": lambda v: v.packet.dst,
    "in": lambda v: iface_value(v.device("in")),
    "out": lambda v: iface_value(v.device("out")),
    "physin": lambda v: iface_value(v.buffer.physin),
    "physout": lambda v: iface_value(v.buffer.physout),
    "bridged": lambda v: int(bool(v.buffer.physout)),
    "proto": _proto,
    "headers": lambda v: int(final(v.packet) >= 0),
    "frag": lambda v: v.packet.frag,
    "sport": _ports("sport", 0),
    "dport": _ports("dport", 2),
    "l4_header": _l4_header,
    "ports": _ports_there,
    "tcp_flags": _tcp_flags,
    "tcp_options": _option_bits,
    "icmp_type": _icmp("icmp_type"),
    "icmp_code": _icmp("icmp_code"),
    "mark": lambda v: v.buffer.mark,
    "priority": lambda v: v.buffer.priority,
    "length": lambda v: v.packet.length,
    "ttl": lambda v: v.packet.ttl,
    "tos": lambda v: v.packet.tos,
    "ctstate": lambda v: v.buffer.found.state if v.buffer.found else INVALID,
    "conntrack": lambda v: int(v.ns.tracks(v.packet.family)),
    "ct_known": lambda v: int(v.connection is not None),
    "ct_status": lambda v: v.connection.status if v.connection else 0,
    "ct_dir": lambda v: int(bool(v.buffer.found and v.buffer.found.reply)),
    "ct_proto": lambda v: v.connection.original.proto if v.connection else 0,
    "ct_mark": lambda v: v.connection.mark if v.connection else 0,
    "ct_labels": lambda v: v.connection.labels if v.connection else 0,
    "ct_expire": _expires,
    "ct_orig_src": _tuple(False, "src"),
    "ct_orig_dst": _tuple(False, "dst"),
    "ct_repl_src": _tuple(True, "src"),
    "ct_repl_dst": _tuple(True, "dst"),
    "ct_orig_sport": _tuple(False, "sport"),
    "ct_orig_dport": _tuple(False, "dport"),
    "ct_repl_sport": _tuple(True, "sport"),
    "ct_repl_dport": _tuple(True, "dport"),
    "src_type": _address_type("src", ""),
    "dst_type": _address_type("dst", ""),
    "src_type_in": _address_type("src", "in"),
    "dst_type_in": _address_type("dst", "in"),
    "src_type_out": _address_type("src", "out"),
    "dst_type_out": _address_type("dst", "out"),
    "in_group": _group("in"),
    "out_group": _group("out"),
    "from_ethernet": _from_ethernet,
    "packet_type": _packet_type,
    "sender": lambda v: 0 if v.buffer.in_ else v.buffer.sender,
    "realm": _realm,
    "path_mtu": _path_mtu,
    **{field.name: _reverse_path(*which) for which, field in RPF.items()},
}
