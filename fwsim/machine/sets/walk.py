"""All packets through one host: the diagram of fwsim.machine.hooks, walked with sets."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import TYPE_CHECKING

from fwsim.machine.buffer import Buffer
from fwsim.machine.hooks import DIAGRAM, Hook
from fwsim.machine.sets.alike import Alike
from fwsim.machine.sets.cases import Cases
from fwsim.machine.sets.deep import deep
from fwsim.machine.sets.env import Env, Facts, Flow
from fwsim.machine.sets.regions import Regions
from fwsim.machine.sets.replies import answerable, answers, known
from fwsim.machine.sets.sampled import asked
from fwsim.machine.sets.stages import Stages, Stop, merged
from fwsim.machine.sets.trees import Dim, Sample
from fwsim.machine.sets.universe import REROUTED, Derived, beginning
from fwsim.machine.walker import ENDS
from fwsim.machine.world import World
from fwsim.model import fields as F
from fwsim.model.fields import Field
from fwsim.model.names import STATUS, iface_value
from fwsim.model.pred import TRUE, In, all_of, any_of, is_in, join_spans
from fwsim.model.trace import PASSED
from fwsim.model.tuples import NamedTuple
from fwsim.readings.space import PacketSet, Space, bounded

if TYPE_CHECKING:
    from oxidd.bcdd import BCDDFunction

    from fwsim.readings.diagram import Diagrams

_DNAT, _SNAT = STATUS["DST_NAT"], STATUS["SRC_NAT"]
_MOVED = any_of(
    all_of(is_in(F.CT_DIR, 0), is_in(F.CT_STATUS, _DNAT, mask=_DNAT)),
    all_of(is_in(F.CT_DIR, 1), is_in(F.CT_STATUS, _SNAT, mask=_SNAT)),
)
_DEVICES = (F.IN, F.OUT, F.PHYSIN, F.PHYSOUT)
LEFT_BY = Field("left_by", 128, "iface")
"""The device, or the bridge's port, by which packets left the host."""


class Ending(NamedTuple):
    """Packets whose way through the host ends alike: `fate` and `reason` as of a leg; where rules
    decided, `table` and `at`, the chain and the number of the rule (0: the policy). `env` are their
    fields as they leave, `where` the packets as they came."""

    fate: str
    where: BCDDFunction
    env: Env
    reason: str = ""
    table: str = ""
    at: tuple[str, int] = ("", 0)
    unknown: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """They got through."""
        return self.fate in PASSED


class _Answer(NamedTuple):
    """What the machine says of a packet: where it goes on, or its end."""

    answer: str
    devices: tuple[str | None, ...]  # of _DEVICES, None where it stays
    fate: str
    reason: str
    unknown: tuple[str, ...]
    left_by: str = ""


