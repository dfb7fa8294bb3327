"""The packet that begins a connection, as people ask for it: by its ends, protocol and ports."""

from __future__ import annotations

from typing import Any

from fwsim.model.errors import QuestionError
from fwsim.model.names import TCP_FLAGS, proto_text
from fwsim.model.packet import DCCP, ICMP_ECHO, SCTP, TCP, Packet

SPORT, WEB, DNS = 40000, 80, 53
PING_BYTES = 56  # what ping sends behind the ICMP header
SYN_OPTIONS = bytes.fromhex("020405b40402080a000000010000000001030307")  # as Linux opens
_OPENINGS: dict[int, dict[str, Any]] = {  # how a connection of these begins
    SCTP: {"payload": bytes((1, 0, 0, 20, 0, 0, 0, 1, 0, 0, 255, 255, 0, 10, 0, 10, 0, 0, 0, 1))},
    DCCP: {"head": bytes((5, 0, 0, 0, 1, 0, 0, 0)), "payload": bytes(8)},
}
_SOME_BYTES = 64  # of a protocol of which nothing but the number is told


def opening(
    family: int,
    ends: tuple[int, int],
    proto: int,
    ports: tuple[int | None, int | None] = (None, None),
    *,
    client: int = 0,
) -> Packet:
    """It, from one end to the other, with the usual ports where none are told; `client` gives each
    a source port, or an echo id, of its own. QuestionError for ports that cannot be."""
    packet, (sport, dport) = Packet(family, *ends, proto), ports
    if packet.is_icmp:
        kind = ICMP_ECHO[family][0]
        packet = packet.but(icmp_type=kind, icmp_id=1 + client, payload_len=PING_BYTES)
    elif proto == TCP:
        packet = packet.but(
            sport=_port(sport, SPORT + client), dport=_port(dport, WEB),
            flags=TCP_FLAGS["SYN"], seq=1000, tcp_options=SYN_OPTIONS,
        )  # fmt: skip
    elif packet.has_ports:
        packet = packet.but(
            sport=_port(sport, SPORT + client), dport=_port(dport, DNS), **_OPENINGS.get(proto, {})
        )
    else:
        packet = packet.but(payload_len=_SOME_BYTES)
    if not packet.has_ports and ports != (None, None):
        what = proto_text(proto)
        raise QuestionError(f"{what} has no ports", hint="Say which protocol: tcp or udp.")
    return packet


def _port(asked: int | None, usual: int) -> int:
    if asked is None:
        return usual
    if isinstance(asked, bool) or not isinstance(asked, int) or not 0 <= asked < 1 << 16:
        raise QuestionError(f"a port is a number from 0 to 65535, not {asked!r}")
    return asked
