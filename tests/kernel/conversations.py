"""Random packets that talk to each other: openings, replies to what came out, errors about it."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any, NamedTuple

from fwsim.model.names import TCP_FLAGS, address_value
from fwsim.model.packet import ICMP, ICMP6, ICMP_ECHO, TCP, UDP, Packet
from fwsim.model.packet_json import packet_from_dict

from .rulesets import ADDRESSES, PORTS
from .spec import SMALL, macs_of

_SYN, _ACK, _FIN, _RST = (TCP_FLAGS[name] for name in ("SYN", "ACK", "FIN", "RST"))
_MACS = macs_of(SMALL)
_GUESTS = {n.address: (n.mac, n.port) for n in SMALL.neighbours if n.port}
_ODD = {4: ("172.18.255.255", "255.255.255.255", "127.0.0.1"), 6: ("::1",)}
_ODD_AT = {4: ("eth0", "veth0", "veth1"), 6: ("eth0",)}
_ROUTED_ANYWAY = 0.1


class Sent(NamedTuple):
    """A packet and where it begins: at a TAP, in a frame to `mac`, or (`dev` "") on the host."""

    dev: str
    mac: str
    packet: Packet

    def to_dict(self) -> dict[str, Any]:
        """What `sent_from_dict` reads."""
        return {"dev": self.dev, "mac": self.mac, "packet": _as_dict(self.packet)}


def sent_from_dict(data: Mapping[str, Any]) -> Sent:
    """A packet kept in JSON."""
    return Sent(data["dev"], data["mac"], packet_from_dict(data["packet"]))


def _as_dict(packet: Packet) -> dict[str, Any]:
    out = packet.to_dict() | {"payload_len": packet.payload_len}
    if packet.tcp_options:
        out["tcp_options"] = packet.tcp_options.hex()
    if packet.payload:
        out["payload"] = packet.payload.hex()
    return out | ({"inner": _as_dict(packet.inner)} if packet.inner else {})


class Talk:
    """Makes up one packet after another; `heard` tells it what came out of the machine."""

    def __init__(self, rng: Random, family: int, plain: bool = False) -> None:
        """`plain`: no protocol whose packets REJECT would want to see checksums in, and no loopback
        addresses, whose answers the kernel sends by strange ways."""
        self.rng, self.family, self.plain = rng, family, plain
        self.addresses = [address_value(a, family) for a in ADDRESSES[family]]
        self.sent: list[Sent] = []
        self.out: list[tuple[str, Packet]] = []

    def heard(self, dev: str, packet: Packet) -> None:
        """Somebody beyond `dev` (on the host itself: "") has the packet and may answer it."""
        self.out.append((dev, packet))

    def next(self) -> Sent:
        """The next packet."""
        roll = self.rng.random()
        if self.out and roll < 0.45:
            made = self._reply(*self.rng.choice(self.out[-6:]))
        elif self.out and roll < 0.55:
            made = self._error(*self.rng.choice(self.out[-6:]))
        elif self.sent and roll < 0.65:
            made = self._again(self.rng.choice(self.sent[-6:]))
        else:
            made = self._opening()
        if self.plain and 1 in (made.packet.src, made.packet.dst):
            made = self._opening()
        self.sent.append(made)
        return made

    def _framed(self, dev: str, packet: Packet) -> Sent:
        if not dev.startswith("veth"):
            return Sent(dev, _MACS[dev] if dev else "", packet)
        bridge = _MACS["docker1"]
        guest = _GUESTS.get(packet.text(packet.dst))
        across = guest and guest[1] != dev and self.rng.random() > _ROUTED_ANYWAY
        return Sent(dev, guest[0] if guest and across else bridge, packet)

    # openings

    def _opening(self) -> Sent:
        rng = self.rng
        guest0, guest1, inside, outside, *far = self.addresses
        dev = rng.choice(("veth0", "veth0", "veth1", "eth0", "eth0", ""))
        home = {"veth0": [guest0], "veth1": [guest1], "eth0": far, "": [inside, outside]}[dev]
        src = rng.choice(home if rng.random() < 0.93 else self.addresses)
        dst = rng.choice([a for a in self.addresses if a != src])
        if dev in _ODD_AT[self.family] and not self.plain and rng.random() < 0.04:
            dst = address_value(rng.choice(_ODD[self.family]), self.family)
        ttl = rng.choice((64, 64, 64, 64, 64, 64, 64, 64, 2, 1))
        packet = Packet(self.family, src, dst, ttl=ttl, tos=rng.choice((0, 0, 0x10)))
        return self._framed(dev, self._filled(packet))

    def _filled(self, packet: Packet) -> Packet:
        rng = self.rng
        icmp = ICMP if self.family == 4 else ICMP6
        proto = rng.choice((TCP,) * 4 + (UDP,) * 4 + (icmp,) * 3 + (89,) * (not self.plain))
        packet = packet.but(proto=proto, payload_len=rng.choice((0, 8, 56)))
        if proto in (TCP, UDP):
            packet = packet.but(sport=rng.choice(PORTS), dport=rng.choice(PORTS))
        if proto == TCP:
            flags = rng.choice((_SYN,) * 8 + (_ACK, _SYN | _ACK, _RST, 0, _FIN | _ACK))
            packet = packet.but(flags=flags, seq=1000, payload_len=0, ack=bool(flags & _ACK) * 7)
            if flags & _SYN and rng.random() < 0.5:
                packet = packet.but(tcp_options=bytes((2, 4, 5, 180)))
        if proto == icmp:
            usual, odd = ICMP_ECHO[self.family][0], (0, 13, 30) if self.family == 4 else (129,)
            kind = rng.choice((usual,) * 9 + odd)
            packet = packet.but(icmp_type=kind, icmp_id=rng.choice((1, 2, 3)))
        if self.family == 4 and rng.random() < 0.03:
            empty = dict.fromkeys(("sport", "dport", "icmp_type", "icmp_id", "flags", "seq"), 0)
            packet = packet.but(**empty, ack=0, tcp_options=b"", frag=10, payload_len=16)
        return packet

    # what follows

    def _again(self, before: Sent) -> Sent:
        packet = before.packet
        if packet.proto == TCP and not packet.frag and self.rng.random() < 0.5:
            packet = packet.but(flags=_ACK, seq=packet.seq + 1, ack=5001, tcp_options=b"")
        return before._replace(packet=packet)

    def _reply(self, dev: str, heard: Packet) -> Sent:
        back = Packet(
            self.family, heard.dst, heard.src, heard.proto,
            sport=heard.dport, dport=heard.sport, payload_len=self.rng.choice((0, 30)),
        )  # fmt: skip
        if heard.is_icmp:
            request, reply = ICMP_ECHO[self.family]
            kind = {request: reply, reply: request}.get(heard.icmp_type, reply)
            back = back.but(icmp_type=kind, icmp_id=heard.icmp_id)
        elif heard.proto == TCP:
            back = self._segment(back, heard)
        return self._framed(dev, back)

    def _segment(self, back: Packet, heard: Packet) -> Packet:
        rng = self.rng
        opening, acked = heard.flags & _SYN, heard.flags & _ACK
        end = heard.seq + heard.data_len + bool(opening) + (heard.flags & _FIN)
        flags = _SYN | _ACK if opening and not acked else rng.choice((_ACK, _ACK, _ACK | _FIN))
        back = back.but(flags=flags, seq=heard.ack if acked else 5000, ack=end % 2**32)
        if flags & _SYN:
            back = back.but(payload_len=0)
        roll = rng.random()
        if roll < 0.08:
            return back.but(seq=(back.seq + 300000) % 2**32)
        if roll < 0.14:
            return back.but(ack=(back.ack + 300000) % 2**32)
        if roll < 0.24:
            return back.but(flags=rng.choice((_RST, _RST | _ACK)), payload_len=0)
        return back

    def _error(self, dev: str, about: Packet) -> Sent:
        rng = self.rng
        kinds = ((3, 1), (3, 3), (11, 0)) if self.family == 4 else ((1, 3), (1, 4), (3, 0))
        kind, code = rng.choice(kinds)
        proto = ICMP if self.family == 4 else ICMP6
        src = about.dst if rng.random() < 0.6 else rng.choice(self.addresses)
        plain = about.but(inner=None, payload_len=about.data_len, payload=b"")
        error = Packet(
            self.family, src, about.src, proto, icmp_type=kind, icmp_code=code, inner=plain
        )
        return self._framed(dev, error)
