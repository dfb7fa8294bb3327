import string

import pytest

from fwsim.model import fields
from fwsim.model.names import STATES, TCP_FLAGS, address_value, iface_value
from fwsim.model.pred import FALSE, TRUE, Free, Not, all_of, any_of, is_in, masked, negate, prefix
from fwsim.readings.concrete import free_key
from fwsim.readings.explain import explain
from fwsim.readings.prose import condition, phrase
from fwsim.readings.words import en, knows, language, say

SRC, DST6 = fields.SRC[4], fields.DST[6]
STATE = {name: number for number, name in enumerate(STATES)}
SYN, ACK = TCP_FLAGS["SYN"], TCP_FLAGS["ACK"]
VIEW = {
    "in": iface_value("eth0"), "out": iface_value("docker1"), "physin": 0,
    "src": address_value("172.18.0.3", 4), "dst": address_value("fd00::2", 6),
    "proto": 1, "sport": 5000, "dport": 8080, "ctstate": STATE["NEW"], "mark": 0x102,
    "tcp_flags": SYN | ACK, "bridged": 0, "ct_known": 1, "ttl": 3, "dst_type": 2,
}  # fmt: skip
NET10 = prefix(SRC, address_value("10.0.0.0", 4), 8)
NET172 = prefix(SRC, address_value("172.18.0.0", 4), 16)
COIN = Free("statistic-3", "a coin that falls one time in two")


def iface(field, name):
    return is_in(field, iface_value(name))


def wildcard(field, name):
    return prefix(field, iface_value(name), 8 * len(name))


def said(pred, **more):
    return "; ".join(phrase(reason) for reason in explain(pred, VIEW | more))


@pytest.mark.parametrize(
    ("pred", "words"),
    [
        # a miss, and a hit of a negation, set what was seen against what was asked for
        (iface(fields.OUT, "docker0"), "leaves by docker1, not docker0"),
        (negate(iface(fields.OUT, "docker0")), "leaves by docker1, not docker0"),
        (iface(fields.IN, "docker1"), "came in by eth0, not docker1"),
        (wildcard(fields.IN, "veth"), "came in by eth0, not veth+"),
        (iface(fields.PHYSIN, "veth1"), "came in by bridge port no interface, not veth1"),
        (
            is_in(fields.CTSTATE, STATE["RELATED"], STATE["ESTABLISHED"]),
            "state NEW, not RELATED or ESTABLISHED",
        ),
        (NET10, "source 172.18.0.3, not in 10.0.0.0/8"),
        (is_in(SRC, VIEW["src"] + 1), "source 172.18.0.3, not 172.18.0.4"),
        (is_in(SRC, (5, 10)), "source 172.18.0.3, not in 0.0.0.5-0.0.0.10"),
        (prefix(DST6, VIEW["dst"] + (1 << 64), 64), "destination fd00::2, not in fd00:0:0:1::/64"),
        (is_in(fields.PROTO, 6), "protocol icmp, not tcp"),
        (is_in(fields.DPORT, 80, 443), "destination port 8080, not 80 or 443"),
        (is_in(fields.DPORT, 80, (90, 99), 443), "destination port 8080, not 80, 90-99 or 443"),
        (
            is_in(fields.DPORT, *range(0, 100, 2)),
            "destination port 8080, not 0, 2, 4, 6, 8, 10 or 44 more",
        ),
        (masked(fields.MARK, 1, 0xFF), "mark 0x102, not 0x1/0xff"),
        (masked(fields.TCP_FLAGS, SYN, 0x17), "TCP flags SYN,ACK, not SYN of FIN,SYN,RST,ACK"),
        (is_in(fields.DST_TYPE, 1, 3), "destination address type LOCAL, not UNICAST or BROADCAST"),
        # a hit says what was seen, and how it was asked for where that is not the same
        (iface(fields.OUT, "docker1"), "leaves by docker1"),
        (is_in(fields.CTSTATE, STATE["NEW"], STATE["ESTABLISHED"]), "state NEW"),
        (NET172, "source 172.18.0.3 (in 172.18.0.0/16)"),
        (wildcard(fields.OUT, "docker"), "leaves by docker1 (docker+)"),
        (is_in(fields.TTL, (0, 4)), "TTL 3 (0-4)"),
        # a negation that failed
        (negate(iface(fields.OUT, "docker1")), "leaves by docker1, which is excluded"),
        (negate(NET172), "source 172.18.0.3 (in 172.18.0.0/16), which is excluded"),
        # yes or no, whether hit or missed
        (is_in(fields.BRIDGED, 1), "routed"),
        (is_in(fields.BRIDGED, 0), "routed"),
        (is_in(fields.CT_KNOWN, 1), "a connection is known"),
        # alternatives
        (
            any_of(is_in(fields.SPORT, 80), is_in(fields.DPORT, 80)),
            "source port 5000, not 80, and destination port 8080, not 80",
        ),
        (
            any_of(all_of(NET10, is_in(fields.DPORT, 53)), is_in(fields.PROTO, 6)),
            "protocol icmp, not tcp (nearest of 2 ways)",
        ),
        (FALSE, "can never be met"),
        (COIN, "depends on a coin that falls one time in two"),
    ],
)
def test_a_reason_in_words(pred, words):
    assert said(pred) == words


