"""Who listens: what `ss -tulnH` prints, and whether a packet finds a socket (inet_lookup_listener,
net/ipv4/inet_hashtables.c; udp_rcv)."""

from __future__ import annotations

from collections.abc import Iterator

from fwsim.machine.world import Listener
from fwsim.model.errors import PlaceError
from fwsim.model.names import address_value, family_of
from fwsim.model.packet import TCP, UDP, Packet
from fwsim.model.pred import Free

_PROTOS = {"tcp": TCP, "udp": UDP}
_WAITING = {"LISTEN", "UNCONN"}
_BOTH = frozenset({4, 6})


def listeners(text: str, name: str) -> Iterator[Listener]:
    """The sockets of `ss -tuln`, with or without its header. Raises PlaceError naming the line that
    is none of its."""
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if len(words) < 5 or words[0] not in _PROTOS or words[1] not in _WAITING:
            if words and words[0] not in ("Netid", *_PROTOS):
                raise PlaceError(f"{name}:{number}: this is no line of `ss -tulnH`: {line:.60}")
            continue
        host, _, port = words[4].rpartition(":")
        if not port.isdecimal():
            raise PlaceError(f"{name}:{number}: expected ADDRESS:PORT, not {words[4]:.60}")
        yield _listener(_PROTOS[words[0]], host, int(port), f"{name}:{number}")


def _listener(proto: int, host: str, port: int, where: str) -> Listener:
    address, _, dev = host.partition("%")
    if address.endswith("]%" + dev):
        address = address.removesuffix("%" + dev)
    address = address.strip("[]")
    dev = dev.strip("]")
    if address == "*":
        return Listener(proto, _BOTH, 0, port, dev)
    family = family_of(address)
    if family is None:
        raise PlaceError(f"{where}: expected an address, not {host:.60}")
    return Listener(proto, frozenset({family}), address_value(address, family), port, dev)


def listening(sockets: tuple[Listener, ...] | None, packet: Packet, dev: str) -> bool | None:
    """Whether a socket waits for the packet that came in by `dev`; None: nobody told."""
    if sockets is None or packet.proto not in (TCP, UDP):
        return None
    return any(
        s.proto == packet.proto and packet.family in s.families and s.port == packet.dport
        and s.address in (0, packet.dst) and s.dev in ("", dev)
        for s in sockets
    )  # fmt: skip


def transparent(address: str, port: int) -> Free:
    """Somebody waits there with a transparent socket, which no command tells ("" and 0: where the
    packet itself says)."""
    where = f"{address or 'its own address'} port {port or 'of its own'}"
    return Free(f"TPROXY {where}", f"a transparent socket is bound to {where}")
