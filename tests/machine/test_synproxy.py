"""What SYNPROXY offers in the server's place; the kernel says the same in tests/kernel."""

from __future__ import annotations

import pytest

from fwsim.machine.synproxy import agreed
from fwsim.model.actions import Synproxy
from fwsim.model.names import TCP_FLAGS
from fwsim.model.packet import Packet

MSS, SACK, TIME, SCALE = (
    bytes.fromhex(text) for text in ("020405b4", "0402", "080a0000000700000000", "03030a")
)
ALL = MSS + SACK + TIME + b"\1" + SCALE
SYN = TCP_FLAGS["SYN"]
EVERYTHING = Synproxy(1400, 7, timestamp=True, sack=True, ecn=True)
TIMED = "080a0000000000000007"  # its own time and cookie are not known


@pytest.mark.parametrize(
    ("options", "offer", "offered"),
    [
        (ALL, EVERYTHING, f"020405780402{TIMED}01030307"),
        (ALL, Synproxy(1400, 7, timestamp=False, sack=True), "02040578"),
        (ALL, Synproxy(), ""),
        (ALL, Synproxy(timestamp=True), f"0101{TIMED}"),
        (MSS + SACK + SCALE, EVERYTHING, "02040578"),
        (SACK + TIME, EVERYTHING, f"0402{TIMED}"),
        (TIME + b"\0" + MSS, EVERYTHING, f"0101{TIMED}"),
        (b"\2\3\5" + MSS, EVERYTHING, "02040578"),
        (b"", EVERYTHING, ""),
    ],
)
def test_it_offers_what_both_have(options: bytes, offer: Synproxy, offered: str) -> None:
    syn = Packet(4, 1, 2, 6, sport=3, dport=4, flags=SYN, seq=9, tcp_options=options)
    answer = agreed(syn, offer)
    assert answer is not None
    assert answer.tcp_options.hex() == offered
    assert (answer.flags, answer.ack) == (SYN | TCP_FLAGS["ACK"], 10)


def test_careful_senders_are_told_so_only_with_a_timestamp() -> None:
    careful = SYN | TCP_FLAGS["ECE"] | TCP_FLAGS["CWR"]
    for options, told in ((ALL, True), (MSS, False)):
        answer = agreed(Packet(4, 1, 2, 6, flags=careful, tcp_options=options), EVERYTHING)
        assert answer is not None
        assert bool(answer.flags & TCP_FLAGS["ECE"]) is told
