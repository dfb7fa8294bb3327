"""What two ends say to each other, packet by packet: a request, its answer, and what follows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwsim.machine.answers import answer
from fwsim.model.names import TCP_FLAGS
from fwsim.model.packet import TCP, Packet

if TYPE_CHECKING:
    from fwsim.model.trace import Leg

_ACK, _PSH, _FIN, _RST = (TCP_FLAGS[name] for name in ("ACK", "PSH", "FIN", "RST"))
_SAID = 10  # bytes of data in a packet
_FLAGS = {"data": _PSH | _ACK, "more": _PSH | _ACK, "close": _FIN | _ACK, "reset": _RST | _ACK}
_LENGTH = {"data": _SAID, "more": _SAID, "close": 1}  # how far the sequence number goes on


class Talk:
    """A connection as its two ends know it: `packet` tells what one sends next, `saw` is told what
    became of it at the host.

    The one who asks says `request`, and after an answer `data`, `close` or `reset` where that is
    TCP; the far end says `answer`, and then `more`. They send by the device by which the other's
    packets came to the host ("": the host itself)."""

    def __init__(self, request: Packet, dev: str) -> None:
        self.request, self.dev = request, dev
        self.reply: Packet | None = None  # as the far end sends it
        self.far_dev = ""
        self._answered = False
        self._next = {False: request.seq + 1, True: 0}  # sequence numbers; True: of the far end

    def moves(self) -> tuple[str, ...]:
        """What may be said now, the usual thing first."""
        if self.reply is None:
            return ("request",)
        if self.request.proto != TCP or not self._answered:
            return ("answer", "request")
        return ("data", "more", "close", "reset", "answer", "request")

    def packet(self, move: str) -> tuple[Packet, str]:
        """The packet of a move, and the device that it comes in by."""
        if move == "request":
            return self.request, self.dev
        assert self.reply is not None
        if move == "answer":
            return self.reply, self.far_dev
        far = move == "more"
        packet = (self.reply if far else self.request).but(
            flags=_FLAGS[move], seq=self._next[far], ack=self._next[not far], tcp_options=b"",
            payload_len=_SAID if move in ("data", "more") else 0,
        )  # fmt: skip
        return packet, self.far_dev if far else self.dev

    def saw(self, move: str, leg: Leg) -> None:
        """What became of a packet: one that does not get through nobody answers."""
        if leg.verdict != "ACCEPT" or leg.arrived is None:
            return
        if move == "request":
            self.reply = answer(leg.arrived)
            self.far_dev = leg.emitted[0].dev if leg.emitted else ""
        elif move == "answer" and self.reply and not self._answered:
            self._answered, self._next[True] = True, self.reply.seq + 1
        elif move in _LENGTH:
            self._next[move == "more"] += _LENGTH[move]
