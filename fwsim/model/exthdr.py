"""IPv6's extension headers as bytes and back.

A packet's `ext` holds (protocol, bytes) in order: the bytes behind next header and length; of a
fragment header, which has no length, those behind next header. A fragment header that stands last
and says nothing but `frag` and `more` is left out of `ext`.
"""

from __future__ import annotations

from fwsim.model.tuples import NamedTuple

HOP, ROUTING, FRAGMENT, AH, NONE, DEST = 0, 43, 44, 51, 59, 60
EXTENSIONS = frozenset({HOP, ROUTING, FRAGMENT, AH, DEST})
Ext = tuple[tuple[int, bytes], ...]


class Chain(NamedTuple):
    """What `parse` finds: the protocol behind the headers, and what is left of the bytes."""

    proto: int
    ext: Ext
    frag: int
    more: bool
    rest: bytes


def size(ext: Ext) -> int:
    """Bytes that these headers take."""
    return sum(len(data) + (1 if kind == FRAGMENT else 2) for kind, data in ext)


def fits(kind: int, length: int) -> bool:
    """A header of that kind may have so many bytes in `ext`."""
    if kind == FRAGMENT:
        return length == 7
    return length >= 10 and length % 4 == 2 if kind == AH else length % 8 == 6


def implied(ext: Ext, frag: int, more: bool) -> bool:
    """A fragment's header is left out of `ext`."""
    return bool(frag or more) and all(kind != FRAGMENT for kind, _ in ext)


def fragment(frag: int, more: bool, ident: int) -> tuple[int, bytes]:
    """The header that is left out."""
    offset = (frag << 3 | more).to_bytes(2, "big")
    return FRAGMENT, bytes(1) + offset + ident.to_bytes(4, "big")


def written(ext: Ext, proto: int) -> tuple[int, bytes]:
    """The first header's number and all bytes, before a body of protocol `proto`."""
    out = b""
    for kind, data in reversed(ext):
        length = b"" if kind == FRAGMENT else bytes((_length(kind, len(data) + 2),))
        out = bytes((proto,)) + length + data + out
        proto = kind
    return proto, out


def _length(kind: int, size_: int) -> int:
    return size_ // 4 - 2 if kind == AH else size_ // 8 - 1


def octets(kind: int, body: bytes) -> int:
    """How long the header says it is."""
    if kind == FRAGMENT:
        return 8
    return (body[1] + 2) * 4 if kind == AH else (body[1] + 1) * 8


def parse(kind: int, body: bytes) -> Chain:
    """Read headers up to the last that is there in full. What cannot be stepped over is left in
    `rest`, with its number as the protocol."""
    ext: list[tuple[int, bytes]] = []
    frag, more = 0, False
    while kind in EXTENSIONS and len(body) >= 8 and not frag:
        end = octets(kind, body)
        if end > len(body):
            break
        ext.append((kind, body[1 if kind == FRAGMENT else 2 : end]))
        if kind == FRAGMENT:
            offset = int.from_bytes(body[2:4], "big")
            frag, more = offset >> 3, bool(offset & 1)
        kind, body = body[0], body[end:]
    if (frag or more) and _says_no_more(ext[-1], frag << 3 | more):
        ext.pop()
    return Chain(kind, tuple(ext), frag, more, body)


def _says_no_more(header: tuple[int, bytes], offset: int) -> bool:
    return header[0] == FRAGMENT and header[1][:3] == bytes(1) + offset.to_bytes(2, "big")
