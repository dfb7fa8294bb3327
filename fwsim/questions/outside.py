"""What lies beyond a host: where its default routes lead, and what lies nearer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fwsim.machine.world import Namespace

_DEFAULT = 1  # a route so short is a default one: some VPNs halve theirs
# addresses that no packet of a stranger has: this network, loopback, groups and what is reserved
STRANGE = {
    4: ((0, 8), (127 << 24, 8), (0xE << 28, 3)),
    6: ((0, 127), (0xFF << 120, 8), (0xFE80 << 112, 10)),
}


def nearer(host: Namespace, family: int) -> Iterator[tuple[int, int]]:
    """The networks that other routes than default ones lead to, or refuse."""
    for route in host.routes.get(family, ()):
        if route.length > _DEFAULT:
            yield route.dst, route.length


def uplinks(host: Namespace, family: int) -> list[str]:
    """The devices of default routes."""
    routes = host.routes.get(family, ())
    found = (r.dev for r in routes if r.length <= _DEFAULT and r.kind == "unicast")
    return list(dict.fromkeys(filter(None, found)))
