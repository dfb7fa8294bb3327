"""The IP packets of frames, whole or cut off by the capture's limit (snaplen)."""

from __future__ import annotations

from fwsim.model.exthdr import EXTENSIONS
from fwsim.model.packet import L4_HEADERS, Packet
from fwsim.model.wire import from_bytes
from fwsim.questions.replay.links import Heard, Other

_SHORTEST = {4: 20, 6: 40}
_LONGEST = 0xFFFF


def packet_of(data: bytes, link: Heard, cut: bool) -> Packet | Other:
    """The packet that begins in a frame's bytes where the link says; `cut`: they are not all that
    was on the wire. Other, if it is none that a host would take."""
    raw = data[link.at :]
    family = raw[0] >> 4 if raw else 0
    shortest = _SHORTEST.get(family)
    if shortest is None or len(raw) < shortest:
        return Other("cut" if cut else "malformed")
    whole = int.from_bytes(raw[2:4], "big") if family == 4 else _length6(raw)
    if not whole:  # a device that cuts it into segments fills the length in (TSO)
        whole = min(len(raw), _LONGEST)
        raw = raw[:2] + whole.to_bytes(2, "big") + raw[4:] if family == 4 else _with_length6(raw)
    head = (raw[0] & 15) * 4 if family == 4 else shortest
    if whole < head or head < shortest or (len(raw) < whole and not cut):
        return Other("malformed")  # as ip_rcv_core, ip6_rcv_core have it
    try:
        packet = from_bytes(raw)
    except ValueError:
        return Other("cut" if cut else "malformed")
    lacking = whole - len(raw)
    if lacking > 0:
        if not _is_headed(packet):
            return Other("cut")
        packet = _completed(packet, lacking)
    return packet._replace(mac_src=link.mac_src, mac_dst=link.mac_dst) if link.mac_src else packet


def _is_headed(packet: Packet) -> bool:
    """Enough of it is there to know which protocol's header it has, and that header."""
    headed = not packet.frag and packet.proto in L4_HEADERS
    whole = not len(packet.tcp_options) % 4
    return whole and not (headed and packet.truncated) and packet.proto not in EXTENSIONS


def _completed(packet: Packet, lacking: int) -> Packet:
    """The packet as long as it was; what it held is not told."""
    if packet.inner is not None:
        return packet
    return packet._replace(payload=b"", payload_len=packet.data_len + lacking)


def _length6(raw: bytes) -> int:
    payload = int.from_bytes(raw[4:6], "big")
    return 40 + payload if payload else 0


def _with_length6(raw: bytes) -> bytes:
    return raw[:4] + min(len(raw) - 40, _LONGEST).to_bytes(2, "big") + raw[6:]
