"""What standard commands printed on a host, as a world: a directory with one file a command, or
one such directory for each network namespace."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from fwsim.language.read import read_as_listed
from fwsim.language.ruleset import Ruleset
from fwsim.machine import iproute, iprule
from fwsim.machine.containers import aliases
from fwsim.machine.infer import address_routes, assumed_sysctl, infer_host
from fwsim.machine.iproute import Entry, Link
from fwsim.machine.pile import HOST, RULES, Pile, as_text, pile_of
from fwsim.machine.policy import RouteRule
from fwsim.machine.sockets import listeners
from fwsim.machine.veth import End, pair
from fwsim.machine.world import Device, Listener, Namespace, Route, World
from fwsim.model.errors import PlaceError
from fwsim.model.frozen import replace

if TYPE_CHECKING:
    from fwsim.language.ipset.model import IpSet

_BRIDGES = ("bridge", "")


def load_snapshot(folder: str | os.PathLike[str], title: str) -> World:
    """The world that a snapshot's directory shows.

    Raises PlaceError for files that cannot be read or are not what their command prints, ReadError
    for rules that are none."""
    return assemble(pile_of(folder), title, str(folder))


def assemble(pile: Pile, title: str, shown: str) -> World:
    """The world of files that lie in a pile by namespace and name; `shown` is what errors call the
    place."""
    if not pile:
        raise PlaceError(
            f"{shown}: there is no snapshot here",
            hint="Expected files named for their commands (iptables-save, ip-addr.json, …), or a "
            "directory of them for each namespace, one of them called host.",
        )
    if HOST not in pile:
        raise PlaceError(f"{shown}: none of the namespaces ({', '.join(pile)}) is called host")
    if not any(name in files for files in pile.values() for name in RULES.values()):
        raise PlaceError(f"{shown}: there is no ruleset here: expected a file iptables-save")
    order = sorted(pile, key=lambda name: name != HOST)
    parts = [_Part(name, pile[name], _where(shown, name, len(pile))) for name in order]
    namespaces = {part.name: part.namespace() for part in parts}
    notes = [note for part in parts for note in part.notes]
    joined, doubts = _join(namespaces, parts)
    names = aliases(parts[0].entries("docker-inspect.json"), joined)
    inferred = not parts[0].links
    return World(joined, HOST, title, (*notes, *doubts), inferred, aliases=names)


def _where(shown: str, name: str, count: int) -> str:
    return shown if count == 1 else os.path.join(shown, name)


class _Part:
    """One namespace's files on their way to being one."""

    def __init__(self, name: str, files: Mapping[str, Callable[[], bytes]], where: str) -> None:
        self.name, self.files, self.where = name, files, where
        self.notes: list[str] = []
        self.read: dict[str, list[Entry]] = {}

    def note(self, text: str) -> None:
        self.notes.append(f"{self.name}: {text}")

    def text(self, file: str) -> str:
        if file not in self.files:
            return ""
        return as_text(self.files[file](), self.path(file))

    def path(self, file: str) -> str:
        return os.path.join(self.where, file)

    def entries(self, file: str) -> list[Entry]:
        """A JSON file's objects, read once; none if it is missing or empty."""
        if file not in self.read:
            self.read[file] = self._entries(file)
        return self.read[file]

    def _entries(self, file: str) -> list[Entry]:
        text = self.text(file)
        if not text.strip():
            return []
        try:
            value = json.loads(text)
        except json.JSONDecodeError as error:
            where = f"{self.path(file)}:{error.lineno}:{error.colno}"
            raise PlaceError(f"{where}: this is no JSON: {error.msg}; is it cut off?") from None
        except (RecursionError, ValueError):
            raise PlaceError(f"{self.path(file)}: this is no JSON that a command prints") from None
        return iproute.entries(value, self.path(file))

    @cached_property
    def links(self) -> list[Link]:
        return list(iproute.links(self.entries("ip-addr.json")))

    def namespace(self) -> Namespace:
        devices = self.devices()
        found = Namespace(
            self.name,
            devices,
            {family: self.routes(family, devices) for family in (4, 6)},
            dict(iproute.neighbours(self.entries("ip-neigh.json"))),
            self.forwarding(devices),
            self.sysctl(),
            self.rulesets(),
            self.listeners(),
            {family: self.route_rules(family) for family in (4, 6)},
        )
        if self.text("conntrack").strip():
            self.note("conntrack is not read yet: what is connected already is not known")
        placed = self.assumed(found) if self.links else self.inferred(found)
        return placed.with_sets(self.sets())

    def assumed(self, found: Namespace) -> Namespace:
        """With addresses, but without a file that only the kernel's own settings would replace."""
        if "ip-route.json" not in self.files:
            self.note("no ip-route.json: only the routes that its addresses bring along are known")
        if "sysctl" in self.files or self.name != HOST:
            return found
        notes: list[str] = []
        bridges = any(device.kind == "bridge" for device in found.devices.values())
        sysctl = assumed_sysctl(found.rulesets, bridges, notes)
        for text in notes:
            self.note(f"no sysctl: {text}")
        return found._replace(sysctl=sysctl)

    def inferred(self, found: Namespace) -> Namespace:
        """Without addresses: what the rules show, where the files say nothing."""
        guess, notes = infer_host(found.rulesets)
        for text in ("no ip-addr.json: what follows is inferred from the rules", *notes):
            self.note(text)
        return guess._replace(
            name=self.name,
            routes={f: found.routes[f] or guess.routes[f] for f in (4, 6)},
            neighbours=found.neighbours,
            fdb=found.fdb,
            sysctl={**guess.sysctl, **found.sysctl},
        )

    def rulesets(self) -> dict[int, Ruleset]:
        rulesets = {}
        for family, file in RULES.items():
            if file in self.files:
                text = self.text(file)
                rulesets[family] = (
                    read_as_listed(text, family, self.path(file))
                    if _has_rules(text)
                    else Ruleset(family)
                )
        return rulesets

    def sets(self) -> Mapping[str, IpSet]:
        if "ipset-save" not in self.files:
            return {}
        from fwsim.language.ipset.read import read_ipset

        return read_ipset(self.text("ipset-save"), self.path("ipset-save"))

    def listeners(self) -> tuple[Listener, ...] | None:
        if "ss" not in self.files:
            return None
        return tuple(listeners(self.text("ss"), self.path("ss")))

    def devices(self) -> dict[str, Device]:
        kinds = {link.device.name: link.device.kind for link in self.links}
        masters = {link.master for link in self.links if link.master}
        devices = {}
        for text in map(iproute.unready, self.entries("ip-addr.json")):
            if text:
                self.note(text)
        for link in self.links:
            device = link.device
            if device.name in masters and not device.kind:
                device = replace(device, kind="bridge")
                self.note(f"{device.name} is taken for a bridge: `ip -d` would have told")
            if kinds.get(link.master) in _BRIDGES:
                device = replace(device, master=link.master)
            elif link.master:
                kind = kinds.get(link.master, "unknown device")
                self.note(f"{link.master}, the {kind} over {device.name}, is not modelled")
            devices[device.name] = device
        return devices

    def routes(self, family: int, devices: Mapping[str, Device]) -> tuple[Route, ...]:
        """The routes of one family, each once; what no file tells follows from the addresses."""
        items = self.entries("ip-route6.json") if family == 6 else []
        items = items or [
            item for item in self.entries("ip-route.json") if iproute.route_family(item) == family
        ]
        found = dict.fromkeys(r for i in items if (r := iproute.route(i, family)) is not None)
        for text in dict.fromkeys(filter(None, map(iproute.unmodelled, items))):
            self.note(text)
        own = address_routes(devices.values(), family)
        tables = {route.table for route in found}
        missing = [r for r in own if not (r.table in tables or (found and r.table == "main"))]
        return (*found, *missing)

    def forwarding(self, devices: Mapping[str, Device]) -> dict[tuple[str, str], str]:
        """What the bridges know of their own ports."""
        found = iproute.forwarding(self.entries("bridge-fdb.json"))
        return {
            (bridge, mac): port
            for (bridge, mac), port in found
            if port in devices and devices[port].master == bridge
        }

    def route_rules(self, family: int) -> tuple[RouteRule, ...]:
        items = self.entries("ip-rule.json" if family == 4 else "ip-rule6.json")
        for text in filter(None, map(iprule.unmodelled, items)):
            self.note(text)
        return iprule.rules(items, family)

    def sysctl(self) -> dict[str, str]:
        """The settings; what is no setting, such as a complaint about a key, is passed over."""
        pairs = (line.partition("=") for line in self.text("sysctl").splitlines() if "=" in line)
        return {name.strip(): value.strip() for name, _, value in pairs}


