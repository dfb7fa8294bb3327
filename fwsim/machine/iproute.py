"""What `ip -j` and `bridge -j` print, as devices, routes, neighbours and forwarding entries
(iproute2: ip/ipaddress.c, ip/iproute.c, ip/ipneigh.c, bridge/fdb.c name the fields)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from fwsim.machine.words import say
from fwsim.machine.world import STACKED, Address, Device, Route
from fwsim.model.errors import PlaceError
from fwsim.model.names import address_value, family_of
from fwsim.model.tuples import NamedTuple

T = TypeVar("T")

FAMILIES = {"inet": 4, "inet6": 6}
_KINDS_OF_JSON: Mapping[type, str] = {
    str: "text", int: "a number", list: "a list", dict: "an object", bool: "true or false",
}  # fmt: skip


class Entry(NamedTuple):
    """One object of a JSON file, `item` from 1 in its list. What has the wrong type is a
    PlaceError that names the place."""

    where: str
    data: Mapping[str, Any]
    item: int = 0

    def get(self, key: str, kind: type[T], default: T) -> T:
        """A field's value, `default` where it is missing or null."""
        value = self.data.get(key)
        if value is None:
            return default
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise self.wrong(key, f"expected {_KINDS_OF_JSON[kind]}")
        return value

    def text(self, key: str) -> str:
        """A text field, empty if it is missing."""
        value = self.data.get(key, "")
        return value if isinstance(value, str) else self.get(key, str, "")

    def number(self, key: str) -> int:
        """A number, 0 if it is missing."""
        return self.get(key, int, 0)

    def inner(self, key: str) -> Entry:
        """An object inside, empty if it is missing."""
        return Entry(f"{self.where}: {key}", self.get(key, dict, {}))

    def entries(self, key: str) -> list[Entry]:
        """A list of objects inside, empty if it is missing."""
        if key not in self.data:
            return []
        return entries(self.get(key, list, []), f"{self.where}: {key}")

    def words(self, key: str) -> list[str]:
        """A list of words inside."""
        words = self.get(key, list, [])
        if not all(isinstance(word, str) for word in words):
            raise self.wrong(key, "expected a list of words")
        return words

    def address(self, key: str, family: int) -> int:
        """An address of that family as an integer, 0 if it is missing."""
        text = self.text(key)
        try:
            return address_value(text, family) if text else 0
        except ValueError:
            raise self.wrong(key, f"expected an IPv{family} address") from None

    def wrong(self, key: str, expected: str) -> PlaceError:
        """The complaint about one field."""
        found = repr(self.data.get(key))
        return PlaceError(f"{self.where}: {key} is {found[:60]}: {expected}")


def entries(value: object, where: str) -> list[Entry]:
    """A JSON list of objects, without the empty ones that `ip` prints for what it leaves out."""
    if not isinstance(value, list):
        raise PlaceError(f"{where}: expected a list of objects, as `ip -j` and `bridge -j` print")
    found = []
    for number, item in enumerate(value, 1):
        if not isinstance(item, dict):
            raise PlaceError(f"{where}: item {number} is no object: {item!r:.60}")
        if item:
            found.append(Entry(f"{where}: item {number}", item, number))
    return found


class Link(NamedTuple):
    """A device with what `ip` says of its other end: the peer's index `link` (0 if unknown), or its
    name in the same namespace; `nsid` numbers the peer's namespace, None if it is the same one."""

    device: Device
    link: int = 0
    link_name: str = ""
    nsid: int | None = None
    master: str = ""


def link(item: Entry) -> Link:
    """A device of `ip -j -d addr`."""
    info = item.inner("linkinfo")
    name = item.text("ifname")
    if not name:
        raise item.wrong("ifname", "expected a device's name")
    kind = info.text("info_kind")
    if not kind and item.text("link_type") == "loopback":
        kind = "loopback"
    told = info.inner("info_data") if kind in STACKED else Entry(item.where, {})
    device = Device(
        name,
        kind,
        item.text("address"),
        tuple(_addresses(item)),
        up="UP" in item.words("flags"),
        hairpin=info.inner("info_slave_data").get("hairpin", bool, False),
        index=item.number("ifindex"),
        mtu=item.number("mtu"),
        group=_numbered(item.text("group")),
        ethernet=item.text("link_type") in ("", "ether") and kind != "loopback",
        mode=told.text("mode"),
        tag=told.number("id"),
    )
    nsid = item.number("link_netnsid") if "link_netnsid" in item.data else None
    return Link(device, item.number("link_index"), item.text("link"), nsid, item.text("master"))


