"""What machine a test wants, as data, and the `ip` commands that build it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


@dataclass(frozen=True)
class Tap:
    """A device whose cable the test holds; `addresses` as `10.0.0.1/24`; a port of `bridge`."""

    name: str
    addresses: tuple[str, ...] = ()
    bridge: str | None = None
    mac: str | None = None


@dataclass(frozen=True)
class Bridge:
    """A Linux bridge: no spanning tree, no snooping, forwarding at once."""

    name: str
    addresses: tuple[str, ...] = ()
    mac: str | None = None


class Neighbour(NamedTuple):
    """Another host that `dev` reaches, known for good; behind `port` where `dev` is a bridge."""

    dev: str
    address: str
    mac: str
    port: str | None = None


@dataclass(frozen=True)
class Spec:
    """A machine. `routes` and `rules` are what follows `ip route add` and `ip rule add`."""

    taps: tuple[Tap, ...]
    bridges: tuple[Bridge, ...] = ()
    neighbours: tuple[Neighbour, ...] = ()
    routes: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    sysctls: Mapping[str, object] = field(default_factory=dict)


SMALL = Spec(
    taps=(
        Tap("eth0", ("192.0.2.10/24", "2001:db8::10/64")),
        Tap("veth0", bridge="docker1"),
        Tap("veth1", bridge="docker1"),
    ),
    bridges=(Bridge("docker1", ("172.18.0.1/16", "fd18::1/64")),),
    neighbours=(
        Neighbour("eth0", "192.0.2.1", "02:00:00:00:01:01"),
        Neighbour("eth0", "2001:db8::1", "02:00:00:00:01:01"),
        Neighbour("docker1", "172.18.0.2", "02:00:00:00:02:02", "veth0"),
        Neighbour("docker1", "fd18::2", "02:00:00:00:02:02", "veth0"),
        Neighbour("docker1", "172.18.0.3", "02:00:00:00:02:03", "veth1"),
        Neighbour("docker1", "fd18::3", "02:00:00:00:02:03", "veth1"),
    ),
    routes=("default via 192.0.2.1", "default via 2001:db8::1"),
)
"""Docker's shape: a way out by eth0, and two hosts behind the bridge docker1; IPv4 and IPv6."""


def macs_of(spec: Spec) -> dict[str, str]:
    """Every device's Ethernet address: its own, or 02:00:00:00:00:10 and counting."""
    devices: tuple[Tap | Bridge, ...] = (*spec.taps, *spec.bridges)
    return {d.name: d.mac or f"02:00:00:00:00:{n:02x}" for n, d in enumerate(devices, 16)}


def ip_commands(spec: Spec, macs: Mapping[str, str]) -> list[str]:
    """The lines for `ip -batch` that build the machine around TAPs that are there already."""
    out = [
        f"link add {b.name} type bridge stp_state 0 forward_delay 0 mcast_snooping 0"
        for b in spec.bridges
    ]
    out += [f"link set {name} address {mac}" for name, mac in macs.items()]
    out += [f"link set {t.name} master {t.bridge}" for t in spec.taps if t.bridge]
    devices: tuple[Tap | Bridge, ...] = (*spec.bridges, *spec.taps)
    for device in devices:
        nodad = (f"{a}{' nodad' if ':' in a else ''}" for a in device.addresses)
        out += [f"address add {address} dev {device.name}" for address in nodad]
    out += [f"link set {name} up" for name in ("lo", *macs)]
    for dev, address, mac, _ in spec.neighbours:
        out.append(f"neigh replace {address} lladdr {mac} dev {dev} nud permanent")
    out += [f"route add {route}" for route in spec.routes]
    out += [f"rule add {rule}" for rule in spec.rules]
    # Asking for one link makes the kernel finish its carrier change now, not up to a second later.
    return out + [f"link show dev {name}" for name in macs]
