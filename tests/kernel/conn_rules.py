"""Random rules about connections, and conversations of more protocols than usual."""

from __future__ import annotations

from random import Random

from fwsim.model.packet import DCCP, SCTP, UDPLITE, Packet

from .conversations import Talk
from .lab import BASE_CHAINS
from .rulesets import PORTS, Rules, Writer, written

GRE = 47
_INIT = bytes.fromhex("010000140000000700010000000a000a00000001")
_MARKS = ("0x1", "0x2", "0x3/0x1", "0x10/0xf0", "0x0/0xff")
_RANGES = {
    4: ("192.0.2.20-192.0.2.29", "10.0.0.0-10.3.255.255", "9.9.9.1-9.9.9.200"),
    6: ("2001:db8::20-2001:db8::29", "fd00::-fd03:ffff::", "2001:9::1:1-2001:9::7:ffff"),
}
_MAPS = {
    4: ("192.0.2.0/24", "172.18.0.0/16", "8.8.8.0/29", "9.9.9.9/32"),
    6: ("2001:db8::/64", "fd18::/112", "2001:9::9/128"),
}


def conn_rules(rng: Random, family: int, backend: str) -> Rules:
    """As random_rules, with every match and target that has to do with connections."""
    often = {"security": 0.1}
    tables = [t for t in BASE_CHAINS if rng.random() < often.get(t, 0.7)]
    kind = _LegacyWriter if backend == "legacy" else _Writer
    return written([kind(rng, family, table) for table in tables or ["filter"]])


