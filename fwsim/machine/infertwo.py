"""One world for two rulesets: the same devices, addresses and routes under either, so that what
differs between them is the rules alone."""

from __future__ import annotations

from collections.abc import Iterator

from fwsim.language.ruleset import Ruleset
from fwsim.machine.infer import infer_host, with_device, with_devices
from fwsim.machine.world import Device, Namespace, World

OTHER = "other0"
"""Stands for every device that no rule names."""


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
