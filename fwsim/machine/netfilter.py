"""The stages of a hook, run for one packet: tables, conntrack, NAT, confirmation."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from fwsim.language.ruleset import Ruleset
from fwsim.machine import nat, routing
from fwsim.machine.account import Account
from fwsim.machine.buffer import Buffer
from fwsim.machine.connection import INVALID, NEW, RELATED, TEMPLATE, UNTRACKED, Connection, Found
from fwsim.machine.conntrack import Told, zone_of
from fwsim.machine.effects import Site, carry_out
from fwsim.machine.hooks import REROUTES, SOURCE_NAT_HOOKS, STAGES, STAGES_NFT, Stage
from fwsim.machine.moment import Moment
from fwsim.machine.offsets import moved
from fwsim.machine.record import Record
from fwsim.machine.state import State
from fwsim.machine.table import Outcome, walk_table
from fwsim.machine.view import View
from fwsim.machine.words import say
from fwsim.machine.world import Namespace
from fwsim.model.actions import Action, Tee
from fwsim.model.chain import (
    begins_cut_off,
    identification,
    is_bare,
    is_odd_fragment,
    reassembled,
)
from fwsim.model.exthdr import FRAGMENT
from fwsim.model.names import STATES
from fwsim.model.packet import Packet
from fwsim.model.trace import Counted, Step
from fwsim.model.tuples import NamedTuple
from fwsim.readings.words import fact_words


class Netfilter(NamedTuple):
    """A namespace's hooks at a moment in simulated time."""

    ns: Namespace
    state: State
    moment: Moment
    tee: Callable[[str, Tee], None] = lambda _hook, _tee: None

    def run(self, hook: str, buffer: Buffer, record: Record) -> str:
        """Run a hook's stages until one does not accept; the verdict: ACCEPT, DROP, REJECT,
        QUEUE, UNKNOWN, STOLEN by the host itself, or HELD for a fragment that waits for others."""
        ruleset = self.ns.rulesets.get(buffer.packet.family)
        if ruleset is None:
            return "ACCEPT"
        at = _AtHook(self, hook, buffer, record, ruleset)
        for stage in (STAGES_NFT if ruleset.nft else STAGES)[hook]:
            verdict = at.stage(stage)
            if verdict not in ("ACCEPT", "BYPASS"):
                return verdict
        return "ACCEPT"


