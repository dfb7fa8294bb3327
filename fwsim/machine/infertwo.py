"""One world for two rulesets: the same devices, addresses and routes under either, so that what
differs between them is the rules alone."""

from __future__ import annotations

from collections.abc import Iterator

from fwsim.language.core import whole
from fwsim.language.ruleset import Ruleset, Table
from fwsim.machine.infer import address_routes, infer_host, with_device, with_devices
from fwsim.machine.words import say
from fwsim.machine.world import Address, Device, Namespace, World, shown
from fwsim.model.frozen import replace

OTHER = "other0"
"""Stands for every device that no rule names."""
_MOST_NAMED = 64


def under_both(old: World, new: World) -> tuple[World, World]:
    """The two worlds, asked about the same packets: where only rules were given, the host has what
    either of them shows, and a device that no rule names; rules beside a whole host are asked on
    that. Whole hosts stay what they are."""
    if old.inferred and new.inferred:
        return _shared(old, new)
    if new.inferred:
        return old, _on(old, new)
    if old.inferred:
        return _on(new, old), new
    return old, new


def _on(whole: World, rules: World) -> World:
    """The whole host, under the other's rules."""
    host, given = whole.namespaces[whole.host], rules.namespaces[rules.host]
    changed = host.with_rulesets({**host.rulesets, **given.rulesets})
    if given.sets:
        changed = changed.with_sets({**host.sets, **given.sets})
    return whole.with_namespace(changed)._replace(title=rules.title)


def _shared(old: World, new: World) -> tuple[World, World]:
    one, two = old.namespaces[old.host], new.namespaces[new.host]
    rulesets = [*one.rulesets.values(), *two.rulesets.values()]
    told = {
        name: value
        for ns in (one, two)
        for name, value in ns.sysctl.items()
        if value != "1"
    }  # fmt: skip
    host, notes = infer_host({**one.rulesets, **two.rulesets}, told, among=rulesets)
    host = _with_named(host, rulesets, notes)
    shared = World({"host": host}, notes=tuple(notes), inferred=True)
    for name in _wild(rulesets, host):
        shared = with_device(shared, name)
    shared = with_device(shared, OTHER)._replace(notes=shared.notes)
    return _under(shared, old), _under(shared, new)


def _under(shared: World, own: World) -> World:
    host, given = shared.namespaces["host"], own.namespaces[own.host]
    host = host._replace(sysctl={**host.sysctl, **given.sysctl}, sets=given.sets)
    changed = shared.with_namespace(host.with_rulesets(given.rulesets))
    return changed._replace(title=own.title)


def _with_named(host: Namespace, rulesets: list[Ruleset], notes: list[str]) -> Namespace:
    """The host with the addresses that rules for it name as its own."""
    device = next(device for device in host.devices.values() if device.name != "lo")
    known = [(family, a) for family in (4, 6) for _, a in host.addresses(family)]
    named = sorted({
        found for ruleset in rulesets for found in _named(ruleset)
        if not any(family == found[0] and _holds(a, found[1]) for family, a in known)
    })[:_MOST_NAMED]  # fmt: skip
    if not named:
        return host
    own = tuple(Address(family, value, 32 if family == 4 else 128) for family, value in named)
    texts = ", ".join(shown(value, family) for family, value in named)
    notes.append(say("address.own", addresses=texts))
    device = replace(device, addresses=(*device.addresses, *own))
    routes = {
        family: (*address_routes([replace(device, addresses=own)], family), *known_routes)
        for family, known_routes in host.routes.items()
    }
    return host._replace(devices={**host.devices, device.name: device}, routes=routes)


def _holds(own: Address, value: int) -> bool:
    free = (32 if own.family == 4 else 128) - own.length
    return own.value >> free == value >> free


def _named(ruleset: Ruleset) -> Iterator[tuple[int, int]]:
    """The single addresses that INPUT's rules have as destinations, and OUTPUT's as sources, in
    chains that nothing else comes to."""
    table = ruleset.tables.get("filter")
    if table is None:
        return
    reached = {base: _reached(table, base) for base in ("INPUT", "FORWARD", "OUTPUT")}
    for base, other in (("INPUT", "OUTPUT"), ("OUTPUT", "INPUT")):
        for name in sorted(reached[base] - reached["FORWARD"] - reached[other]):
            for rule in table.chains[name].rules:
                ends = rule.dst if base == "INPUT" else rule.src
                if ends is None or ends.negated or ends.value != whole(rule.family, ends.value[0]):
                    continue
                if not _is_to_many(rule.family, ends.value[0]):
                    yield rule.family, ends.value[0]


def _is_to_many(family: int, value: int) -> bool:
    """Loopback, groups, broadcasts and the like."""
    if family == 6:
        return value < 2 or value >> 120 == 0xFF or value >> 118 == 0xFE80 >> 6
    return value >> 24 in (0, 127) or value >> 28 >= 0xE or value & 0xFF == 0xFF


def _reached(table: Table, base: str) -> set[str]:
    """The chains that packets come to from a built-in one."""
    seen, waiting = {base}, [base] if base in table.chains else []
    while waiting:
        for rule in table.chains[waiting.pop()].rules:
            if rule.jump and rule.jump.chain not in seen:
                seen.add(rule.jump.chain)
                waiting.append(rule.jump.chain)
    return seen & set(table.chains)


def _wild(rulesets: list[Ruleset], host: Namespace) -> Iterator[str]:
    """A device for each `ppp+` that no known one matches."""
    for _, rule in with_devices(rulesets):
        for option in (rule.in_, rule.out):
            wild = option is not None and option.value.endswith("+")
            stem = option.value.removesuffix("+") if option and wild else ""
            if stem and not any(name.startswith(stem) for name in host.devices):
                yield f"{stem}0"


def ways_out(world: World, family: int) -> tuple[str, ...]:
    """The devices that may lead to what no route tells; none if routes tell all there is."""
    host = world.namespaces[world.host]
    if not world.inferred:
        return ()
    default = [r.dev for r in host.routes.get(family, ()) if not r.length]
    found = tuple(
        device.name
        for device in host.devices.values()
        if device.name != "lo" and (device.name in default or not _subnets(device, family))
    )
    return found if found != tuple(default) else ()


def _subnets(device: Device, family: int) -> bool:
    longest = 32 if family == 4 else 128
    return any(a.family == family and a.length < longest for a in device.addresses)
