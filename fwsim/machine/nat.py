"""Address translation: bindings are made for a connection's first packet by editing its reply
tuple, and read off by comparing the tuples for every packet (net/netfilter/nf_nat_core.c,
nf_nat_masquerade.c, nf_nat_redirect.c, nf_nat_proto.c).
"""

from __future__ import annotations

from fwsim.machine.chance import Chance
from fwsim.machine.connection import CONFIRMED, DST_NAT, SRC_NAT, Connection, Expectation
from fwsim.machine.conntrack import Conntrack
from fwsim.machine.tuples import GRE, rewritten
from fwsim.machine.unique import Choice
from fwsim.model.actions import NatRange
from fwsim.model.packet import Packet

_GRE_HEADER = 8  # bytes that nf_nat_proto.c wants to see, whichever version it is
_ICMP_REDIRECT = {4: 5, 6: 137}


def bound(connection: Connection, source: bool) -> bool:
    """Whether source (or destination) translation has been decided, be it to change nothing."""
    return _side(source) in connection.set_up


def bind(
    tracker: Conntrack,
    connection: Connection,
    source: bool,
    range_: NatRange,
    *,
    now: float,
    chance: Chance,
) -> bool:
    """nf_nat_setup_info: decide one side of the connection's translation. True if a port was
    chosen by chance (by the kernel from a range; a dump cannot tell which). What a queue kept from
    being decided before the connection was confirmed is asked again, and never decided."""
    if connection.status & CONFIRMED:
        return False
    current = connection.reply.inverted()
    assert current is not None
    choice = Choice(tracker, connection, source, range_, now=now, chance=chance)
    chosen = choice.unique(current)
    if chosen != current:
        answer = chosen.inverted()
        assert answer is not None
        connection.reply = answer
        connection.status |= SRC_NAT if source else DST_NAT
    connection.set_up |= {_side(source)}
    return choice.by_chance


def bind_nothing(
    tracker: Conntrack, connection: Connection, source: bool, now: float, chance: Chance
) -> bool:
    """nf_nat_alloc_null_binding: no rule spoke; the address stays, a taken source port moves."""
    address = connection.reply.dst if source else connection.reply.src
    return bind(tracker, connection, source, NatRange((address, address)), now=now, chance=chance)


def follow(
    tracker: Conntrack, connection: Connection, expected: Expectation, now: float, chance: Chance
) -> bool:
    """nf_nat_follow_master: translate an expected connection as its master is. True if a port was
    chosen by chance."""
    there = expected.master.tuple(not expected.reply)
    by_chance = False
    ranges = NatRange((there.dst,) * 2), NatRange((there.src,) * 2, (expected.port,) * 2)
    for source, range_ in zip((True, False), ranges, strict=True):
        chosen = bind(tracker, connection, source, range_, now=now, chance=chance)
        by_chance = by_chance or chosen
    return by_chance


def translate(packet: Packet, connection: Connection, reply: bool, source: bool) -> Packet | None:
    """nf_nat_packet: the packet as this hook's translation leaves it. None: it is too short for
    its protocol's header, and is dropped."""
    if not _applies(connection, reply, source):
        return packet
    target = connection.tuple(not reply).inverted()
    assert target is not None
    return rewritten(packet, target, source) if _whole(packet) else None


def translate_error(
    packet: Packet, connection: Connection, reply: bool, source: bool
) -> Packet | None:
    """nf_nat_icmp_reply_translation: an ICMP error's own address, and the quoted packet's other
    one. None: a redirect about a translated connection, which is dropped, or as in `translate`."""
    if packet.icmp_type == _ICMP_REDIRECT[packet.family] and connection.status & (
        SRC_NAT | DST_NAT
    ):
        return None
    if not _applies(connection, reply, source) or packet.inner is None:
        return packet
    if not _whole(packet.inner):
        return None
    other = connection.tuple(not reply)
    target = other.inverted()
    assert target is not None
    inner = rewritten(packet.inner, other, not source)
    outer = packet.but(src=target.src) if source else packet.but(dst=target.dst)
    return outer.but(inner=inner)


def strays(connection: Connection, reply: bool, out: str) -> bool:
    """nf_nat_oif_changed: a masqueraded connection leaves by another device than it had its address
    from; it is forgotten, the packet dropped."""
    return bool(connection.masqueraded) and not reply and connection.masqueraded != out


def _whole(packet: Packet) -> bool:
    return packet.proto != GRE or packet.data_len >= _GRE_HEADER


def _side(source: bool) -> str:
    return "src" if source else "dst"


def _applies(connection: Connection, reply: bool, source: bool) -> bool:
    """In the reply direction each side undoes what the other did."""
    return bool(connection.status & (SRC_NAT if source != reply else DST_NAT))
