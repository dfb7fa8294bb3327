"""The stages of a hook for all packets at once: tables, conntrack, NAT (the twin of
fwsim.machine.netfilter). What conntrack says of packets is a field that they bring
(fwsim.machine.sets.universe)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from fwsim.language.ruleset import Ruleset
from fwsim.machine.hooks import REROUTES, STAGES, STAGES_NFT, Stage
from fwsim.machine.sets.cases import Case, Cases, joined, lessened
from fwsim.machine.sets.chains import Exit, Piece, TableWalk
from fwsim.machine.sets.connections import TRANSLATED_BACK, as_told
from fwsim.machine.sets.effects import act
from fwsim.machine.sets.env import Change, Delta, Env, Flow, together
from fwsim.machine.sets.reads import Reads
from fwsim.machine.sets.regions import Regions, Site
from fwsim.machine.sets.replies import Known, untranslated
from fwsim.machine.sets.universe import AGING, REROUTED
from fwsim.model import fields as F
from fwsim.model.fields import Field
from fwsim.model.names import STATES
from fwsim.model.pred import In, is_in
from fwsim.model.tuples import NamedTuple

if TYPE_CHECKING:
    from oxidd.bcdd import BCDDFunction

_ON = ("ACCEPT", "BYPASS")
_NEW, _KNOWN = STATES.index("NEW"), tuple(map(STATES.index, ("NEW", "ESTABLISHED", "RELATED")))
_INVALID, _UNTRACKED = STATES.index("INVALID"), STATES.index("UNTRACKED")


class Stop(NamedTuple):
    """Packets whose way ended in a table: `verdict`, and by which rule of it."""

    verdict: str
    table: str
    at: tuple[str, int]
    where: BCDDFunction
    env: Env
    how: str = ""


class Stages:
    """A namespace's rules for sets of packets. With `rules`, `seen` keeps what came into each table
    by each hook, and its Piece, with the hits of every rule."""

    def __init__(self, regions: Regions, ruleset: Ruleset, *, rules: bool) -> None:
        self.regions, self.ruleset, self.rules = regions, ruleset, rules
        self.seen: list[tuple[str, str, BCDDFunction, Piece]] = []
        self._reads: dict[str, Reads] = {}
        self.known: Known | None = None  # where the packets are answers

    def run(self, hook: str, flow: Flow, *, looped: bool = False) -> tuple[Flow, list[Stop]]:
        """Through a hook's stages: what passes, and what does not. What lo brought in again
        (`looped`) consulted the nat table on its way out, for either side."""
        stops: list[Stop] = []
        began = flow.env
        for stage in (STAGES_NFT if self.ruleset.nft else STAGES)[hook]:
            if not flow.alive.satisfiable():
                break
            if looped and stage.kind == "nat":
                continue
            before = flow.env
            flow, ended = self._stage(stage, hook, flow)
            if hook == "OUTPUT" and stage.table in REROUTES:
                flow = self._rerouted(stage.table, began, before, flow)
            stops += ended
        return flow, stops

    def _rerouted(self, table: str, began: Env, before: Env, flow: Flow) -> Flow:
        """With a note of those that a table's OUTPUT has routed anew. It makes no difference of
        others, so all are noted, where no earlier table changed what they are routed by."""
        env, family = flow.env, self.regions.family
        fields = {f.name: f for f in (F.SRC[family], F.DST[family], F.MARK, F.TOS, F.TTL)}
        if table == "mangle" and before.key(fields.values()) == began.key(fields.values()):
            return flow._replace(env=env.having({REROUTED: env.number(1)}))
        if env.read(is_in(REROUTED, 1)).valid():
            return flow
        moved = [
            was ^ now
            for field in map(fields.__getitem__, REROUTES[table][family])
            if before.key([field]) != env.key([field])
            for was, now in zip(before.bits(field), env.bits(field), strict=True)
        ]
        if not moved:
            return flow
        noted = env.diagrams.either([*moved, env.read(is_in(REROUTED, 1))])
        cases = Case(noted, 1), Case(~noted, 0)
        return flow._replace(env=env.having({REROUTED: cases}))

    def older(self, flow: Flow) -> Flow:
        """What is forwarded, a hop later, where rules look at that."""
        if self.ruleset.loaded.isdisjoint(AGING):
            return flow
        ttl = lessened(flow.env.cases(F.TTL), flow.env.diagrams)
        return flow._replace(env=flow.env.having({F.TTL: ttl}))

    def _stage(self, stage: Stage, hook: str, flow: Flow) -> tuple[Flow, list[Stop]]:
        tracked = self.regions.ns.tracks(self.regions.family)
        if stage.kind == "conntrack":
            return self._tracked(flow), []
        if stage.table not in self.ruleset.tables or (stage.kind == "nat" and not tracked):
            return flow, []
        if stage.kind == "nat":
            return self._nat(hook, flow)
        return self._table(stage.table, hook, flow)

    def _table(self, name: str, hook: str, flow: Flow) -> tuple[Flow, list[Stop]]:
        walk = TableWalk(
            self.ruleset.tables[name],
            partial(act, site=Site(self.regions, hook)),
            rules=self.rules,
            among=flow.alive,
            reads=self._reads.setdefault(name, Reads(self.ruleset.tables[name])),
        )
        piece = walk.base(hook, flow.env)
        if self.rules:
            self.seen.append((name, hook, flow.alive, piece))
        onward: list[Exit] = []
        stops: list[Stop] = []
        for leaves in piece.exits:
            where = leaves.where & flow.alive
            if not where.satisfiable():
                continue
            if leaves.verdict in _ON:
                onward.append(leaves._replace(where=where))
            else:
                env = flow.env.after(leaves.delta)
                stops.append(Stop(leaves.verdict, name, leaves.at, where, env, leaves.how))
        alive = flow.env.diagrams.either([leaves.where for leaves in onward])
        delta = together(((e.where, e.delta) for e in onward if e.delta), flow.env.diagrams)
        return Flow(alive, flow.env.after(delta)), stops

    # -- connections --------------------------------------------------------------------------

    def _tracked(self, flow: Flow) -> Flow:
        """What conntrack says. A packet that was told not to be tracked, or that is known from its
        way out, stays so."""
        env = flow.env
        fresh = env.read(is_in(F.CTSTATE, _INVALID))
        if not (fresh & flow.alive).satisfiable():
            return flow
        if self.known is not None:
            answer = fresh & self.known.tracked
            told = {field: Change(answer, cases) for field, cases in self.known.fields.items()}
            return flow._replace(env=env.after(Delta(told)))
        state = (Case(env.diagrams.true, tuple(env.diagrams.bits(F.CTSTATE))),)
        delta = Delta({F.CTSTATE: Change(fresh, state)})
        known = fresh & env.diagrams.inside(In(F.CTSTATE, tuple((n, n) for n in _KNOWN)))
        for field, cases in as_told(flow, self.regions.family).items():
            delta[field] = Change(known, cases)
        return flow._replace(env=env.after(delta))

    def _nat(self, hook: str, flow: Flow) -> tuple[Flow, list[Stop]]:
        """Only a new connection's packet consults the nat table, and each side of it once."""
        asks, others = flow.parted(is_in(F.CTSTATE, _NEW))
        passed, stops = self._table("nat", hook, asks)
        back, others = others.parted(TRANSLATED_BACK)
        given_back = flow.env.after(untranslated(flow.env, hook, self.regions.family))
        return merged([passed, back._replace(env=given_back), others], flow.env), stops


def merged(flows: list[Flow], base: Env) -> Flow:
    """Disjoint flows that meet again."""
    flows = [flow for flow in flows if flow.alive.satisfiable()]
    if len(flows) < 2:
        return flows[0] if flows else Flow(base.diagrams.false, base)
    changed: dict[Field, Cases] = {}
    for field in dict.fromkeys(field for flow in flows for field in flow.env.changed):
        ways = [(flow.alive, flow.env.cases(field)) for flow in flows]
        first = ways[0][1]
        if all(cases == first for _, cases in ways):
            changed[field] = first
        else:
            parts = (Case(alive & c.where, c.value) for alive, cases in ways for c in cases)
            changed[field] = joined(parts, base.diagrams)
    return Flow(base.diagrams.either([flow.alive for flow in flows]), base.having(changed))
