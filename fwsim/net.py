"""The public objects: `Net`, a place that packets can be sent through, and `Trace`, what became of
one exchange. Neither ever changes; `Net.apply` and `Trace.after` give new places."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from fwsim.asking import Asking
from fwsim.language.commands import apply as apply_command
from fwsim.language.ruleset import Ruleset
from fwsim.machine.counters import counted
from fwsim.machine.explore import Explored, explore
from fwsim.machine.infer import with_device, with_route, with_way_back
from fwsim.machine.moment import Given
from fwsim.machine.naming import chosen_source, destination, find_address, owner, sender, stands_for
from fwsim.machine.opening import opening
from fwsim.machine.response import Start
from fwsim.machine.simulate import Simulation
from fwsim.machine.world import World, shown
from fwsim.model.errors import QuestionError, ReadError
from fwsim.model.frozen import Frozen
from fwsim.model.names import family_of
from fwsim.model.packet import Packet, proto_of
from fwsim.model.trace import Exchange, Leg, Ref
from fwsim.picturing import Picturing, Shown

if TYPE_CHECKING:
    from fwsim.show.layout import Line


class Net(Asking, Shown, Frozen):
    """A place: hosts, their rules, and what earlier packets left behind."""

    simulation: Simulation

    def __repr__(self) -> str:
        return f"<Net: {self.world.title}>"

    @property
    def world(self) -> World:
        """The hosts as they stand."""
        return self.simulation.world

    def trace(
        self,
        packet: Packet | Mapping[str, Any] | None = None,
        *,
        src: str = "",
        dst: str = "",
        proto: str | int = "",
        sport: int | None = None,
        dport: int | None = None,
        in_: str = "",
        out: str = "",
        one_way: bool = False,
        client: int = 0,
    ) -> Trace:
        """Send a packet (INTERFACE's PACKET, or one from `src` to `dst`, addresses or names; tcp
        where a port is told, else icmp echo) and follow all that comes of it; with `one_way`, only
        itself. `client` tells apart those who ask the same: each has a source port, or an echo id,
        of its own. Raises QuestionError for what the place does not know, PacketError for a packet
        that cannot be."""
        home, given, meant = None, False, list[str]()
        if packet is None:
            packet, home = self._packet(src, dst, proto, sport, dport, client=client)
            ends = ((src, packet.src), (dst, packet.dst))
            said = (stands_for(self.world, name, packet.family, value) for name, value in ends)
            meant = [text for text in said if text]
        elif not isinstance(packet, Packet):
            packet, in_, given = _read(packet, in_)
        net = self._asked_of(packet, in_, out, meant)
        simulation = net.simulation
        start = self._start(simulation.world, packet, home, in_, given)
        found = explore(simulation, lambda s: s.exchange(packet, start, one_way=one_way))
        return Trace(net, found.exchange, Net(found.after), packet, start, one_way, found)

    def given(
        self,
        assume: Mapping[str, bool] | None = None,
        *,
        epoch: float | None = None,
        seed: int | None = None,
    ) -> Net:
        """A copy that was told more: answers to facts that nobody knows, by the names that traces
        print for them; the Unix time of now; a seed by which coins fall."""
        told = Given({**self.simulation.given.assume, **(assume or {})}, epoch, seed)
        simulation = self.simulation.fork()
        simulation.given = told
        return Net(simulation)

    def later(self, seconds: float) -> Net:
        """The same place so much later: connections may have been forgotten by then."""
        simulation = self.simulation.fork()
        simulation.now += seconds
        return Net(simulation)

    def apply(self, *commands: str) -> Net:
        """A copy in which these iptables commands were given on the host, in order. ReadError
        where iptables would refuse one."""
        simulation = self.simulation.fork()
        host = simulation.world.namespaces[simulation.world.host]
        rulesets = {family: self.rules(family) for family in host.rulesets}
        simulation.states[host.name].counters.clear()  # they are in the rules now, and move along
        for command in commands:
            try:
                apply_command(rulesets, command, name="command")
            except ReadError as err:
                from fwsim.language.forms.stray import advised

                raise advised(err) from None
        simulation.govern(host.with_rulesets(rulesets))
        given = (*self.world.commands, *commands)
        simulation.world = simulation.world._replace(commands=given)
        return Net(simulation)

    def rules(self, family: int = 4) -> Ruleset:
        """The host's rules, with the counters that traced packets left."""
        host = self.world.host
        ruleset = self.world.namespaces[host].rulesets.get(family, Ruleset(family))
        return counted(ruleset, self.simulation.states[host].counters)

    def packets(self, packets: Iterable[tuple[Packet, str, float]]) -> Iterator[Leg]:
        """Many packets, each with the device it comes in by ("" if the host sends it) and its time
        in seconds, in one connection-tracking world; nothing is answered on anyone's behalf."""
        simulation = self.simulation.fork()
        for packet, dev, time in packets:
            simulation.now = max(simulation.now, time)
            if dev:
                simulation.world = with_device(simulation.world, dev)
            start = self._start(simulation.world, packet, None, dev, given=True)
            yield simulation.carry(packet, start, follow=False)[0]

    def _asked_of(self, packet: Packet, in_: str, out: str, meant: list[str]) -> Net:
        """The same place, whose host has the device `in_` and sends to the packet's destination by
        the device `out`."""
        world, family = self.world, packet.family
        if in_:
            world = with_way_back(with_device(world, in_), family, packet.src, in_)
        if out:
            world = with_route(world, family, packet.dst, out)
        if meant:
            world = world._replace(notes=(*world.notes, *meant))
        if world is self.world:
            return self
        changed = self.simulation.fork()
        changed.world = world
        return Net(changed)

    def _packet(
        self, src: str, dst: str, proto: str | int, sport: int | None, dport: int | None,
        *, client: int,
    ) -> tuple[Packet, str | None]:  # fmt: skip
        family = family_of(dst) or family_of(src)
        family = find_address(self.world, dst, family).family
        origin = sender(self.world, src, family)
        to = destination(self.world, dst, family, origin.namespace)
        usual = "icmp" if (sport, dport) == (None, None) else "tcp"
        number = proto_of(usual if proto == "" else proto, to.family)
        source = chosen_source(self.world, src, origin, to)
        packet = opening(to.family, (source, to.value), number, (sport, dport), client=client)
        return packet, origin.namespace

    def _start(
        self, world: World, packet: Packet, namespace: str | None, in_: str, given: bool = False
    ) -> Start:
        if in_:
            from fwsim.machine.wires import entry

            return Start(*entry(world, (world.host, in_), packet))
        if given:
            return Start(world.host)
        home = namespace or owner(world, packet.family, packet.src)
        if home is not None:
            return Start(home)
        return Start(world.host, self._inbound(world, packet))

    def _inbound(self, world: World, packet: Packet) -> str:
        """By which device a packet from an address beyond the host comes in: the way back to it."""
        from fwsim.machine.policy import Flow
        from fwsim.machine.routing import lookup

        way = lookup(world.namespaces[world.host], Flow(packet.family, packet.src))
        if way.kind != "unicast":
            raise QuestionError(
                f"nothing tells by which device {shown(packet.src, packet.family)} comes in",
                hint="Say it with --in DEVICE.",
            )
        return way.dev