def _has_rules(text: str) -> bool:
    return any(line.strip() and not line.startswith("#") for line in text.splitlines())


def _join(
    namespaces: dict[str, Namespace], parts: list[_Part]
) -> tuple[dict[str, Namespace], list[str]]:
    """The namespaces with the ends of their veth pairs joined."""
    ends = [end for part in parts for end in _ends(part)]
    pairs, notes = pair(ends, lambda a, b: _evidence(namespaces[a.ns], a, b))
    peers = {a.key: b.key for a, b in pairs.items()}
    joined = {
        ns.name: ns._replace(
            devices={
                d.name: replace(d, peer=peers[ns.name, d.name]) if (ns.name, d.name) in peers else d
                for d in ns.devices.values()
            },
        )
        for ns in namespaces.values()
    }
    return joined, notes


def _ends(part: _Part) -> Iterator[End]:
    indices = {link.device.name: link.device.index for link in part.links}
    for link in part.links:
        device = link.device
        other = link.link or indices.get(link.link_name, 0)
        if device.kind in ("veth", "") and other:
            yield End(part.name, device.name, device.index, other, link.nsid, device.mac)


def _evidence(ns: Namespace, a: End, b: End) -> int:
    """What the side of `a` learned about where the MAC of `b` is."""
    bridge = ns.devices[a.name].master
    port = ns.fdb.get((bridge, b.mac)) if bridge else None
    if port is not None:
        return 1 if port == a.name else -1
    known = (mac for (dev, _, _), mac in ns.neighbours.items() if dev == a.name)
    return int(b.mac in known)
