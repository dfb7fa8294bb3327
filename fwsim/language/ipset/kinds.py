"""The types of sets: what an element consists of, and what a set may be created with.

Semantics: net/netfilter/ipset/ip_set_*.c; text: ipset's lib/ipset_*.c.
"""

from __future__ import annotations

from collections.abc import Mapping

from fwsim.model.tuples import NamedTuple

FLAGS = frozenset({"counters", "comment", "skbinfo", "forceadd"})
_HASH = ("family", "hashsize", "maxelem", "timeout", *sorted(FLAGS), "bucketsize", "initval")
_BITMAP = ("range", "timeout", "counters", "comment", "skbinfo")
IGNORED = frozenset({"probes", "resize", "gc"})
"""What older ipsets wrote, each with a value."""


class Kind(NamedTuple):
    """A type of set: `parts` of an element are ip, net, port, mac, iface, mark or set; `families`
    are those that a set of it can be of, 0 for both at once. `zero`: a prefix length of 0 will
    do."""

    name: str
    alias: str
    families: tuple[int, ...]
    options: tuple[str, ...]
    zero: bool = False

    @property
    def parts(self) -> tuple[str, ...]:
        """ip, port, net …"""
        return tuple(self.name.partition(":")[2].split(","))

    @property
    def nets(self) -> tuple[int, ...]:
        """Which parts are networks."""
        return tuple(at for at, part in enumerate(self.parts) if part == "net")

    @property
    def is_loose(self) -> bool:
        """An element may have another's place."""
        return self.name in ("bitmap:ip,mac", "hash:net,iface")

    @property
    def is_bitmap(self) -> bool:
        """A set of a fixed range."""
        return self.name.startswith("bitmap:")


_KINDS = (
    Kind("bitmap:ip", "ipmap", (4,), ("netmask", *_BITMAP)),
    Kind("bitmap:ip,mac", "macipmap", (4,), _BITMAP),
    Kind("bitmap:port", "portmap", (0,), _BITMAP),
    Kind("hash:ip", "iphash", (4, 6), ("netmask", "bitmask", *_HASH)),
    Kind("hash:mac", "machash", (0,), tuple(o for o in _HASH if o != "family")),
    Kind("hash:ip,mac", "ipmachash", (4, 6), ("bitmask", *_HASH)),
    Kind("hash:ip,mark", "ipmarkhash", (4, 6), ("markmask", *_HASH)),
    Kind("hash:net", "nethash", (4, 6), _HASH),
    Kind("hash:net,net", "netnethash", (4, 6), ("netmask", "bitmask", *_HASH)),
    Kind("hash:ip,port", "ipporthash", (4, 6), ("netmask", "bitmask", *_HASH)),
    Kind("hash:net,port", "netporthash", (4, 6), _HASH),
    Kind("hash:ip,port,ip", "ipportiphash", (4, 6), _HASH),
    Kind("hash:ip,port,net", "ipportnethash", (4, 6), _HASH),
    Kind("hash:net,port,net", "netportnethash", (4, 6), _HASH, zero=True),
    Kind("hash:net,iface", "netifacehash", (4, 6), _HASH, zero=True),
    Kind("list:set", "setlist", (0,), ("size", "timeout", "counters", "comment", "skbinfo")),
)
KINDS: Mapping[str, Kind] = {kind.name: kind for kind in _KINDS}
ALIASES: Mapping[str, Kind] = {kind.alias: kind for kind in _KINDS}