def test_a_known_coin_in_words():
    key = free_key(COIN.name)
    why = COIN.why
    assert said(COIN, **{key: 1}) == said(Not(COIN), **{key: 1}) == why
    assert said(COIN, **{key: 0}) == said(Not(COIN), **{key: 0}) == "not " + why


@pytest.mark.parametrize(
    ("pred", "words"),
    [
        (
            all_of(
                iface(fields.OUT, "docker1"),
                is_in(fields.CTSTATE, STATE["RELATED"], STATE["ESTABLISHED"]),
            ),
            "leaves by docker1, state RELATED or ESTABLISHED",
        ),
        (all_of(NET10, negate(NET172)), "source in 10.0.0.0/8, source not in 172.18.0.0/16"),
        (negate(iface(fields.IN, "docker0")), "came in by any but docker0"),
        (Not(is_in(fields.PROTO, 6)), "protocol not tcp"),
        (is_in(fields.BRIDGED, 1), "bridged from port to port"),
        (Not(is_in(fields.BRIDGED, 1)), "routed"),
        (is_in(fields.CT_KNOWN, 0), "no connection is known"),
        (COIN, COIN.why),
        (Not(Free("recent")), "not recent"),
        (
            all_of(
                is_in(fields.PROTO, 6), any_of(is_in(fields.SPORT, 80), is_in(fields.DPORT, 80))
            ),
            "protocol tcp, (source port 80 or destination port 80)",
        ),
        (
            Not(all_of(is_in(fields.PROTO, 6), is_in(fields.DPORT, 80))),
            "protocol not tcp or destination port not 80",
        ),
        (TRUE, "any packet"),
        (FALSE, "no packet"),
        (is_in(fields.Field("skuid", 32), 1000), "skuid 1000"),
        (is_in(fields.Field("rpf_ok", 1, "flag"), 1), "rpf_ok: yes"),
    ],
)
def test_a_condition_in_words(pred, words):
    assert condition(pred) == words


def test_every_field_of_the_model_has_words():
    known = [v for v in vars(fields).values() if isinstance(v, fields.Field)]
    families = [v for v in vars(fields).values() if isinstance(v, dict) and 4 in v]
    known += [v for family in families for v in family.values()]
    assert len(known) > 30
    for field in known:
        assert knows(f"fact.{field.name}.0" if field.kind == "flag" else f"field.{field.name}")


def test_a_translation_may_leave_words_out(monkeypatch):
    import sys
    from types import ModuleType

    translated = ModuleType("fwsim.readings.words.xx")
    translated.WORDS = {"field.proto": "Protokoll"}
    monkeypatch.setitem(sys.modules, translated.__name__, translated)
    token = language.set("xx")
    try:
        assert condition(is_in(fields.PROTO, 6)) == "Protokoll tcp"
    finally:
        language.reset(token)
    assert say("field.proto") == "protocol"


def test_every_template_can_be_filled():
    for key, template in en.WORDS.items():
        places = [name for _, name, _, _ in string.Formatter().parse(template) if name]
        assert "" not in places, key
        assert template.format(**dict.fromkeys(places, "x"))