class HostWalk:
    """The host of a world, for packets of one family. `rules`: keep what every rule matched, in
    `stages.seen`."""

    def __init__(
        self,
        world: World,
        family: int,
        *,
        space: Space | None = None,
        facts: Facts | None = None,
        rules: bool = False,
    ) -> None:
        self.regions = Regions(world, world.namespaces[world.host], family)
        self.space = space or Space()
        self.space.know((F.PROTO, F.DPORT, F.SPORT, F.DST[family], F.SRC[family], F.IN))
        self.alike = Alike(self.regions)
        self.derived = Derived(self.regions)
        self.env = Env(self.space, derive=self._derive, facts=facts)
        ruleset = self.regions.ns.rulesets.get(family)
        self.stages = Stages(self.regions, ruleset, rules=rules) if ruleset else None
        self.endings: list[Ending] = []

    @property
    def diagrams(self) -> Diagrams:
        """Those of its space."""
        return self.space.diagrams

    def _derive(self, env: Env, field: Field) -> Cases | None:
        return self.derived(env, field)

    @bounded
    def come(self, packets: PacketSet) -> list[Ending]:
        """The endings of packets that come in by the devices of their field `in`."""
        return self._walk("arrive", Flow(packets.node, beginning(self.env, came_by=True)))

    @bounded
    def send(self, packets: PacketSet) -> list[Ending]:
        """The endings of packets that the host sends itself."""
        return self._walk("send", Flow(packets.node, beginning(self.env, came_by=False)))

    @bounded
    def answers(self, requests: list[Ending]) -> list[Ending]:
        """The endings of what comes back, where the far end answers and the host too: of what
        passed, the packets that a willing host answers in kind. Told in terms of the requests."""
        found: list[Ending] = []
        for request in requests:
            family, env = self.regions.family, request.env
            alive = request.where & env.read(answerable(family))
            if not (request.passed and alive.satisfiable()) or self.stages is None:
                continue
            sent = request.fate == "delivered"
            base = beginning(self.env, came_by=False).having(answers(self.env, env, family))
            start = base if sent else base.having({F.IN: env.cases(LEFT_BY)})
            self.stages.known = known(env, family)
            found += self._walk("send" if sent else "arrive", Flow(alive, start))
        if self.stages is not None:
            self.stages.known = None
        return found

    def home(self, ending: Ending, *, sent: bool) -> BCDDFunction:
        """Of answers, those that come to who asked: to the host, if it `sent` the requests, else
        out by the device by which the request came in, or one that leads to the same namespace."""
        if sent:
            delivered = ending.fate == "delivered"
            return ending.where if delivered else self.space.diagrams.false
        read, beside = self.space.diagrams.inside, self.regions.beside
        ways = [
            case.where & read(In(F.IN, join_spans((n, n) for n in beside(case.value))))
            for case in ending.env.cases(LEFT_BY)
            if isinstance(case.value, int)
        ]
        return self.space.diagrams.either(ways) & ending.where

    def _walk(self, node: str, flow: Flow) -> list[Ending]:
        self.endings = []
        with deep():
            _Walk(self, local=node == "send").walk(node, flow)
        return self.endings