def _read(data: Mapping[str, Any], in_: str) -> tuple[Packet, str, bool]:
    """The packet that an object tells, the device that it comes in by, and whether the object says
    so (null: none, the host sends it)."""
    from fwsim.model.packet_json import packet_from_dict

    packet = packet_from_dict(data)
    return packet, in_ or data.get("in") or "", "in" in data and not in_


class Trace(Picturing, Frozen):
    """What became of one exchange; `print(trace)` explains it, `after` is the place it left."""

    net: Net
    exchange: Exchange
    after: Net
    packet: Packet
    start: Start
    one_way: bool = False
    explored: Explored | None = None

    @property
    def verdict(self) -> str:
        """ACCEPT, DROP, REJECT or UNKNOWN, for the exchange as a whole."""
        return self.exchange.verdict

    @property
    def outcome(self) -> str:
        """What the client would report: answered, refused, unreachable, no-route, denied, timeout
        or unknown."""
        return self.exchange.outcome

    @property
    def decided_by(self) -> Ref | None:
        """The rule or policy that decided."""
        return self.exchange.decided_by

    @property
    def legs(self) -> tuple[Leg, ...]:
        """Every packet's way, in order."""
        return self.exchange.legs

    @cached_property
    def help(self) -> Any:
        """The nearest rules, and commands that would let the exchange through, each tried."""
        from fwsim.questions.repair import suggest

        return suggest(
            self.net.simulation, self.exchange, self.packet, self.start, one_way=self.one_way
        )

    def to_dict(self) -> dict[str, Any]:
        """INTERFACE's JSON of one exchange."""
        from fwsim.show.json import exchange_dict

        return exchange_dict(self.exchange, self.net.world.host)

    def text(self, *, verbose: bool = False, advice: bool = True) -> str:
        """The explanation, as `fwsim trace` prints it; without `advice` only what happened, not
        which rules nearly matched and what would help."""
        from fwsim.show.layout import plain

        return plain(self.lines(verbose=verbose, advice=advice))

    def lines(self, *, verbose: bool = False, advice: bool = True) -> list[Line]:
        """The explanation's lines, their pieces with styles."""
        from fwsim.show.text import story

        remarks, help_ = self._remarks(), self.help if advice else None
        return story(self.net.world, self.exchange, help_, remarks=remarks, verbose=verbose)

    def _remarks(self) -> tuple[tuple[str, str], ...]:
        """What exploring both ways has to say: kinds and facts."""
        if self.explored is None:
            return ()
        whatever = (("whatever", what) for what in self.explored.whatever)
        return (*whatever, *(("unused", name) for name in self.explored.unused))

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return f"<Trace: {self.verdict}, {self.outcome}>"

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        printer.text(self.text())
