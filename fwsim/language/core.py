"""What the core options ask for (ip_packet_match in net/ipv4/netfilter/ip_tables.c): addresses,
devices by name, protocols."""

from __future__ import annotations

from fwsim.language.values import bits_of
from fwsim.model import fields as F
from fwsim.model.names import IFNAMSIZ, iface_value
from fwsim.model.pred import TRUE, Pred, is_in, masked, prefix


def network(field_: F.Field, value: int, mask: int) -> Pred:
    """The address is in the network; `mask` may have holes, as iptables allows."""
    host = field_.top - mask
    if host & (host + 1):
        return masked(field_, value, mask)
    return prefix(field_, value, field_.bits - host.bit_length())


def interface(field_: F.Field, name: str) -> Pred:
    """The device's name is `name`; with a last `+`, begins with what stands before it."""
    if not name.endswith("+"):
        return is_in(field_, iface_value(name))
    given = len(name.encode("utf-8", "surrogateescape")) - 1
    free = 8 * (IFNAMSIZ - given)
    low = iface_value(name[:-1])
    return is_in(field_, (low, low | ((1 << free) - 1)))


def protocol(number: int) -> Pred:
    """The packet's protocol is that; 0 means any."""
    return is_in(F.PROTO, number) if number else TRUE


def whole(family: int, value: int) -> tuple[int, int]:
    """One address as (address, mask)."""
    return value, (1 << bits_of(family)) - 1