class _Writer(Writer):
    def _target(self, base: str, top: bool, inner: list[str]) -> str:
        roll = self.rng.random()
        if roll < 0.5 or (self.table == "nat" and roll < 0.6):
            return super()._target(base, top, inner)
        if self.table == "raw" and roll < 0.8:
            return self._ct()
        if self.table == "mangle" and base == "PREROUTING" and top and roll < 0.53:
            return "-p udp -j TPROXY --on-port 53"
        return self._connmark() if roll < 0.95 else self._queue()

    def _matches(self, base: str, top: bool, target: str) -> list[str]:
        plain = self.table == "raw" and self.rng.random() < 0.4
        return [] if plain else super()._matches(base, top, target)

    def _ct(self) -> str:
        pick = self.rng.choice
        return pick((
            "-j CT --notrack", "-j NOTRACK", "-j CT --notrack --zone 1", "-j NOTRACK", "-j CT",
            f"-j CT --zone {pick((1, 2))}", f"-j CT --zone-orig {pick((1, 2))}",
            f"-j CT --zone-reply {pick((1, 2))}", "-j CT --zone mark", "-j CT --zone-orig mark",
            "-p tcp -j CT --helper ftp", "-p udp -j CT --helper tftp --zone 2", self._mark(),
        ))  # fmt: skip

    def _connmark(self) -> str:
        pick, value = self.rng.choice, self.rng.choice(("0x1", "0x3", "0x10"))
        masks = pick(("", "", " --mask 0xf", " --nfmask 0x3 --ctmask 0xf", " --ctmask 0x0"))
        shift = pick(("", "", "", " --left-shift-mark 4", " --right-shift-mark 1"))
        word = pick(("set-mark", "or-mark", "and-mark", "xor-mark", "set-xmark"))
        kept = pick(("save", "save", "restore"))
        masked = "/0x3" if word in ("set-mark", "set-xmark") and self.rng.random() < 0.5 else ""
        return pick((
            f"-j CONNMARK --{word} {value}{masked}{shift}",
            f"-j CONNMARK --{kept}-mark{masks}{shift}", f"-j CONNMARK --{kept}-mark{masks}",
            self._mark(),
        ))  # fmt: skip

    def _queue(self) -> str:
        return self.rng.choice((
            "-j NFQUEUE --queue-bypass", "-j NFQUEUE --queue-num 3 --queue-bypass",
            "-j NFQUEUE --queue-balance 0:3", "-j NFQUEUE --queue-balance 5:9 --queue-bypass",
        ))  # fmt: skip

    def _nat(self, base: str) -> str:
        rng = self.rng
        if rng.random() < 0.4:
            return super()._nat(base)
        span, port = rng.choice(_RANGES[self.family]), rng.choice(PORTS[:5])
        proto = rng.choice(("tcp", "udp", "sctp", "icmp"))
        wrapped = f"[{span}]" if self.family == 6 else span
        netmap = f"-j NETMAP --to {rng.choice(_MAPS[self.family])}"
        persistent = rng.choice(("", " --persistent"))
        if base in ("INPUT", "POSTROUTING"):
            return rng.choice((
                netmap, f"-j SNAT --to-source {span}{persistent}",
                f"-p {proto} -j SNAT --to-source {wrapped}:{port}{persistent}",
                f"! -p tcp -j SNAT --to-source {wrapped}:{port}-{port + 1}{persistent}",
            ))  # fmt: skip
        return rng.choice((
            netmap, f"-j DNAT --to-destination {span}{persistent}",
            f"-p {proto} -j DNAT --to-destination {wrapped}:{port}-{port + 2}{persistent}",
            f"-p {proto} -j DNAT --to-destination :{port}-{port + 9}",
            f"-p tcp -j DNAT --to-destination :{port}-{port + 9}/{rng.choice((80, 5000))}",
            f"-p {proto} -j REDIRECT --to-ports {port}-{port + 1}",
        ))  # fmt: skip

    def _conntrack(self, base: str, top: bool) -> str:
        rng, no = self.rng, self._not()
        if rng.random() < 0.2:
            return super()._conntrack(base, top)
        hosts = rng.choice(("--connlimit-saddr", "--connlimit-daddr"))
        node = rng.choice(("1", "2", "3"))
        count = rng.choice(("1:1", "2", "2:3", "100", "40:100"))
        return rng.choice((
            f"-m connmark {no}--mark {rng.choice(_MARKS)}",
            f"-m connlabel {no}--label {rng.choice((0, 1, 70, 127))}{rng.choice(('', ' --set'))}",
            f"-m connbytes {no}--connbytes {count} --connbytes-mode "
            f"{rng.choice(('packets', 'bytes', 'avgpkt'))} --connbytes-dir "
            f"{rng.choice(('original', 'reply', 'both'))}",
            f"-m connlimit --connlimit-{rng.choice(('upto', 'above'))} {rng.choice((0, 1, 2, 4))} "
            f"{hosts}{rng.choice(('', ' --connlimit-mask 8', ' --connlimit-mask 0'))}",
            f"-m helper {no}--helper {rng.choice(('ftp', 'tftp'))}",
            f"-m cluster --cluster-total-nodes 3 {no}--cluster-local-node {node}"
            f" --cluster-hash-seed {rng.choice((0, 5, 0xdeadbeef))}",
            "-m conntrack --ctstatus CONFIRMED"
            f" {no}--ctexpire {rng.choice(('1:', '25:35', '100:'))}",
            f"-m conntrack {no}--ctstatus {rng.choice(('NONE', 'EXPECTED', 'SEEN_REPLY'))}",
            f"-m conntrack {no}--ctstate {rng.choice(('UNTRACKED', 'INVALID,DNAT', 'NEW,SNAT'))}",
            f"-m conntrack {no}--ctorigsrcport {rng.choice(PORTS)}:50000",
            f"-m conntrack {no}--ctreplsrcport :{rng.choice(PORTS)}",
        ))  # fmt: skip

    def _mark_match(self, base: str, top: bool) -> str:
        return (
            self._conntrack(base, top)
            if self.rng.random() < 0.6
            else super()._mark_match(base, top)
        )


class _LegacyWriter(_Writer):
    def _queue(self) -> str:
        """iptables-nft knows no QUEUE."""
        return self.rng.choice((super()._queue(), "-j QUEUE"))


class ConnTalk(Talk):
    """Some packets are of SCTP, DCCP, UDP-Lite or GRE."""

    def _filled(self, packet: Packet) -> Packet:
        packet = super()._filled(packet)
        rng = self.rng
        if packet.frag or rng.random() > 0.2:
            return packet
        proto = rng.choice((SCTP, DCCP, UDPLITE, GRE))
        plain = Packet(
            packet.family, packet.src, packet.dst, proto, ttl=packet.ttl, tos=packet.tos,
            payload_len=rng.choice((0, 4, 8, 20)),
        )  # fmt: skip
        if proto == GRE:
            return plain
        plain = plain.but(sport=rng.choice(PORTS), dport=rng.choice(PORTS))
        if proto == SCTP and rng.random() < 0.8:
            plain = plain.but(payload=_INIT, payload_len=0)
        if proto == DCCP:  # a REQUEST with its service code
            plain = plain.but(head=b"\4" + bytes(7), payload=b"serv", payload_len=0)
        return plain