class _Walk:
    def __init__(self, host: HostWalk, *, local: bool) -> None:
        self.host, self.regions, self.local = host, host.regions, local
        self.looped = False

    def walk(self, node: str, flow: Flow) -> None:
        while node:
            if not flow.alive.satisfiable():
                return
            step = DIAGRAM[node]
            if isinstance(step, Hook):
                flow = self._hook(step.hook, flow)
                node = step.then
                continue
            ways = self._asked(step.question, flow)
            onward = [(step.then[a], f) for a, f in ways if a in step.then]
            looped = self.looped
            for then, part in reversed(onward):
                self.walk(then, part)
                self.looped = looped
            return

    def _hook(self, hook: str, flow: Flow) -> Flow:
        stages = self.host.stages
        if stages is None:
            return flow
        self.host.derived.hook = hook
        flow, stops = stages.run(hook, flow, looped=self.looped)
        self.host.endings += map(_ending, stops)
        return flow

    def _asked(self, question: str, flow: Flow) -> list[tuple[str, Flow]]:
        """The answers to a question, each with the packets for which it is the answer."""
        if question == "loop":
            self.looped = True
            lo, none = (flow.env.number(iface_value(name)) for name in ("lo", ""))
            return [("routed", flow._replace(env=flow.env.having({F.IN: lo, F.OUT: none})))]
        found: dict[str, list[Flow]] = {}
        if question == "reroute":  # the others stay on their way
            question, (flow, stays) = "route_out", flow.parted(is_in(REROUTED, 1))
            found["routed"] = [stays]
        for changed, part in self._by_translation(flow):
            there = {field: self._devices(field, part) for field in _DEVICES}

            def outcome(sample: Sample, changed: bool = changed) -> Hashable:
                return self._answer(question, sample, changed)

            answers = self.regions.answers(
                (question, changed, self.local, self.looped, *there.values()),
                self._dims(question, there, changed), self.host.alike.once(question, outcome),
                part.env, part.alive,
            )  # fmt: skip
            for answer, where in answers.items():
                assert isinstance(answer, _Answer)
                self._took(answer, Flow(where, part.env), found)
        ways = [(answer, merged(flows, flow.env)) for answer, flows in found.items()]
        stages = self.host.stages if question == "age" else None
        return [(answer, stages.older(f)) for answer, f in ways] if stages else ways

    def _took(self, answer: _Answer, flow: Flow, found: dict[str, list[Flow]]) -> None:
        env = flow.env.having(
            {
                field: flow.env.number(iface_value(name))
                for field, name in zip(_DEVICES, answer.devices, strict=True)
                if name is not None
            }
        )
        if answer.left_by:
            env = env.having({LEFT_BY: env.number(iface_value(answer.left_by))})
        if answer.fate:
            fate, reason = answer.fate, answer.reason
            self.host.endings.append(Ending(fate, flow.alive, env, reason, unknown=answer.unknown))
        else:
            found.setdefault(answer.answer, []).append(Flow(flow.alive, env))

    def _by_translation(self, flow: Flow) -> Iterable[tuple[bool, Flow]]:
        """The packets whose destination was changed, and the others."""
        for changed, part in zip((True, False), flow.parted(_MOVED), strict=True):
            if part.alive.satisfiable():
                yield changed, part

    def _dims(self, question: str, there: dict[Field, tuple[str, ...]], changed: bool) -> list[Dim]:
        """What the answer to a question may depend on."""
        r = self.regions
        in_, out, physin = (r.of_devices(f, there[f]) for f in _DEVICES[:3])
        if alike := self.host.alike.dims(question, in_, out, physin):
            return alike
        match question:
            case "arrival":
                return [in_, r.neighbours, *([r.sources] if r.family == 6 else [])]
            case "route_in":
                return [in_, r.destinations, r.sources, r.policy]
            case "age":
                return [in_, physin, r.destinations, r.sources, r.policy]
            case "bridge":
                return [in_, physin, r.neighbours, *([r.sources, r.policy] if changed else [])]
            case "route_out":
                return [r.destinations, r.sources, r.policy]
            case "transmit":
                came = in_ if not r.ns.plain_rules(r.family) else ((TRUE, in_[0][1]),)
                return [out, came, r.neighbours, r.policy]
            case "leave_port":
                return [self.regions.of_devices(F.PHYSOUT, there[F.PHYSOUT])]
        return []

    def _devices(self, field: Field, flow: Flow) -> tuple[str, ...]:
        """The devices that packets have there, "" for none."""
        there, alive = flow.env, flow.alive
        if there.is_own(field):  # only this field of them matters
            alive = alive.exists(self.host.diagrams.cube(lambda name: name != field.name))
        classes = zip(self.regions.devices, self.regions.every(field), strict=True)
        return tuple(
            name for name, (pred, _) in classes if (there.read(pred) & alive).satisfiable()
        )

    def _answer(self, question: str, sample: Sample, changed: bool) -> Hashable:
        """The machine's answer for one packet."""
        r = self.regions
        buffer = r.buffer(sample)
        came_to = buffer.packet.dst ^ int(changed)
        buffer.looped = self.looped
        if question == "bridge" and not changed:
            buffer.mac_dst = r.mac(buffer)
        if question == "transmit":
            buffer.hop = r.hop(buffer)
        if question == "leave_port":
            return _Answer("", (None,) * 4, "forwarded", "", (), buffer.physout)
        before = _devices_of(buffer)
        answer, passage, ports = asked(question, r.world, r.ns, buffer, r.moment, came_to=came_to)
        pairs = zip(before, _devices_of(passage.buffer), strict=True)
        devices = tuple(None if old == new else new for old, new in pairs)
        fate, reason = ("", "") if answer else (passage.fate, passage.reason)
        left_by = [sent.dev for sent in passage.emitted] if not answer else ports
        sent = left_by[0] if len(left_by) == 1 else ""
        return _Answer(answer, devices, fate, reason, tuple(passage.record.depends_on), sent)


def _devices_of(buffer: Buffer) -> tuple[str, ...]:
    return buffer.in_, buffer.out, buffer.physin, buffer.physout


def _ending(stop: Stop) -> Ending:
    fate = ENDS[stop.verdict]
    return Ending(fate, stop.where, stop.env, stop.how, stop.table, stop.at)