def _addresses(item: Entry) -> Iterator[Address]:
    for found in item.entries("addr_info"):
        family = FAMILIES.get(found.text("family"))
        if family is None:
            continue
        length = found.number("prefixlen")
        if not 0 <= length <= bits(family):
            raise found.wrong("prefixlen", f"expected 0 to {bits(family)}")
        if not found.text("local"):
            raise found.wrong("local", f"expected an IPv{family} address")
        yield Address(
            family,
            found.address("local", family),
            length,
            found.address("broadcast", family),
            found.text("scope") or "global",
        )


def unready(item: Entry) -> list[str]:
    """Which addresses of a device the kernel does not use (yet)."""
    return [
        f"{found.text('local')} on {item.text('ifname')}"
        for found in item.entries("addr_info")
        if found.data.get("tentative") or found.data.get("dadfailed")
    ]


def bits(family: int) -> int:
    """How long an address is."""
    return 32 if family == 4 else 128


def route_family(item: Entry) -> int:
    """4 or 6, by the addresses of a route; one without any is IPv6 if it has a preference, which
    only IPv6 routes do."""
    for key in ("dst", "gateway", "prefsrc"):
        text = item.text(key).partition("/")[0]
        family = family_of(text) if text else None
        if family:
            return family
    return 6 if "pref" in item.data else 4


def route(item: Entry, family: int) -> Route | None:
    """One route of `ip -j route`; None if the kernel does not use it now (a dead one)."""
    if "dead" in item.words("flags"):
        return None
    dst, length = _prefix(item, family)
    hop = next(iter(item.entries("nexthops")), item)
    table = item.data.get("table", "main")
    return Route(
        dst,
        length,
        hop.text("dev"),
        hop.address("gateway", family),
        item.text("type") or "unicast",
        item.address("prefsrc", family),
        item.number("metric"),
        str(table),
        _tos(item),
        sum(entry.number("mtu") for entry in item.entries("metrics")),
        _realms(item),
    )


def _numbered(text: str) -> int:
    """What iproute2 prints as a number, or by a name from a file of that host: 0 for any name."""
    return int(text) if text.isdecimal() else 0


def _unnumbered(text: str, zero: str) -> bool:
    return bool(text) and not text.isdecimal() and text != zero


def _realms(item: Entry) -> int:
    flow = item.inner("flow")
    return _numbered(flow.text("from")) << 16 | _numbered(flow.text("to"))


def unnumbered_group(item: Entry) -> str:
    """What is not known of a device's group; empty if its number is."""
    group = item.text("group")
    if not _unnumbered(group, "default"):
        return ""
    return say("group", dev=item.text("ifname"), group=group)


def _tos(item: Entry) -> int:
    text = item.text("tos")
    try:
        return int(text, 0) if text else 0
    except ValueError:
        raise item.wrong("tos", "expected a number such as 0x10") from None


def _prefix(item: Entry, family: int) -> tuple[int, int]:
    text = item.text("dst")
    if text == "default":
        return 0, 0
    address, _, length = text.partition("/")
    longest = bits(family)
    try:
        value = address_value(address, family)
        number = int(length) if length else longest
    except ValueError:
        raise item.wrong("dst", f"expected an IPv{family} prefix or `default`") from None
    if not 0 <= number <= longest:
        raise item.wrong("dst", f"expected a prefix length from 0 to {longest}")
    return value, number


def unmodelled(item: Entry) -> str:
    """What about a route is left out here; empty if nothing is."""
    if len(item.entries("nexthops")) > 1:
        return say("nexthops", dst=item.text("dst"))
    if isinstance(item.data.get("via"), dict):
        return say("other_family", dst=item.text("dst"))
    for realm in map(item.inner("flow").text, ("from", "to")):
        if _unnumbered(realm, "cosmos"):
            return say("realm", realm=realm)
    if item.data.get("from"):
        return say("route_from", dst=item.text("dst"))
    return ""


def neighbour(item: Entry) -> tuple[tuple[str, int, int], str] | None:
    """Who has which address: ((device, family, address), MAC) of `ip -j neigh`, if it is known."""
    mac, text = item.text("lladdr"), item.text("dst")
    if not mac:
        return None
    family = family_of(text)
    if family is None:
        raise item.wrong("dst", "expected an address")
    return (item.text("dev"), family, item.address("dst", family)), mac


def forwarding(item: Entry) -> tuple[tuple[str, str], str] | None:
    """What a bridge knows: ((bridge, MAC), port) of `bridge -j fdb`. Permanent entries are the
    ports' own addresses, those without a master the devices' filters: both say nothing of
    others."""
    if not item.text("master") or item.text("state") == "permanent":
        return None
    return (item.text("master"), item.text("mac")), item.text("ifname")
