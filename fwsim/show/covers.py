"""Sets of packets in lines of text: a box a row, each field with its values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fwsim.questions.covers import Told, shown
from fwsim.show.layout import Line, segment
from fwsim.show.words import say

if TYPE_CHECKING:
    from fwsim.model.packet import Packet
    from fwsim.questions.conversation import Conversation
    from fwsim.questions.witness import Witness

_ORDER = ("in", "src", "dst", "proto", "sport", "dport", "icmp_type", "icmp_code", "tcp_flags")
_MORE = {True: "cover.more", False: "cover.more.least"}
_LISTED = 8  # the most values of a field that a row writes out


def told_lines(told: Told) -> Iterator[Line]:
    """The boxes of a set, one a line."""
    for number, box in enumerate(told.boxes, 1):
        fields = sorted(shown(box).items(), key=_rank)
        words = [f"{name} {_values(values)}" for name, values in fields]
        text = ", ".join(words) or say("cover.any")
        yield [segment(f"  {number:>2}  ", "dim"), segment(text)]
    if told.more:
        yield [segment("      "), segment(say(_MORE[told.counted], more=told.more), "note")]


def _rank(item: tuple[str, list[str]]) -> tuple[int, str]:
    return (_ORDER.index(item[0]) if item[0] in _ORDER else len(_ORDER), item[0])


def _values(values: list[str]) -> str:
    if len(values) <= _LISTED:
        return say("or").join(values)
    listed = say("or").join(values[:_LISTED])
    return say("cover.values", listed=listed, more=len(values) - _LISTED)


def witness_line(found: Witness) -> Line:
    """One packet, as its way begins and ends."""
    return packet_line(found.packet, found.dev, found.leg.fate)


def conversation_lines(talk: Conversation) -> Iterator[Line]:
    """The packets of a conversation, in order, and what becomes of the last one."""
    for sent in talk.before:
        yield packet_line(sent.packet, sent.dev, "before")
    yield packet_line(talk.packet, talk.dev, talk.leg.fate)


def packet_line(packet: Packet, dev: str, fate: str) -> Line:
    """A packet, the device that it comes in by, and what becomes of it."""
    port = f" {say('witness.port', port=packet.dport)}" if packet.has_ports else ""
    text = say(
        "witness",
        src=packet.text(packet.src), dst=packet.text(packet.dst), port=port,
        proto=packet.to_dict()["proto"], dev=dev or say("witness.host"),
        fate=say(f"witness.{fate}"),
    )  # fmt: skip
    return [segment("      "), segment(text)]
