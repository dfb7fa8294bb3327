"""How a packet's way through one host went."""

from __future__ import annotations

from fwsim.machine.buffer import Buffer
from fwsim.machine.moment import Moment
from fwsim.machine.record import Record
from fwsim.model.packet import Packet
from fwsim.model.trace import Emitted


class Passage:
    """How a packet's way through one host ended. `fate` as in INTERFACE's LEG; `error` names the
    ICMP error that the host itself answers with, if any (REJECT's are in `record`); `beside`: what
    became of its copies, where a bridge gives it to several."""

    def __init__(self, host: str, record: Record, buffer: Buffer, moment: Moment) -> None:
        self.host, self.record, self.buffer, self.moment = host, record, buffer, moment
        self.fate = self.reason = self.error = ""
        self.emitted: list[Emitted] = []
        self.beside: list[Passage] = []

    @property
    def packet(self) -> Packet:
        """The packet as it was at the end."""
        return self.buffer.packet

    def give_up(self, depends_on: str) -> None:
        """What becomes of the packet behind this host is not followed."""
        self.fate, self.reason = "unknown", "endless"
        self.record.depends_on.append(depends_on)
