"""A packet that was drawn: INTERFACE's PACKET, which prints as the command that replays it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from fwsim.machine.opening import SPORT, opening
from fwsim.model.names import proto_text
from fwsim.model.packet import ICMP, ICMP6, Packet
from fwsim.model.packet_json import packet_to_dict
from fwsim.questions.again import piped


class Drawn(Mapping[str, Any]):
    """A packet and the device that it comes in by ("" if the host sends it), as an object for
    `Net.trace`. `words` are the options that tell its place, `out` the device that it is asked to
    leave by; `told` is whether options can tell who sends it. Two of the same packet are equal."""

    def __init__(
        self, packet: Packet, dev: str, words: tuple[str, ...], out: str = "", *, told: bool = True
    ) -> None:
        self.packet, self.dev, self.words, self.out, self._sent = packet, dev, words, out, told
        self._told = {"in": dev or None, **packet_to_dict(packet)}

    def __getitem__(self, name: str) -> Any:
        return self._told[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._told)

    def __len__(self) -> int:
        return len(self._told)

    def __hash__(self) -> int:
        return hash((self.packet, self.dev))

    def __repr__(self) -> str:
        return self.command

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        printer.text(self.command)  # Hypothesis would print a mapping's members

    @property
    def command(self) -> str:
        """The `fwsim trace` that replays it, for a shell."""
        told = self._options()
        if told is None:
            return piped([self._told], self.words)
        return shlex.join(["fwsim", "trace", *self.words, *told])

    def _options(self) -> list[str] | None:
        """The options that tell the packet; None where none do."""
        packet = self.packet
        ports = (packet.sport, packet.dport) if packet.has_ports else (None, None)
        usual = opening(packet.family, (packet.src, packet.dst), packet.proto, ports)
        if not self._sent or usual != packet:
            return None
        words = ["--src", self._told["src"], "--dst", self._told["dst"]]
        if packet.proto not in (ICMP, ICMP6):
            words += ["--proto", proto_text(packet.proto)]
        if packet.has_ports:
            words += ["--dport", str(packet.dport)]
            words += ["--sport", str(packet.sport)] * (packet.sport != SPORT)
        words += ["--in", self.dev] * bool(self.dev) + ["--out", self.out] * bool(self.out)
        return words
