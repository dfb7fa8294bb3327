"""Matches that read bytes which nobody told: the answer is that nobody knows, and only then."""

from __future__ import annotations

import pytest

import fwsim
from fwsim.language.listing import listing
from fwsim.language.read import read
from fwsim.language.write import save
from fwsim.model.names import address_value
from fwsim.model.packet import DCCP, SCTP, UDP, Packet

SRC, DST = address_value("172.18.0.3", 4), address_value("8.8.8.8", 4)
ESP, AH, IPCOMP = 50, 51, 108
INIT = bytes((1, 0, 0, 4))


def _verdict(words: str, packet: Packet, **assume: bool) -> str:
    """What becomes of a packet that a rule of these words would drop."""
    net = fwsim.load("example:article-complete")
    net = net.apply(f"iptables -I FORWARD {words} -j DROP").given(assume)
    return net.trace(packet, one_way=True).verdict


def _packet(proto: int, **changes: object) -> Packet:
    return Packet(4, SRC, DST, proto).but(**changes)


@pytest.mark.parametrize(
    ("words", "packet"),
    [
        ("-p esp -m esp --espspi 5", _packet(ESP, payload_len=30)),
        ("-p ah -m ah ! --ahspi 5", _packet(AH, payload_len=30)),
        ("-p ipcomp -m ipcomp", _packet(IPCOMP, payload_len=30)),
        ("-p sctp -m sctp --chunk-types any INIT", _packet(SCTP, payload_len=30)),
        ("-p dccp -m dccp --dccp-types REQUEST", _packet(DCCP)),
        ("-p dccp -m dccp --dccp-option 5", _packet(DCCP, head=bytes(8), payload_len=3)),
        ("-m string --algo bm --string GET", _packet(UDP, payload_len=3)),
        ("-m string --algo bm ! --string GET", _packet(UDP, payload_len=3)),
        ('-m u32 --u32 "0>>22&0x3C@8=1"', _packet(UDP, payload_len=4)),
        ('-m u32 --u32 "4>>16=1"', _packet(UDP)),
        ('-m bpf --bytecode "2,48 0 0 28,22 0 0 0"', _packet(UDP, payload_len=3)),
        ("-m bpf --object-pinned /sys/fs/bpf/x", _packet(UDP)),
        ("-m ipvs --ipvs", _packet(UDP)),
        ("-m ipvs --vproto udp --vport 80", _packet(UDP)),
        ("-m policy --dir out --pol ipsec", _packet(UDP)),
    ],
    ids=str,
)
def test_untold_bytes_are_unknown(words: str, packet: Packet) -> None:
    assert _verdict(words, packet) == "UNKNOWN"


@pytest.mark.parametrize(
    ("words", "packet"),
    [
        ("-p esp -m esp", _packet(ESP, payload_len=30)),
        ("-p esp -m esp --espspi 1:", _packet(ESP, payload=bytes(7) + b"x")),
        ("-p esp -m esp ! --espspi :", _packet(ESP, payload_len=30)),
        ("-p sctp -m sctp --chunk-types any DATA", _packet(SCTP, payload=INIT)),
        ("-p sctp -m sctp --dport 9 --chunk-types any DATA", _packet(SCTP, payload_len=9)),
        ("-p dccp -m dccp --dccp-types ACK", _packet(DCCP, head=bytes(8))),
        ("-m string --algo bm --string GET", _packet(UDP, payload=b"PUT")),
        ("-m string --algo bm --string GET --to 20", _packet(UDP, payload_len=9)),
        ("-m string --algo bm --string GETTING", _packet(UDP, payload_len=3)),
        ('-m u32 --u32 "6&0xFF=6"', _packet(UDP, payload_len=9)),
        ('-m u32 --u32 "4&0x1FFF=1"', _packet(UDP)),
        ('-m u32 --u32 "100=1"', _packet(UDP, payload_len=9)),
        ('-m bpf --bytecode "4,40 0 0 6,69 0 1 8191,6 0 0 1,6 0 0 0"', _packet(UDP, payload_len=9)),
        ("-m ipvs --vproto tcp --vport 80", _packet(UDP)),
        ("-m policy --dir in --pol ipsec", _packet(UDP)),
    ],
    ids=str,
)
def test_told_bytes_decide_whatever_else_is_untold(words: str, packet: Packet) -> None:
    expected = "DROP" if words == "-p esp -m esp" else "ACCEPT"
    assert _verdict(words, packet) == expected


def test_what_a_trace_sends_by_itself_opens_a_connection_or_is_untold() -> None:
    def verdict(proto: str, words: str) -> str:
        net = fwsim.load("example:article-complete")
        net = net.apply(f"iptables -I FORWARD -p {proto} -m {proto} {words} -j DROP")
        return net.trace(src="ns1", dst="8.8.8.8", proto=proto, one_way=True).verdict

    assert verdict("sctp", "--chunk-types only INIT") == "DROP"
    assert verdict("dccp", "--dccp-types REQUEST ! --dccp-option 5") == "DROP"
    assert verdict("esp", "--espspi 5") == "UNKNOWN"


def test_what_nobody_knows_may_be_assumed() -> None:
    rule, packet = "-m policy --dir in --pol ipsec", _packet(UDP)
    assert _verdict(rule, packet, **{"policy in": True}) == "DROP"
    rule = "-p esp -m esp ! --espspi 5"
    assert _verdict(rule, _packet(ESP, payload_len=9), **{"esp spi 5": True}) == "ACCEPT"
    assert _verdict(rule, _packet(ESP, payload_len=9), esp=False) == "DROP"


@pytest.mark.parametrize("words", ["-m eui64", "-m frag --fragid 5"])
def test_in_ipv6_too(words: str) -> None:
    text = f"*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD {words} -j DROP\nCOMMIT\n"
    rule = read(text, 6).rule("filter", "FORWARD", 1)
    assert rule.open


def test_a_program_pinned_elsewhere_is_kept_as_it_stands() -> None:
    text = "-A INPUT -m bpf --object-pinned /sys/fs/bpf/x"
    ruleset = read(f"*filter\n{text}\nCOMMIT\n", 4)
    assert text in save(ruleset)
    assert "anywhere            match bpf pinned /sys/fs/bpf/x\n" in listing(ruleset)
