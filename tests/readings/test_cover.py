import pytest

from fwsim.model import fields as f
from fwsim.model.errors import QuestionError
from fwsim.model.names import TCP_FLAGS, address_value, iface_value
from fwsim.model.pred import (
    FALSE,
    TRUE,
    Free,
    all_of,
    any_of,
    is_in,
    masked,
    negate,
    prefix,
)
from fwsim.readings import cover as module
from fwsim.readings.cover import disjoint_boxes
from fwsim.readings.prose import values
from fwsim.readings.space import Space

DST = f.DST[4]
TCP, UDP = is_in(f.PROTO, 6), is_in(f.PROTO, 17)


def net(text, length):
    return prefix(DST, address_value(text, 4), length)


def told(pred, *fields):
    cover = disjoint_boxes(Space().read(pred), fields or None)
    assert cover.more == 0
    return [
        {name: [v for atom in atoms for v in values(atom)] for name, atoms in box.items()}
        for box in cover.boxes
    ]


@pytest.mark.parametrize(
    ("pred", "boxes"),
    [
        (TRUE, [{}]),
        (FALSE, []),
        (TCP, [{"proto": ["tcp"]}]),
        (is_in(f.PROTO, 6, (18, 255)), [{"proto": ["tcp", "18-255"]}]),
        (is_in(f.DPORT, 80, (8000, 8010)), [{"dport": ["80", "8000-8010"]}]),
        (net("172.18.0.0", 16), [{"dst": ["172.18.0.0/16"]}]),
        (
            all_of(net("10.0.0.0", 8), negate(net("10.128.0.0", 9))),
            [{"dst": ["10.0.0.0/9"]}],
        ),
        (
            any_of(all_of(TCP, is_in(f.DPORT, 80)), all_of(UDP, is_in(f.DPORT, 53))),
            [
                {"proto": ["tcp"], "dport": ["80"]},
                {"proto": ["udp"], "dport": ["53"]},
            ],
        ),
        (
            all_of(any_of(TCP, UDP), is_in(f.DPORT, 53)),
            [{"proto": ["tcp", "udp"], "dport": ["53"]}],
        ),
        (prefix(f.IN, iface_value("veth"), 32), [{"in": ["veth+"]}]),
        # patterns of bits: spelt out where people write values, with a mask where they write masks
        (is_in(f.DPORT, (0, 1), (4, 5)), [{"dport": ["0-1", "4-5"]}]),
        (masked(f.MARK, 1, 0xFF), [{"mark": ["0x1/0xff"]}]),
        (is_in(f.MARK, (0x10, 0x1F)), [{"mark": ["0x10-0x1f"]}]),
        (
            masked(f.TCP_FLAGS, TCP_FLAGS["SYN"], TCP_FLAGS["SYN"] | TCP_FLAGS["ACK"]),
            [{"tcp_flags": ["SYN of SYN,ACK"]}],
        ),
        (masked(DST, 3, 0xFF), [{"dst": ["0.0.0.3/0.0.0.255"]}]),
    ],
)
def test_a_set_in_words(pred, boxes):
    assert told(pred) == boxes


def test_boxes_that_overlap_are_told_apart():
    asked = any_of(all_of(TCP, is_in(f.DPORT, (1, 100))), is_in(f.DPORT, (50, 200)))
    others, tcp = told(asked)
    assert tcp == {"proto": ["tcp"], "dport": ["1-200"]}
    assert others["dport"] == ["50-200"]
    assert "tcp" not in others["proto"]


def test_only_the_fields_asked_for_are_told():
    asked = any_of(all_of(TCP, is_in(f.DPORT, 80)), all_of(UDP, is_in(f.DPORT, 53)))
    assert told(asked, f.DPORT) == [{"dport": ["53", "80"]}]
    assert told(all_of(asked, Free("coin")), f.PROTO) == [{"proto": ["tcp", "udp"]}]


def test_a_long_cover_is_cut_and_says_by_how_much():
    asked = any_of(*(all_of(is_in(f.DPORT, k), is_in(f.SPORT, k)) for k in range(20)))
    cover = disjoint_boxes(Space().read(asked), limit=5)
    assert (len(cover.boxes), cover.more) == (5, 15)


def test_a_tangled_set_is_refused_in_words(monkeypatch):
    monkeypatch.setattr(module, "_WORK", 100)
    asked = is_in(DST, *range(0, 1 << 20, 7919))
    with pytest.raises(QuestionError, match="too large: narrow it"):
        disjoint_boxes(Space().read(asked))