class _AtHook:
    def __init__(
        self, netfilter: Netfilter, hook: str, buffer: Buffer, record: Record, ruleset: Ruleset
    ) -> None:
        self.nf, self.hook, self.buffer, self.record = netfilter, hook, buffer, record
        self.ns, self.state, self.ruleset = netfilter.ns, netfilter.state, ruleset
        self.now = netfilter.moment.now
        self.view = View(buffer, netfilter.ns, hook, netfilter.moment)

    def stage(self, stage: Stage) -> str:
        match stage.kind:
            case "table":
                if stage.table not in self.ruleset.tables:
                    return "ACCEPT"
                return self._rerouting(stage.table, partial(self._table, stage.table))
            case "nat":
                return self._rerouting("nat", self._nat) if self._translates() else "ACCEPT"
            case "conntrack":
                return self._track()
            case "confirm":
                return self._confirm()
            case _:
                return self._defrag()

    def _rerouting(self, table: str, run: Callable[[], str]) -> str:
        """What OUTPUT changes may have the packet routed anew at once."""
        if self.hook != "OUTPUT" or table not in REROUTES:
            return run()
        asked = REROUTES[table][self.buffer.packet.family]
        before = [self.view[name] for name in asked]
        verdict = run()
        if verdict != "ACCEPT" or before == [self.view[name] for name in asked]:
            return verdict
        flow = self.buffer.flow()
        if flow.family == 4:
            flow = flow._replace(uid=0)  # ip_route_me_harder forgets who sends, its IPv6 twin not
        elif routing.is_link_local(6, flow.dst):
            flow = flow._replace(oif=self.buffer.out)
        way = routing.to_many(self.ns, flow, routing.lookup(self.ns, flow))
        if (refusal := routing.refuses_to_send(self.ns, flow, way)) is not None:
            self.record.reason = refusal
            return "DROP"
        self.buffer.rerouted = way
        return "ACCEPT"

    # -- tables ---------------------------------------------------------------------------------

    def _table(self, name: str) -> str:
        table = Account(self.ns.name, self.ruleset, name, self.view)
        watch = table if self.record.explain else None
        outcome = walk_table(self.ruleset.tables[name], self.hook, self.view, self._act, watch)
        self._count(name, outcome)
        self.record.tables.append((name, outcome.visits))
        if outcome.verdict == "UNKNOWN":
            self.record.depends_on += (
                fact_words(free.name, free.why) for free in self.view.unknown()
            )
        if outcome.visits[-1:] and outcome.visits[-1].dropped:
            self.record.reason = "malformed"
        if outcome.verdict == "QUEUE" and not self.record.queued:
            self.record.unread("0")
        decides = outcome.verdict not in ("ACCEPT", "BYPASS") or name == "filter"
        if decides or self.record.explain:
            ref = table.ref(outcome.chain, outcome.rule)
            self.record.decided = ref if decides else self.record.decided
            data = {"table": name, "hook": self.hook, "verdict": outcome.verdict}
            self.record.step(Step("table", ref=ref, children=tuple(table.steps), data=data))
        return outcome.verdict

    def _count(self, table: str, outcome: Outcome) -> None:
        packet = self.buffer.packet
        for visit in outcome.visits:
            if visit.holds:
                where = (packet.family, table, visit.chain, visit.rule)
                self.state.count(where, packet.length)
                moved = Counted(self.ns.name, *where)
                (self.record.matched if visit.rule else self.record.policies).append(moved)

    def _act(self, action: Action) -> str | None:
        tee = partial(self.nf.tee, self.hook)
        return carry_out(action, Site(self.view, self.record, self.state.conntrack, tee))

    # -- connections ----------------------------------------------------------------------------

    def _defrag(self) -> str:
        packet = self.buffer.packet
        if not self.ns.reassembles(packet.family):
            return "ACCEPT"
        if packet.family == 6 and packet.proto == FRAGMENT:  # its header is cut off
            if begins_cut_off(packet) or is_bare(packet):  # without any payload it is a jumbogram
                return "ACCEPT"
            self.record.reason = "malformed"
            return "DROP"
        if is_odd_fragment(packet):
            return "ACCEPT"
        ident = identification(packet)
        datagram = self.hook, bool(self.buffer.physin), packet.src, packet.dst, ident
        if ident is not None and self.state.waits(datagram, self.now):
            self.record.reason = "fragment"
            self.record.depends_on.append(say("fragments"))
            return "UNKNOWN"
        if packet.frag or packet.more:
            if ident is not None:
                self.state.wait(datagram, self.now)
            self.record.reason = "fragment"
            return "HELD"
        self.buffer.packet = reassembled(packet)
        return "ACCEPT"

    def _track(self) -> str:
        if self._is_seen():
            return "ACCEPT"
        buffer, template = self.buffer, self.buffer.template
        helper = template.helper if template else ""
        told = Told(zone_of(template, buffer.mark), helper, self.hook == "PREROUTING")
        looks = told.outside and self.state.conntrack.settings.checksums
        looks = looks and self.ns.tracks(buffer.packet.family)
        if looks and not buffer.spoiled:
            buffer.summed = buffer.packet.tos, buffer.packet.ttl
        if looks and buffer.spoiled:
            found = Found(INVALID)
        else:
            found = self.state.conntrack.track(buffer.packet, self.now, told)
        buffer.found, buffer.template = found._replace(expected=None), None
        if found.expected and found.expected.follows and found.connection:
            tracker, chance = self.state.conntrack, self.nf.moment.chance
            if nat.follow(tracker, found.connection, found.expected, self.now, chance):
                self.record.by_chance.append("port")
        self.view.clear()
        if self.ns.tracks(buffer.packet.family):
            known = found.connection.known if found.connection else ""
            data = {"state": STATES[found.state], "reply": found.reply, "known": known}
            self.record.step(Step("conntrack", data=data))
        return "ACCEPT"

    def _is_seen(self) -> bool:
        """It is not to be tracked, or was on its way out, before lo brought it in again."""
        found = self.buffer.found
        if found is None or found.state == UNTRACKED:
            return found is not None
        return found.connection is not None and not found.connection.status & TEMPLATE

    def _confirm(self) -> str:
        """nf_confirm: helpers look at what is no error, and began no expected connection."""
        found = self.buffer.found
        if found is None or found.connection is None:
            return "ACCEPT"
        adjusts = found.connection.offsets
        if found.state != RELATED and found.connection.helper and not self._helped(found):
            return "DROP"
        if found.state != RELATED and adjusts and self.buffer.in_ != "lo":
            self._becomes(moved(self.buffer.packet, adjusts, found.reply))
        if found.reply:
            return "ACCEPT"
        if self.state.conntrack.confirm(found.connection, self.now):
            return "ACCEPT"
        self.record.reason = "clash"
        return "DROP"

    def _helped(self, found: Found) -> bool:
        """The connection's helper looks at the packet; False if it drops it."""
        from fwsim.machine.helpers import Talk, listen

        chance, packet = self.nf.moment.chance, self.buffer.packet
        done = listen(Talk(self.state.conntrack, found, packet, self.now, chance))
        if done.by_chance:
            self.record.by_chance.append("port")
        if done.what and found.connection:
            expects = done.expected.text if done.expected else ""
            data = {"helper": found.connection.helper, "what": done.what, "expects": expects}
            self.record.step(Step("helper", data=data))
        if done.packet is None:
            self.record.reason = "helper"
            return False
        self._becomes(done.packet)
        return True

    # -- NAT --------------------------------------------------------------------------------------

    def _translates(self) -> bool:
        """Without conntrack the nat table's hooks find no connection and let everything pass."""
        return "nat" in self.ruleset.tables and self.ns.tracks(self.buffer.packet.family)

    def _nat(self) -> str:
        found, source = self.buffer.found, self.hook in SOURCE_NAT_HOOKS
        if found is None or found.connection is None:
            return "ACCEPT"
        packet, connection = self.buffer.packet, found.connection
        if found.state == RELATED and packet.is_icmp_error:
            return self._nat_of_error(packet, connection, found.reply)
        if found.state in (NEW, RELATED) and not nat.bound(connection, source):
            verdict = self._table("nat")
            if verdict != "ACCEPT":
                return verdict
            if not nat.bound(connection, source):
                tracker, chance = self.state.conntrack, self.nf.moment.chance
                self.record.bindings.append((source, None))
                if nat.bind_nothing(tracker, connection, source, self.now, chance):
                    self.record.by_chance.append("port")
        if self.hook == "POSTROUTING" and nat.strays(connection, found.reply, self.buffer.out):
            self.state.conntrack.forget(connection)
            self.record.reason = "strays"
            return "DROP"
        translated = nat.translate(self.buffer.packet, connection, found.reply, source)
        if translated is None:
            self.record.reason = "malformed"
            return "DROP"
        return self._translated(translated)

    def _nat_of_error(self, packet: Packet, connection: Connection, reply: bool) -> str:
        """nf_nat_icmpv6_reply_translation: a translated error gets a new checksum."""
        if self.hook != "POSTROUTING" and not self.buffer.sums_up():
            self.record.reason = "checksum"
            return "DROP"
        error = nat.translate_error(packet, connection, reply, self.hook in SOURCE_NAT_HOOKS)
        if error is None:
            self.record.reason = "redirect"
            return "DROP"
        if error is not packet:
            self.buffer.spoiled = 0
        return self._translated(error)

    def _translated(self, after: Packet) -> str:
        if after is not self.buffer.packet and after != self.buffer.packet:
            before = self.buffer.packet
            self._becomes(after)
            self.record.step(Step("nat", before=before, after=after, data={"hook": self.hook}))
        return "ACCEPT"

    def _becomes(self, packet: Packet) -> None:
        self.buffer.packet = packet
        self.view.clear()
