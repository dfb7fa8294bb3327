"""ICMP redirects, by which a router tells a neighbour of a nearer way while it passes the packet
on. They are said, not followed (net/ipv4/ip_forward.c ip_forward, net/ipv4/route.c
ip_rt_send_redirect, net/ipv6/ip6_output.c ip6_forward)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fwsim.machine.passage import Passage
from fwsim.machine.words import say
from fwsim.machine.world import Namespace, World, shown


def redirecting(world: World, passages: Iterable[Passage]) -> Iterator[str]:
    """What to say of each host that sends a packet back out of the device that it came in by."""
    told = dict.fromkeys(
        (passage.host, shown(passage.packet.src, passage.packet.family))
        for passage in passages
        if _turns_back(passage) and _tells(world.namespaces[passage.host], passage)
    )
    yield from (say("redirect", host=host, address=address) for host, address in told)


def _turns_back(passage: Passage) -> bool:
    buffer = passage.buffer
    return bool(buffer.in_) and buffer.in_ == buffer.out and not (buffer.physout or buffer.looped)


def _tells(ns: Namespace, passage: Passage) -> bool:
    """IPv4 asks a setting, of this device or of all (IN_DEV_TX_REDIRECTS)."""
    places = ("all", passage.buffer.in_)
    names = (f"net.ipv4.conf.{place}.send_redirects" for place in places)
    return passage.packet.family == 6 or any(ns.number(name, 1) for name in names)
