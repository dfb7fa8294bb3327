"""What becomes of a copy that TEE sends, where nobody can tell."""

from __future__ import annotations

from pathlib import Path

import fwsim
from fwsim.model.packet import Packet

RULES = """*mangle
-A PREROUTING -j TEE --gateway 192.0.2.1
-A OUTPUT -m string --string abc --algo bm -j DROP
COMMIT
"""


def test_what_a_copy_depends_on_is_said(tmp_path: Path) -> None:
    place = tmp_path / "rules"
    place.write_text(RULES)
    untold = Packet(4, 0x01020304, 0x08080808, 17, sport=5, dport=53, payload_len=5)
    told = untold.but(payload=b"hello", payload_len=0)
    net = fwsim.load(str(place))
    for packet, depends_on, sent in ((untold, ('it holds "abc"',), 1), (told, (), 2)):
        leg = net.trace(packet, in_="eth0", one_way=True).legs[0]
        assert leg.fate == "forwarded"
        assert leg.depends_on == depends_on
        assert len(leg.emitted) == sent
