"""Many packets at once come to what the walk of each one by itself comes to."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import event, given, reject, settings
from hypothesis import strategies as st

import fwsim
from fwsim.machine.buffer import Buffer
from fwsim.machine.chance import Chance
from fwsim.machine.connection import ESTABLISHED, NEW, RELATED, Connection, Found
from fwsim.machine.conntrack import Conntrack, Told
from fwsim.machine.effects import Site, carry_out
from fwsim.machine.l4 import Settings
from fwsim.machine.moment import Given, Moment, Script
from fwsim.machine.record import Record
from fwsim.machine.table import Outcome, walk_table
from fwsim.machine.tuples import EVERYWHERE, Tuple, tuple_of
from fwsim.machine.view import View
from fwsim.model.names import STATES, TCP_FLAGS, address_value
from fwsim.model.packet import ICMP, ICMP6, ICMP_ECHO, TCP, Packet
from fwsim.model.pred import Free
from fwsim.net import Net

HOSTS = {
    4: ("10.0.0.1", "10.0.0.2", "10.0.1.1", "192.0.2.7", "224.0.0.1", "10.1.0.0"),
    6: ("fd00::1", "fd00::2", "fd01::1", "2001:db8::7", "ff02::1", "fd00:0:0:1::"),
}
NETS = {
    4: ("10.0.0.0/8", "10.0.0.0/24", "10.0.0.0/31", "0.0.0.0/1", "10.0.0.1/255.0.0.255"),
    6: ("fd00::/8", "fd00::/64", "fd00::/127", "::/1", "fd00::1/ffff::ffff"),
}
ICMP_TYPE = {4: "-m icmp --icmp-type", 6: "-m icmp6 --icmpv6-type"}
NOTHING = Given()
DEVICES = ("eth0", "eth1", "docker0", "lo")
PORTS = (22, 53, 80, 81, 1024, 65535)
CHAINS = ("FORWARD", "one", "two", "three")


def _matches(family: int) -> st.SearchStrategy[str]:
    no = st.sampled_from(("", "", "! "))
    address = st.sampled_from((*HOSTS[family], *NETS[family]))
    device = st.sampled_from((*DEVICES, "eth+", "d+"))
    port = st.sampled_from((*map(str, PORTS), "50:80", ":1024"))
    ports = st.lists(
        st.sampled_from((*map(str, PORTS), "50:60")), min_size=1, max_size=4, unique=True
    )
    state = st.lists(st.sampled_from(STATES), min_size=1, max_size=3, unique=True)
    low, high = HOSTS[family][0], HOSTS[family][2]
    mark = st.sampled_from(("0x0", "0x1", "0x2/0x3", "0x1/0x1"))
    icmp = "icmp" if family == 4 else "ipv6-icmp"
    pick = st.sampled_from
    return st.one_of(
        st.builds("{}-s {}".format, no, address),
        st.builds("{}-d {}".format, no, address),
        st.builds("{}-i {}".format, no, device),
        st.builds("{}-o {}".format, no, device),
        st.builds("-p {} -m {} {}--{} {}".format, p := st.shared(pick(("tcp", "udp")), key="p"), p,
                  no, pick(("sport", "dport")), port),
        st.builds("{}-p {}".format, no, pick(("tcp", "udp", icmp, "89"))),
        st.builds(lambda n, w, v: f"-p tcp -m multiport {n}--{w} {','.join(v)}", no,
                  pick(("sports", "dports", "ports")), ports),
        st.builds("-p tcp -m tcp {}{}".format, no, pick(("--syn", "--tcp-flags SYN,ACK ACK"))),
        st.just(f"-p {icmp} {ICMP_TYPE[family]} echo-request"),
        st.builds(lambda n, v: f"-m conntrack {n}--ctstate {','.join(v)}", no, state),
        st.builds("-m conntrack {}--ctorigdst {}".format, no, address),
        st.builds("-m conntrack --{} {}".format, pick(("ctorigdstport", "ctreplsrcport")),
                  pick((*map(str, PORTS), "1000:3000", "1:256"))),
        st.builds("-m mark {}--mark {}".format, no, mark),
        st.builds("-m connmark {}--mark {}".format, no, mark),
        st.builds("-m iprange {}--src-range {}-{}".format, no, st.just(low), st.just(high)),
        st.builds("-m set {}--match-set many src".format, no),
        st.builds("-m addrtype {}--dst-type {}".format, no,
                  pick(("LOCAL", "MULTICAST", "UNICAST"))),
        st.builds("-m ttl --ttl-lt {}".format, pick(("64", "65"))) if family == 4 else st.nothing(),
        st.builds("-m length {}--length 0:{}".format, no, pick(("60", "100"))),
        st.builds("-m limit --limit 1/sec --limit-burst {}".format, pick(("1", "2"))),
    )  # fmt: skip


def _targets(table: str, later: tuple[str, ...]) -> st.SearchStrategy[str]:
    mark = st.sampled_from(
        ("--set-xmark 0x1/0xffffffff", "--or-mark 0x2", "--xor-mark 0x3", "--and-mark 0x1")
    )
    some = ["ACCEPT", "DROP", "RETURN", "", "LOG", "NFQUEUE --queue-num 1"]
    some += ["CONNMARK --save-mark", "CONNMARK --restore-mark", "CONNMARK --set-xmark 0x2/0xff"]
    if table == "mangle":
        some += ["TTL --ttl-set 9", "DSCP --set-dscp 0x08"]
    if table == "filter":
        some += ["REJECT"]
    ends = st.sampled_from(some).map(lambda word: word and f"-j {word}")
    marks = mark.map("-j MARK {}".format)
    if not later:
        return ends | marks
    jumps = st.builds("-{} {}".format, st.sampled_from("jjg"), st.sampled_from(later))
    return jumps | jumps | ends | marks


def _word(match: str) -> str:
    """What no rule takes twice."""
    words = match.removeprefix("! ").split()
    return " ".join(words[:2]) if words[0] == "-m" else words[0]


@st.composite
def dumps(draw: Any, family: int) -> tuple[str, str]:
    """A table, and a dump of it; chains jump to later ones only."""
    table = draw(st.sampled_from(("filter", "mangle")))
    match = st.lists(_matches(family), max_size=3, unique_by=_word)
    lines = []
    for number, chain in enumerate(CHAINS):
        rule = st.tuples(match, _targets(table, CHAINS[number + 1 :]))
        for parts, target in draw(st.lists(rule, max_size=6)):
            lines.append(" ".join(filter(None, ("-A", chain, *parts, target))))
    policy = draw(st.sampled_from(("ACCEPT", "DROP")))
    heads = [f":FORWARD {policy} [0:0]", *(f":{chain} - [0:0]" for chain in CHAINS[1:])]
    return table, "\n".join((f"*{table}", *heads, *lines, "COMMIT", ""))


VALUES: dict[str, tuple[Any, ...]] = {
    "sport": PORTS, "dport": PORTS, "in": (*DEVICES, ""), "out": DEVICES,
    "ctstate": STATES, "ct_dir": (0, 1), "mark": (0, 1, 2, 3), "ct_mark": (0, 1, 2),
    "frag": (0, 0, 1, 2), "tcp_flags": (0x02, 0x10, 0x12), "ttl": (1, 64),
    "icmp_type": (8, 0, 3, 128), "length": (100, 101, 1500),
}  # fmt: skip


@st.composite
def populations(draw: Any, family: int) -> list[dict[str, Any]]:
    """Rows that all tell the same fields; of some fields, the same value."""
    hosts = st.sampled_from(HOSTS[family])
    protos = (6, 17, ICMP if family == 4 else ICMP6, 89)
    told = draw(st.sets(st.sampled_from(sorted(VALUES)))) | {"proto"}
    fields = {name: st.sampled_from(VALUES[name]) for name in told - {"proto"}}
    fields |= {"src": hosts, "dst": hosts, "proto": st.sampled_from(protos)}
    for name in sorted(draw(st.sets(st.sampled_from(sorted(fields))))):
        fields[name] = st.just(draw(fields[name]))
    return draw(st.lists(st.fixed_dictionaries(fields), min_size=1, max_size=12))


def columns_of(rows: list[dict[str, Any]], family: int) -> dict[str, Any]:
    """The rows as columns, those of one value as that."""
    found: dict[str, Any] = {}
    for name in rows[0]:
        values = [row[name] for row in rows]
        if name in ("src", "dst"):
            values = [address_value(value, family) for value in values]
        found[name] = values[0] if len(set(values)) == 1 else np.array(values)
    if not any(isinstance(column, np.ndarray) for column in found.values()):
        found["src"] = np.array([found["src"]] * len(rows))
    return found


class _Asked(View):
    """A view that knows only what is assumed of facts that fields do not hold."""

    def _answer(self, free: Free) -> bool | None:
        return self.moment.assumed(free.name)


def walked(
    net: Net,
    table: str,
    row: dict[str, Any],
    family: int,
    *,
    given: Given = NOTHING,
    hook: str = "FORWARD",
) -> Outcome:
    """One packet by itself, as fwsim.machine.netfilter walks it."""
    ns = net.world.namespaces[net.world.host]
    packet, tracker, proto = _packet(row, family), Conntrack(Settings()), row["proto"]
    buffer = Buffer(packet, row.get("in", ""))
    buffer.out, buffer.mark = row.get("out", ""), row.get("mark", 0)
    found = tracker.track(packet, 0.0, Told(EVERYWHERE, "", True))
    if "ctstate" in row:
        state, reply = STATES.index(row["ctstate"]), bool(row.get("ct_dir", 0))
        own = tuple_of(packet) or Tuple(family, packet.src, packet.dst, proto)
        other = own._replace(src=own.dst, dst=own.src, sport=own.dport, dport=own.sport)
        both = (other, own) if reply else (own, other)
        connected = state in (NEW, ESTABLISHED, RELATED)
        found = Found(state, Connection(*both) if connected else None, reply)
    elif row.get("ct_dir") and found.connection is not None:
        own = found.connection.original
        other = own._replace(src=own.dst, dst=own.src, sport=own.dport, dport=own.sport)
        found = Found(found.state, Connection(other, own), True)
    else:
        found = found._replace(reply=bool(row.get("ct_dir")))
    if found.connection is not None:
        found.connection.mark = row.get("ct_mark", 0)
    buffer.found = found
    moment = Moment(0.0, Chance(0), {}, tracker, given, Script())
    view = _Asked(buffer, ns, hook, moment)
    site = Site(view, Record(), tracker, lambda _: None)
    rules = ns.rulesets[family].tables[table]
    return walk_table(rules, hook, view, lambda action: carry_out(action, site))


def _packet(row: dict[str, Any], family: int) -> Packet:
    proto = row["proto"]
    usual: dict[str, Any] = {"flags": TCP_FLAGS["SYN"]} if proto == TCP else {}
    if proto in (ICMP, ICMP6):
        usual["icmp_type"] = ICMP_ECHO[family][0]
    names = {"tcp_flags": "flags"}
    for name in ("sport", "dport", "frag", "tcp_flags", "ttl", "icmp_type"):
        if name in row:
            usual[names.get(name, name)] = row[name]
    src, dst = (address_value(row[name], family) for name in ("src", "dst"))
    packet = Packet(family, src, dst, proto, **usual)
    return packet.but(payload_len=max(0, row.get("length", 0) - packet.length))


def _place(folder: Path, family: int, dump: str) -> Net:
    host, bits = HOSTS[family][0], 24 if family == 4 else 64
    device = {
        "ifname": "eth0", "ifindex": 2, "link_type": "ether", "operstate": "UP", "flags": ["UP"],
        "addr_info": [{"family": f"inet{'6' * (family == 6)}", "local": host, "prefixlen": bits,
                       "scope": "global"}],
    }  # fmt: skip
    net = {4: "10.0.0.0/24", 6: "fd00::/64"}[family]
    if family == 4:
        members = [*HOSTS[4][1:3], *(f"198.51.100.{2 * n}" for n in range(80))]
    else:
        members = [*HOSTS[6][1:3], *(f"2001:db8:1::{2 * n:x}" for n in range(1, 80))]
    head = f"create many hash:ip family inet{'6' * (family == 6)}"
    files = {
        "iptables-save" if family == 4 else "ip6tables-save": dump,
        "ip-addr.json": json.dumps([device]),
        f"ip-route{'6' * (family == 6)}.json": json.dumps([
            {"dst": net, "dev": "eth0", "scope": "link"},
            {"type": "local", "dst": host, "dev": "eth0", "table": "local"},
        ]),
        "ipset-save": "\n".join((head, *(f"add many {member}" for member in members), "")),
    }  # fmt: skip
    for name, text in files.items():
        (folder / name).write_text(text)
    return fwsim.load(folder)


LIMITS = ("limit 1/sec burst 1", "limit 1/sec burst 2")


@pytest.mark.parametrize("family", [4, 6])
@settings(max_examples=60)
@given(data=st.data())
def test_many_packets_at_once_come_to_what_each_comes_to_by_itself(family: int, data: Any) -> None:
    table, dump = data.draw(dumps(family))
    rows = data.draw(populations(family))
    assume = data.draw(st.dictionaries(st.sampled_from(LIMITS), st.booleans()))
    with TemporaryDirectory() as folder:
        try:
            net = _place(Path(folder), family, dump)
        except fwsim.FwsimError:
            event("not a ruleset")
            reject()
    told = Given(assume)
    found = net.given(assume).verdicts(columns_of(rows, family), table, "FORWARD", family)
    assert len(found) == len(rows)
    changes = "--ttl-set" in dump and ("-m ttl" in dump or "frag" in rows[0])
    for number, row in enumerate(rows):
        one = walked(net, table, row, family, given=told)
        event(one.verdict)
        what = str(found.verdict[number]), found.chain[number], int(found.rule[number])
        if what[0] == "UNKNOWN":
            assert one.verdict == "UNKNOWN" or changes
        elif one.verdict == "UNKNOWN":  # but it comes to the same, whatever is true
            for answers in product((False, True), repeat=2):
                given_ = Given(dict(zip(LIMITS, answers, strict=True)) | assume)
                way = walked(net, table, row, family, given=given_)
                assert (way.verdict, way.chain, way.rule) == what
        else:
            assert (one.verdict, one.chain, one.rule) == what
