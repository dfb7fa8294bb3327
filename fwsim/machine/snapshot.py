"""What standard commands printed on a host, as a world: a directory with one file a command, or
one such directory for each network namespace."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from fwsim.language.read import read_as_listed
from fwsim.language.ruleset import Ruleset
from fwsim.machine import iproute, iprule
from fwsim.machine.containers import aliases, attached, by_network, listed, named, network
from fwsim.machine.ctlisting import Listing, untold
from fwsim.machine.folder import Budget, Folder
from fwsim.machine.infer import address_routes, assumed_sysctl, infer_host
from fwsim.machine.iproute import Entry, Link
from fwsim.machine.joining import join
from fwsim.machine.pile import HOST, RULES, Pile, pile_of
from fwsim.machine.policy import LOOPBACK, RouteRule
from fwsim.machine.sockets import listeners
from fwsim.machine.words import say
from fwsim.machine.world import Device, Listener, Namespace, Route, World
from fwsim.model.errors import PlaceError
from fwsim.model.frozen import replace

if TYPE_CHECKING:
    from fwsim.language.ipset.model import IpSet

_BRIDGES, _BONDS = ("bridge", ""), ("bond", "team")
_ROUTES = {4: "ip-route.json", 6: "ip-route6.json"}


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
    budget = Budget()
    parts = [
        _Part(name, Folder(name, pile[name], _where(shown, name, len(pile)), budget))
        for name in order
    ]
    namespaces = {part.name: part.namespace() for part in parts}
    notes = [note for part in parts for note in part.notes]
    joined, doubts = join(namespaces, {part.name: part.links for part in parts})
    host = parts[0].folder
    inspected = host.each("docker-inspect.json", lambda item: named(item, joined))
    called = host.each("docker-ps.json", lambda item: listed(item, joined))
    names = aliases((*inspected, *called), joined)
    told = host.each("docker-network-inspect.json", lambda i: network(i, joined[HOST]))
    networks = {name: tuple(found) for name, found in told if found and name not in names}
    if not networks:  # podman tells its networks in another form
        networks = by_network(host.each("docker-inspect.json", attached), names)
    damage = tuple(text for part in parts for text in part.folder.damage)
    inferred = not parts[0].links
    return World(joined, HOST, title, (*notes, *doubts), inferred, names, damage, networks)


def _where(shown: str, name: str, count: int) -> str:
    return shown if count == 1 else os.path.join(shown, name)


class _Part:
    """One namespace's files on their way to being one."""

    def __init__(self, name: str, folder: Folder) -> None:
        self.name, self.folder = name, folder
        self.notes: dict[str, None] = {}

    def note(self, text: str) -> None:
        self.notes[f"{self.name}: {text}"] = None

    @cached_property
    def links(self) -> list[Link]:
        return list(self.folder.each("ip-addr.json", iproute.link))

    def namespace(self) -> Namespace:
        devices = self.devices()
        found = Namespace(
            self.name,
            devices,
            {family: self.routes(family, devices) for family in (4, 6)},
            dict(filter(None, self.folder.each("ip-neigh.json", iproute.neighbour))),
            self.forwarding(devices),
            self.folder.settings(),
            self.rulesets(),
            self.listeners(),
            {family: self.route_rules(family) for family in (4, 6)},
        )
        alone = not self.links and self.name == HOST
        placed = self.inferred(found) if alone else self.assumed(found)
        return self.connected(placed.with_sets(self.sets()))

    def connected(self, found: Namespace) -> Namespace:
        """With the connections that are there; read only where a rule asks for connections."""
        listing = Listing(self.folder.text("conntrack"), self.folder.path("conntrack"))
        if found.tracks(4) or found.tracks(6):
            for text in (*listing.complaints(), *untold(found.rulesets.values(), listing)):
                self.note(text)
        return found._replace(connections=listing)

    def assumed(self, found: Namespace) -> Namespace:
        """With addresses, but without a file that only the kernel's own settings would replace."""
        if not self.links:
            self.note(say("snapshot.nowhere"))
        elif _ROUTES[4] not in self.folder.files:
            self.note(say("snapshot.no_file", file=_ROUTES[4], what=say("snapshot.own_routes")))
        if self.folder.has("sysctl") or self.name != HOST:
            return found
        notes: list[str] = []
        bridges = any(device.kind == "bridge" for device in found.devices.values())
        sysctl = assumed_sysctl(found.rulesets, bridges, notes)
        for text in notes:
            self.note(say("snapshot.no_file", file="sysctl", what=text))
        return found._replace(sysctl=sysctl)

    def inferred(self, found: Namespace) -> Namespace:
        """Without addresses: what the rules show, where the files say nothing."""
        guess, notes = infer_host(found.rulesets)
        key = (
            "snapshot.inferred.damaged"
            if "ip-addr.json" in self.folder.files
            else "snapshot.inferred"
        )
        for text in (say(key), *notes):
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
            if file in self.folder.files:
                text = self.folder.sure(file)
                rulesets[family] = (
                    read_as_listed(text, family, self.folder.path(file))
                    if _has_rules(text)
                    else Ruleset(family)
                )
        return rulesets

    def sets(self) -> Mapping[str, IpSet]:
        text = self.folder.text("ipset-save")
        if not text:
            return {}
        from fwsim.language.ipset.read import read_ipset

        path = self.folder.path("ipset-save")
        return self.folder.sound("ipset-save", lambda: read_ipset(text, path), {})

    def listeners(self) -> tuple[Listener, ...] | None:
        text, path = self.folder.text("ss"), self.folder.path("ss")
        told = self.folder.sound("ss", lambda: tuple(listeners(text, path)), None)
        return told if self.folder.has("ss") else None

    def devices(self) -> dict[str, Device]:
        kinds = {link.device.name: link.device.kind for link in self.links}
        masters = {link.master for link in self.links if link.master}
        devices = {}
        self.note_each("ip-addr.json", iproute.unnumbered_group)
        unready = [a for found in self.folder.each("ip-addr.json", iproute.unready) for a in found]
        if unready:
            self.note(say("snapshot.unready", names=", ".join(unready)))
        for link in self.links:
            device = link.device
            if device.name in masters and not device.kind:
                device = replace(device, kind="bridge")
                self.note(say("snapshot.bridge", dev=device.name))
            if kinds.get(link.master) in _BRIDGES:
                device = replace(device, master=link.master)
            elif kinds.get(link.master) in _BONDS:
                device = replace(device, bond=link.master)
            elif link.master:
                kind = kinds.get(link.master) or say("snapshot.unknown")
                self.note(say("snapshot.master", dev=link.master, kind=kind, lower=device.name))
            devices[device.name] = device
        return devices

    def routes(self, family: int, devices: Mapping[str, Device]) -> tuple[Route, ...]:
        """The routes of one family, each once; what no file tells follows from the addresses."""
        file = _ROUTES[family] if self.folder.entries(_ROUTES[family]) else _ROUTES[4]

        def read(item: Entry) -> Route | None:
            mine = file == _ROUTES[6] or iproute.route_family(item) == family
            return iproute.route(item, family) if mine else None

        found = dict.fromkeys(filter(None, self.folder.each(file, read)))
        self.note_each(file, iproute.unmodelled)
        own = address_routes(devices.values(), family)
        if not found and self.folder.has(_ROUTES[family]) and {r.dev for r in own} - {LOOPBACK}:
            self.note(
                say("snapshot.no_route", file=_ROUTES[family], what=say("snapshot.own_routes"))
            )
        tables = {route.table for route in found}
        missing = [r for r in own if not (r.table in tables or (found and r.table == "main"))]
        return (*found, *missing)

    def forwarding(self, devices: Mapping[str, Device]) -> dict[tuple[str, str], str]:
        """What the bridges know of their own ports."""
        found = filter(None, self.folder.each("bridge-fdb.json", iproute.forwarding))
        return {
            (bridge, mac): port
            for (bridge, mac), port in found
            if port in devices and devices[port].master == bridge
        }

    def route_rules(self, family: int) -> tuple[RouteRule, ...]:
        file = "ip-rule.json" if family == 4 else "ip-rule6.json"
        self.note_each(file, iprule.unmodelled)
        return iprule.in_order(self.folder.each(file, lambda item: iprule.rule(item, family)))

    def note_each(self, file: str, tell: Callable[[Entry], str]) -> None:
        """What there is to say of a JSON file's objects."""
        for text in filter(None, self.folder.each(file, tell)):
            self.note(text)


def _has_rules(text: str) -> bool:
    return any(line.strip() and not line.startswith("#") for line in text.splitlines())
