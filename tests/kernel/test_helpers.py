"""Conntrack's helpers: random talk of FTP, IRC and TFTP, translated and not, and the connections
that come of it, compared with the kernel packet by packet: frames, matches, every connection."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from random import Random

import pytest

from fwsim.machine.helper_words import Told, dcc, ftp
from fwsim.model.names import TCP_FLAGS, address_text, address_value
from fwsim.model.packet import TCP, UDP, Packet

from .duel import Duel, same
from .lab import Lab, require_kernel
from .test_conn_cases import opened, sent

require_kernel()

_SYN, _ACK = TCP_FLAGS["SYN"], TCP_FLAGS["ACK"]
_GUEST = {4: "172.18.0.2", 6: "fd18::2"}
_FAR = {4: "8.8.8.8", 6: "2001:4860::8"}
_OWN = {4: "192.0.2.10", 6: "2001:db8::10"}
_TALKS, _LABS = 4, 1
_SPORTS = count(1024)

RULES = """raw PREROUTING -p tcp --dport 21 -j CT --helper ftp
raw PREROUTING -p udp --dport 69 -j CT --helper tftp
filter FORWARD -m conntrack --ctstate RELATED
filter FORWARD -m conntrack --ctstate NEW
filter FORWARD -m helper --helper ftp
filter FORWARD -m helper ! --helper tftp
filter FORWARD -m helper --helper ftp-2121 -m mark --mark 0
mangle FORWARD -p tcp --dport 21 -j CONNMARK --set-mark 7
filter FORWARD -m connmark --mark 7
filter FORWARD -m conntrack --ctstatus EXPECTED
filter FORWARD -m cluster --cluster-total-nodes 2 --cluster-local-node 1 --cluster-hash-seed 5"""
ONLY_IPV4 = "\nraw PREROUTING -p tcp --dport 6667 -j CT --helper irc"
NATS = {
    "none": "",
    "masquerade": "\nnat POSTROUTING -o eth0 -j MASQUERADE",
    "longer": "\nnat POSTROUTING -o eth0 -j SNAT --to-source {longer}",
    "inward": "\nnat PREROUTING -i eth0 -j DNAT --to-destination {guest}",
    "both": "\nnat PREROUTING -i eth0 -j DNAT --to-destination {guest}"
    "\nnat POSTROUTING -o docker1 -j MASQUERADE",
}
_LONGER = {4: "192.0.2.210", 6: "2001:db8:1234:5678:9abc:def0:1234:5678"}


class _End:
    """One end of a control connection, as it sees addresses and numbers itself."""

    def __init__(self, dev: str, seq: int) -> None:
        self.dev, self.seq, self.ack = dev, seq, 0
        self.me = self.peer = (0, 0)

    def segment(self, family: int, flags: int, data: bytes = b"") -> Packet:
        made = Packet(
            family, self.me[0], self.peer[0], TCP, sport=self.me[1], dport=self.peer[1],
            flags=flags, seq=self.seq, ack=self.ack if flags & _ACK else 0, payload=data,
        )  # fmt: skip
        self.seq = self.seq + len(data) + bool(flags & _SYN) & 0xFFFFFFFF
        return made

    def hears(self, packet: Packet) -> None:
        self.me, self.peer = (packet.dst, packet.dport), (packet.src, packet.sport)
        self.ack = packet.seq + packet.data_len + bool(packet.flags & _SYN) & 0xFFFFFFFF


class _ByChanceError(Exception):
    """The kernel has chosen a port: from here on the two see different connections."""


class _Conversation:
    """A client's control connection to a server, one of them inside. `data` are the connections
    that came of it, `expected` those of them that a helper expected."""

    def __init__(self, duel: Duel, rng: Random, family: int, port: int, nat: str) -> None:
        self.duel, self.rng, self.family = duel, rng, family
        inward = nat in ("inward", "both") or (nat == "none" and rng.random() < 0.5)
        devs = ("eth0", "veth0") if inward else ("veth0", "eth0")
        client, server = (_FAR, _GUEST) if inward else (_GUEST, _FAR)
        target = _OWN if inward and nat != "none" else server
        self.ends = _End(devs[0], rng.choice((1000, 2**32 - 20))), _End(devs[1], 5000)
        self.ends[0].me = address_value(client[family], family), rng.randrange(1024, 60000)
        self.ends[0].peer = address_value(target[family], family), port
        self.count: Counter[str] = Counter()

    def says(self, who: int, data: bytes = b"", flags: int = _ACK) -> Packet | None:
        """One end sends; what comes out for the other."""
        end = self.ends[who]
        heard = self.put(end.dev, end.segment(self.family, flags, data))
        if heard is not None:
            self.ends[1 - who].hears(heard)
            self.count["rewritten"] += heard.payload != data
        return heard

    def put(self, dev: str, packet: Packet) -> Packet | None:
        """A packet comes in; the one that goes out."""
        one = sent(dev, packet)
        kernel, (fwsim, leg) = self.duel.kernel(one), self.duel.fwsim(one)
        there, here = set(kernel.lines()), set(fwsim.lines())
        lines = [
            str(packet.payload),
            *map(str, self.duel.simulation.states["host"].conntrack.expected.there),
        ]
        lines += [f"kernel: {line}" for line in kernel.lines() if line not in here]
        lines += [f"fwsim ({leg.fate}): {line}" for line in fwsim.lines() if line not in there]
        assert same(kernel, fwsim, bool(leg.by_chance)), "\n".join([str(one), *lines])
        if leg.by_chance:
            raise _ByChanceError
        self.count[leg.ctstate] += 1
        return kernel.emitted[0][2] if kernel.emitted else None

    def opens(self) -> None:
        """The handshake, and a line from either side."""
        self.says(0, flags=_SYN)
        self.says(1, flags=_SYN | _ACK)
        self.says(0)
        self.says(1, b"220 welcome\r\n")
        self.says(0, b"USER guest\r\n")

    def connects(self, who: int, address: int, port: int, proto: int = TCP) -> None:
        """The other end opens a connection to where this one is said to wait, and goes on."""
        rng, other = self.rng, self.ends[1 - who]
        src = other.me[0] ^ (rng.random() < 0.1)
        tcp = proto == TCP
        opening = Packet(
            self.family, src, address, proto, sport=next(_SPORTS),
            dport=port, flags=_SYN if tcp else 0, seq=7 if tcp else 0,
        )  # fmt: skip
        heard = self.put(other.dev, opening)
        if heard is None or rng.random() < 0.3:
            return
        self.put(self.ends[who].dev, Packet(
            self.family, heard.dst, heard.src, proto, sport=heard.dport, dport=heard.sport,
            flags=_SYN | _ACK if tcp else 0, seq=99 if tcp else 0, ack=8 if tcp else 0,
        ))  # fmt: skip
        self.put(other.dev, opening.but(flags=_ACK, seq=8, ack=100) if tcp else opening)


def _six(rng: Random, address: int, port: int) -> bytes:
    numbers = [*(address & 0xFFFFFFFF).to_bytes(4, "big"), *divmod(port, 256)]
    if rng.random() < 0.1:
        numbers[rng.randrange(6)] = rng.choice((0, 256, 999, 2**32 + 1))
    return b",".join(b"%d" % number for number in numbers)


def _line(rng: Random, who: int, end: _End, family: int) -> bytes:
    """What one end may say, of where it waits or of nothing."""
    own = rng.choice((end.me[0],) * 12 + (end.me[0] ^ 1, end.peer[0]))
    port = rng.choice((rng.randrange(65536), 20, 1024, 65535, 0))
    text = address_text(own, 32 if family == 4 else 128)
    kind = b"1" if family == 4 else b"2"
    if rng.random() < 0.05:
        kind = b"3"
    mark = rng.choice((b"|",) * 8 + (b"!", b"5", b" "))
    extended = mark + kind + mark + text.encode() + mark + b"%d" % port + mark
    if who == 0:
        said = rng.choice((
            b"PORT " + _six(rng, own, port), b"port  " + _six(rng, own, port),
            b"PORT x " + _six(rng, own, port), b"EPRT " + extended, b"eprt " + extended, b"EPSV",
            b"PASV", b"PORT", b"LIST -a",
        ))  # fmt: skip
    else:
        said = rng.choice((
            b"227 Entering Passive Mode (" + _six(rng, own, port) + b").",
            b"227 =" + _six(rng, own, port), b"227 no 1 " + _six(rng, own, port),
            b"229 Entering Extended Passive Mode (" + mark * 3 + b"%d" % port + mark + b")",
            b"229 (|||%d|" % port, b"229 none", b"200 fine",
        ))  # fmt: skip
    said += b"\r\n"
    roll = rng.random()
    if roll < 0.05:
        return said[: rng.randrange(1, len(said))]
    if roll < 0.11:
        at = rng.randrange(len(said))
        return said[:at] + rng.choice((b"", b" ", b"0", b",", b"|", b"\r", b"(")) + said[at + 1 :]
    return said


def _dcc(rng: Random, end: _End, outer: int) -> bytes:
    own = rng.choice((end.me[0],) * 5 + (outer, outer, end.peer[0]))
    said = b"PRIVMSG bob :\1DCC %s file %d %d" % (
        rng.choice((b"SEND", b"CHAT", b"MOVE", b"TSEND", b"SCHAT", b"RESUME")),
        own,
        rng.choice((rng.randrange(65536), 5000, 0)),
    )
    said = said + rng.choice((b" 1024", b"")) + b"\1\r\n"
    if rng.random() < 0.2:
        at = rng.randrange(len(said))
        said = said[:at] + rng.choice((b"", b" ", b"0", b":", b"\n", b"privmsg")) + said[at + 1 :]
    return rng.choice((b"", b"", b" \r\n")) + said


def _ftp(talk: _Conversation) -> None:
    rng = talk.rng
    talk.opens()
    for _ in range(10):
        who = rng.randrange(2)
        end = talk.ends[who]
        heard = talk.says(who, _line(rng, who, end, talk.family))
        if heard is None:
            end.seq = talk.ends[1 - who].ack  # it is lost: the next one is in its place
            continue
        said = ftp(heard.payload, who == 1, talk.family)
        if isinstance(said, Told):
            address = heard.src if said.address is None else said.address
            talk.connects(who, address, said.port)
            if rng.random() < 0.3:
                talk.connects(who, address, said.port ^ (rng.random() < 0.3))
        if rng.random() < 0.3:
            talk.says(1 - who)


def _irc(talk: _Conversation) -> None:
    rng = talk.rng
    talk.opens()
    for _ in range(6):
        outer = talk.ends[1].peer[0]
        heard = talk.says(0, _dcc(rng, talk.ends[0], outer))
        said = dcc(heard.payload) if heard else None
        if said and said.address is not None:
            talk.connects(0, said.address, said.port)


def _tftp(talk: _Conversation) -> None:
    rng, client = talk.rng, talk.ends[0]
    for _ in range(4):
        data = rng.choice((b"\0\1", b"\0\2", b"\0\3", b"\0\4", b"\0")) + b"file\0octet\0"
        data = data if rng.random() < 0.9 else data[: rng.randrange(3)]
        heard = talk.put(client.dev, Packet(
            talk.family, client.me[0], client.peer[0], UDP, sport=client.me[1], dport=69,
            payload=data,
        ))  # fmt: skip
        if heard is None:
            return
        talk.ends[1].me = heard.dst, heard.dport
        talk.connects(0, heard.src, heard.sport, UDP)


_TALKED: dict[str, tuple[int, Callable[[_Conversation], None]]] = {
    "ftp": (21, _ftp), "irc": (6667, _irc), "tftp": (69, _tftp),
}  # fmt: skip


@pytest.mark.parametrize("nat", NATS)
@pytest.mark.parametrize(
    ("helper", "family"), [("ftp", 4), ("ftp", 6), ("irc", 4), ("tftp", 4), ("tftp", 6)]
)
def test_random_talk(helper: str, family: int, nat: str, seed: int) -> None:
    port, talk = _TALKED[helper]
    rng = Random(f"helpers {seed} {helper} {family} {nat}")
    rules = RULES + ONLY_IPV4 * (family == 4) + NATS[nat]
    rules = rules.format(longer=_LONGER[family], guest=_GUEST[family])
    seen: Counter[str] = Counter()
    for _ in range(_LABS):
        with Lab() as lab, suppress(_ByChanceError):
            duel = opened(lab, rules, family, rng.choice(("legacy", "nft")))
            for _ in range(_TALKS):
                conversation = _Conversation(duel, rng, family, port, nat)
                conversation.count = seen
                talk(conversation)
    assert seen["RELATED"]
    assert helper == "tftp" or nat in ("none", "inward") or seen["rewritten"]
