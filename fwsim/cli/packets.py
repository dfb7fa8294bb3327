"""Packets from a file of JSON lines, INTERFACE's PACKET with `in` and `time`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from math import isfinite
from typing import Any

from fwsim.machine.pile import standard_input
from fwsim.model.errors import PacketError
from fwsim.model.packet import Packet
from fwsim.model.packet_json import packet_from_dict

Sent = tuple[Packet, str, float]
"""A packet, the device it comes in by ("": the host sends it), and its time in seconds."""


def read_packets(file: str) -> Iterator[tuple[str, Sent]]:
    """Each packet with the name of its line, as soon as it can be read. Raises PacketError naming
    file and line, OSError or PlaceError if the file cannot be read."""
    if file == "-":
        yield from _packets(standard_input(), "standard input")
        return
    with open(file, "rb") as lines:
        yield from _packets(_named(lines, file), file)


def _named(lines: Iterable[bytes], file: str) -> Iterator[bytes]:
    """The lines; an error at reading them names the file, as one at opening it does."""
    try:
        yield from lines
    except OSError as error:
        raise OSError(error.errno, error.strerror, file) from None


def _packets(lines: Iterable[bytes], name: str) -> Iterator[tuple[str, Sent]]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        where = f"{name}:{number}"
        try:
            yield where, _packet(_object(line))
        except json.JSONDecodeError as error:
            message = f"{where}:{error.colno}: this line is no JSON: {error.msg}"
            raise PacketError(message) from None
        except PacketError as error:
            raise PacketError(f"{where}: {error.message}", hint=error.hint) from None


def _object(line: bytes) -> dict[str, Any]:
    try:
        data = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError:
        raise PacketError("this line is not UTF-8") from None
    except json.JSONDecodeError:
        raise
    except (ValueError, RecursionError):  # a number of thousands of digits, or as many brackets
        raise PacketError("this line is no JSON that tells a packet") from None
    if not isinstance(data, dict):
        raise PacketError('a packet is an object such as {"src": "10.0.0.1", "dst": "8.8.8.8"}')
    return data


def _packet(data: dict[str, Any]) -> Sent:
    if "dev" in data and "in" not in data:
        raise PacketError('"in" names the device that it comes in by; "dev" is where one left')
    dev, time = data.pop("in", None), data.pop("time", None) or 0
    if dev is not None and not (isinstance(dev, str) and dev):
        raise PacketError(f"in is a device's name, or null for what the host sends, not {dev!r}")
    if isinstance(time, bool) or not isinstance(time, int | float) or not _sane(time):
        raise PacketError(f"time is a number of seconds from 0 on, not {time!r}")
    return packet_from_dict(data), dev or "", float(time)


def _sane(time: float) -> bool:
    return (
        isfinite(time) and 0 <= time < 1 << 53 if isinstance(time, float) else 0 <= time < 1 << 53
    )
