"""What helpers read in a connection's contents: FTP's PORT, EPRT and the answers to PASV and EPSV
(net/netfilter/nf_conntrack_ftp.c), IRC's DCC (nf_conntrack_irc.c)."""

from __future__ import annotations

import re
from collections.abc import Callable

from fwsim.model.names import address_text, address_value
from fwsim.model.tuples import NamedTuple

_WORD, _PORT = 0xFFFFFFFF, 0xFFFF
_DIGITS = b"0123456789"
_SIX = rb"([0-9]*),([0-9]*),([0-9]*),([0-9]*),([0-9]*),([0-9]*)(?=[^0-9,])"
_FOUR = rb"([0-9]*)\.([0-9]*)\.([0-9]*)\.([0-9]*)"
_LEAST_BEFORE_DCC, _LEAST_IN_DCC, _LEAST_NUMBERS = 10, 26, 12  # bytes
_DCC = (b"SEND ", b"CHAT ", b"MOVE ", b"TSEND ", b"SCHAT ")


class Told(NamedTuple):
    """An address (None: the sender's own) and a port, and the bytes that say so: where they begin
    and how many there are. `kind` is port, eprt, pasv, epsv or dcc."""

    kind: str
    at: int
    length: int
    address: int | None
    port: int

    def written(self, address: int, port: int, family: int) -> bytes:
        """Another address and port, said the same way."""
        match self.kind:
            case "dcc":
                return b"%d %d" % (address, port)
            case "epsv":
                return b"|||%d|" % port
            case "eprt" if family == 4:
                return f"|1|{address_text(address, 32)}|{port}|".encode()
            case "eprt":
                groups = re.findall("....", f"{address:032x}")
                return f"|2|{':'.join(groups)}|{port}|".encode()
            case _:
                return b",".join(
                    b"%d" % n for n in (*address.to_bytes(4, "big"), *divmod(port, 256))
                )


_Numbers = tuple[int, int, int | None, int]  # at, length, address, port


def ftp(data: bytes, reply: bool, family: int) -> Told | bool:
    """What a line says; False if nothing, True if something that is not whole: it is dropped."""
    for word, kind, skip, numbers in _SPOKEN[reply]:
        if len(data) <= len(word):
            if data.lower() == word[: len(data)].lower():
                return True
            continue
        if data[: len(word)].lower() != word.lower():
            continue
        at = data.find(skip, len(word)) + 1 if skip else len(word)
        found = numbers(data, at, family) if at else None
        return Told(kind, *found) if found else True
    return False


def _six(data: bytes, at: int, _: int) -> _Numbers | None:
    """192,168,1,1,5,6 up to the end of the line."""
    found = re.compile(_SIX).match(data, at)
    if found is None or data[found.end() : found.end() + 1] != b"\r":
        return None
    return _of_six(found)


def _six_somewhere(data: bytes, at: int, _: int) -> _Numbers | None:
    """The same from the first digit on."""
    first = re.compile(b"[0-9]").search(data, at)
    found = re.compile(_SIX).match(data, first.start()) if first else None
    return _of_six(found) if found else None


def _of_six(found: re.Match[bytes]) -> _Numbers:
    *four, high, low = (int(number or b"0") & _WORD for number in found.groups())
    return found.start(), len(found[0]), _address(four), (high << 8 | low) & _PORT


def _address(numbers: list[int]) -> int:
    first, second, third, fourth = numbers
    return (first << 24 | second << 16 | third << 8 | fourth) & _WORD


def _eprt(data: bytes, at: int, family: int) -> _Numbers | None:
    """|1|132.235.1.2|6275| or |2|3ffe::1|6275|"""
    delimiter, kind, other = data[at : at + 1], data[at + 1 : at + 2], data[at + 2 : at + 3]
    if not _delimits(delimiter) or other != delimiter or kind != (b"1" if family == 4 else b"2"):
        return None
    end = data.find(delimiter, at + 3)
    text = data[at + 3 : max(0, end)]
    try:
        address = _v4(text) if family == 4 else address_value(text.decode("ascii"), 6)
    except ValueError:
        return None
    return _with_port(data, at, end + 1, delimiter, address)


def _v4(text: bytes) -> int:
    found = re.fullmatch(_FOUR, text)
    if found is None:
        raise ValueError(text)
    return _address([int(number or b"0") & _WORD for number in found.groups()])


def _epsv(data: bytes, at: int, _: int) -> _Numbers | None:
    """|||6446|"""
    delimiter = data[at : at + 1]
    if not _delimits(delimiter) or data[at : at + 3] != delimiter * 3:
        return None
    return _with_port(data, at, at + 3, delimiter, None)


def _delimits(character: bytes) -> bool:
    return b"!" <= character <= b"~" and character not in _DIGITS


def _with_port(
    data: bytes, at: int, start: int, delimiter: bytes, address: int | None
) -> _Numbers | None:
    found = re.compile(b"([0-9]*)" + re.escape(delimiter)).match(data, start)
    port = int(found[1] or b"0") & _PORT if found else 0
    return (at, found.end() - at, address, port) if found and port else None


_Reading = Callable[[bytes, int, int], _Numbers | None]
_SPOKEN: tuple[tuple[tuple[bytes, str, bytes, _Reading], ...], ...] = (
    ((b"PORT", "port", b" ", _six), (b"EPRT", "eprt", b" ", _eprt)),
    ((b"227 ", "pasv", b"", _six_somewhere), (b"229 ", "epsv", b"(", _epsv)),
)


def dcc(data: bytes) -> Told | None:
    """What `PRIVMSG you :\\1DCC SEND file ADDRESS PORT` says."""
    at, end = 0, len(data)
    while at < end - _LEAST_BEFORE_DCC and data[at] in b" \r\n":
        at += 1
    if at < end - _LEAST_BEFORE_DCC:
        if data[at : at + 8].lower() != b"privmsg ":
            return None
        at += 8
    at = data.find(b" :", at)
    if not 0 <= at < end - _LEAST_IN_DCC or data[at + 2 : at + 7] != b"\1DCC ":
        return None
    word = next((word for word in _DCC if data.startswith(word, at + 7)), None)
    space = data.find(b" ", at + 7 + len(word)) if word else -1
    if not 0 <= space <= end - _LEAST_NUMBERS or b"\n" not in data[space:]:
        return None
    found = re.compile(b"([0-9]*) *([0-9]*)").match(data, space + 1)
    assert found is not None
    address, port = (int(number or b"0") for number in found.groups())
    return Told("dcc", space + 1, len(found[0]), address & _WORD, port & _PORT)
