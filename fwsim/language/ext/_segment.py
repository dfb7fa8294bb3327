"""What the kernel reads where a TCP header would begin, for extensions that do not ask whether the
packet is a later fragment. Contents that nobody told count as zeros, as they do on the wire."""

import struct

from fwsim.model.names import PROTOCOLS
from fwsim.model.packet import Packet
from fwsim.model.tuples import NamedTuple
from fwsim.model.wire import checksum

TCP = PROTOCOLS["tcp"]
HEADER = 20


class Segment(NamedTuple):
    """The flags, and the options; None where the header's own length is wrong."""

    flags: int
    options: bytes | None


def segment(packet: Packet) -> Segment | None:
    """What a TCP packet's header holds; None if there is too little for one, as behind an IPv6
    header that is cut off."""
    if packet.proto != TCP:
        return None
    if not packet.frag and not packet.truncated:
        return Segment(packet.flags, packet.tcp_options)
    data = packet.payload or bytes(packet.payload_len)
    if len(data) < HEADER:
        return None
    end = (data[12] >> 4) * 4
    return Segment(data[13], data[HEADER:end] if HEADER <= end <= len(data) else None)


def with_flags(packet: Packet, flags: int) -> Packet:
    """Other flags in what `segment` reads, and in a later fragment's data the sum mended, as if it
    were a checksum (inet_proto_csum_replace2)."""
    if not packet.frag and not packet.truncated:
        return packet.but(flags=flags)
    data = bytearray(packet.payload or bytes(packet.payload_len))
    if flags == data[13]:
        return packet
    old, check = struct.unpack_from("!H2xH", data, 12)
    new = old & 0xFF00 | flags
    mended = checksum(struct.pack("!HHH", check ^ 0xFFFF, old ^ 0xFFFF, new))
    struct.pack_into("!H2xH", data, 12, new, mended)
    return packet.but(payload=bytes(data), payload_len=0)
