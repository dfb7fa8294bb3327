"""What a rule can see of a packet at a hook: each field, projected when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from random import Random

from fwsim.machine import routing
from fwsim.machine.connection import CONFIRMED, INVALID, TEMPLATE, Connection, Found
from fwsim.machine.moment import Moment
from fwsim.machine.tuples import EVERYWHERE, tuple_of
from fwsim.machine.world import Namespace
from fwsim.model.actions import Template
from fwsim.model.facts import TrackKey
from fwsim.model.fields import Field
from fwsim.model.names import iface_value
from fwsim.model.packet import L4_HEADERS, Packet
from fwsim.model.pred import Free, OfConnection, Step


class Buffer:
    """A packet inside a host, with what the kernel hangs onto it (struct sk_buff): devices by
    name, "" for none; `found` what conntrack said, None before it was asked; `template` what a
    rule told conntrack beforehand; `rerouted` is where a change in OUTPUT leads it."""

    def __init__(
        self,
        packet: Packet,
        in_: str = "",
        *,
        mac_dst: str | None = None,
        found: Found | None = None,
    ) -> None:
        self.packet, self.in_, self.out = packet, in_, ""
        self.physin = self.physout = ""
        self.mark = self.priority = 0
        self.found = found
        self.template: Template | None = None
        self.rerouted: routing.Way | None = None
        self.hop, self.mac_dst = 0, mac_dst
        self.looped = False


class View(dict[str | Field, int]):
    """Field values by their keys, for one packet at one hook, and the facts that fields do not
    hold (fwsim.model.facts.Facts)."""

    def __init__(self, buffer: Buffer, ns: Namespace, hook: str, moment: Moment) -> None:
        super().__init__()
        self.buffer, self.ns, self.hook, self.moment = buffer, ns, hook, moment
        self.now = moment.now
        self.memory = moment.memory
        self.rule: Hashable = None
        self.peeking = False
        self.settled: dict[Free, bool | None] = {}

    def __missing__(self, key: str | Field) -> int:
        project = key.project if isinstance(key, Field) else _PROJECT[key]
        value = self[key] = project(self)  # type: ignore[misc]  # a field is a key if it projects
        return value

    # -- facts that have memory, or that nobody knows --------------------------------------------

    def visit(self, rule: Hashable) -> None:
        """The next rule is asked now; what it remembers stands under its key."""
        self.rule, self.peeking = rule, False
        self.settled.clear()

    def peek(self) -> None:
        """From now on answers change no memory: somebody only wants to explain them."""
        self.peeking = True

    def ask(self, test: Callable[[View], bool | None]) -> bool | None:
        """A rule's answer where it asks for such facts. What nobody knows is settled by the script
        first, without touching any memory; only then is the rule asked as the kernel asks."""
        self.peek()
        known: dict[Free, bool | None] = {}
        while test(self) is None:
            free = self.unknown()[0]
            answer = self.moment.script.settle(free)
            if answer is None:
                return None
            self.settled[free] = known[free] = answer
        self.settled, self.peeking = known, False
        return test(self)

    def settle(self, free: Free) -> bool | None:
        """The answer to a fact, the same as often as this rule is asked; None: nobody knows."""
        if free not in self.settled:
            self.settled[free] = self._answer(free)
        return self.settled[free]

    def decide(self, free: Free) -> bool | None:
        """The answer to a fact that an action asks for; the script settles what nobody knows."""
        answer = self.settle(free)
        if answer is None:
            answer = self.settled[free] = self.moment.script.settle(free)
        return answer

    def unknown(self) -> list[Free]:
        """The facts that this rule asked for and nobody knows."""
        return [free for free, answer in self.settled.items() if answer is None]

    def _answer(self, free: Free) -> bool | None:
        answer = self.moment.assumed(free.name)
        if answer is None and free.step is not None:
            if isinstance(free.scope, OfConnection):
                return self._of_connection(free.step, free.scope.name)
            key = self.place(free.scope, free.nth)
            answer, memory = free.step(self, self.memory.get(key))
            if not self.peeking:
                self.memory[key] = memory
        return answer

    def _of_connection(self, step: Step, name: str) -> bool | None:
        """The answer of a fact that the packet's connection remembers."""
        if self.connection is None:
            return None
        answer, memory = step(self, getattr(self.connection, name))
        if not self.peeking:
            setattr(self.connection, name, memory)
            self.clear()
        return answer

    def place(self, scope: Hashable, nth: int = 0) -> Hashable:
        """Where the memory of a scope is kept."""
        return (self.rule, nth) if scope is None else scope

    @property
    def epoch(self) -> float | None:
        """The Unix time of now, if anybody told."""
        begin = self.moment.given.epoch
        return None if begin is None else begin + self.now

    @property
    def chance(self) -> Random | None:
        """The seeded generator, where coins are to be thrown."""
        return self.moment.chance if self.moment.given.seed is not None else None

    def sysctl(self, name: str, default: int = 0) -> int:
        """A setting of the host as a number."""
        return self.ns.number(name, default)

    @property
    def packet(self) -> Packet:
        """The packet as it is now."""
        return self.buffer.packet

    @property
    def connection(self) -> Connection | None:
        """Its connection, if it has one."""
        return self.buffer.found.connection if self.buffer.found else None

    @property
    def track_key(self) -> TrackKey | None:
        """What its connection is known by, or would be; None where it shows no tuple."""
        own = self.connection
        if own is not None and not own.status & TEMPLATE:
            return TrackKey(own.original, own.zone)
        shown = None if self.packet.frag else tuple_of(self.packet)
        return TrackKey(shown, own.zone if own else EVERYWHERE) if shown else None

    def alive(self, key: TrackKey) -> Connection | None:
        """The confirmed connection of that key, if there is one."""
        found = self.moment.tracker.lookup(key.tuple, self.now, key.zone)
        return found[0] if found else None

    def device(self, which: str) -> str:
        """The device it came in by or leaves by, as this hook knows it."""
        if which == "in":
            return "" if self.hook == "OUTPUT" else self.buffer.in_
        return "" if self.hook in ("PREROUTING", "INPUT") else self.buffer.out


def _option_bits(packet: Packet) -> int:
    """Which TCP options are present, as tcp_find_option of xt_tcpudp.c steps through them."""
    bits, at, data = 0, 0, packet.tcp_options
    while at < len(data):
        kind = data[at]
        bits |= 1 << kind
        length = data[at + 1] if kind >= 2 and at + 1 < len(data) else 1
        at += length or 1
    return bits


def _l4_header(view: View) -> int:
    return int(not view.packet.frag and view.packet.proto in L4_HEADERS)


def _address_type(which: str, limit: str) -> Callable[[View], int]:
    def project(view: View) -> int:
        dev = view.device(limit) if limit else ""
        value = getattr(view.packet, which)
        return routing.address_type(view.ns, view.packet.family, value, dev)

    return project


def _ports(name: str) -> Callable[[View], int]:
    return lambda view: getattr(view.packet, name) if view.packet.has_ports else 0


def _icmp(name: str) -> Callable[[View], int]:
    return lambda view: getattr(view.packet, name) if view.packet.is_icmp else 0


def _tuple(reply: bool, member: str) -> Callable[[View], int]:
    def project(view: View) -> int:
        connection = view.connection
        if connection is None:
            return 0
        return int(getattr(connection.tuple(reply), member))

    return project


def _expires(view: View) -> int:
    """Its clock runs from its confirmation on."""
    if view.connection is None or not view.connection.status & CONFIRMED:
        return 0
    return max(0, int(view.connection.expires - view.now))


_PROJECT: dict[str, Callable[[View], int]] = {
    "src": lambda v: v.packet.src,
    "dst": lambda v: v.packet.dst,
    "in": lambda v: iface_value(v.device("in")),
    "out": lambda v: iface_value(v.device("out")),
    "physin": lambda v: iface_value(v.buffer.physin),
    "physout": lambda v: iface_value(v.buffer.physout),
    "bridged": lambda v: int(bool(v.buffer.physout)),
    "proto": lambda v: v.packet.proto,
    "frag": lambda v: v.packet.frag,
    "sport": _ports("sport"),
    "dport": _ports("dport"),
    "l4_header": _l4_header,
    "tcp_flags": lambda v: v.packet.flags,
    "tcp_options": lambda v: _option_bits(v.packet),
    "icmp_type": _icmp("icmp_type"),
    "icmp_code": _icmp("icmp_code"),
    "mark": lambda v: v.buffer.mark,
    "priority": lambda v: v.buffer.priority,
    "length": lambda v: v.packet.length,
    "ttl": lambda v: v.packet.ttl,
    "tos": lambda v: v.packet.tos,
    "ctstate": lambda v: v.buffer.found.state if v.buffer.found else INVALID,
    "ct_known": lambda v: int(v.connection is not None),
    "ct_status": lambda v: v.connection.status if v.connection else 0,
    "ct_dir": lambda v: int(bool(v.buffer.found and v.buffer.found.reply)),
    "ct_proto": lambda v: v.connection.original.proto if v.connection else 0,
    "ct_mark": lambda v: v.connection.mark if v.connection else 0,
    "ct_labels": lambda v: v.connection.labels if v.connection else 0,
    "ct_expire": _expires,
    "ct_orig_src": _tuple(False, "src"),
    "ct_orig_dst": _tuple(False, "dst"),
    "ct_repl_src": _tuple(True, "src"),
    "ct_repl_dst": _tuple(True, "dst"),
    "ct_orig_sport": _tuple(False, "sport"),
    "ct_orig_dport": _tuple(False, "dport"),
    "ct_repl_sport": _tuple(True, "sport"),
    "ct_repl_dport": _tuple(True, "dport"),
    "src_type": _address_type("src", ""),
    "dst_type": _address_type("dst", ""),
    "src_type_in": _address_type("src", "in"),
    "dst_type_in": _address_type("dst", "in"),
    "src_type_out": _address_type("src", "out"),
    "dst_type_out": _address_type("dst", "out"),
}
