"""What would help: commands that let a failed exchange through, each tried before it is told.

Candidates come from the rules that nearly matched, rewritten for this packet, and from the packet
itself. Each is applied to a copy of the place and the exchange sent again; where that brings it
only to the next obstacle, the search goes on from there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fwsim.language.ruleset import Rule
from fwsim.language.write import rule_text
from fwsim.machine.passage import Passage
from fwsim.machine.response import Start
from fwsim.machine.simulate import Simulation
from fwsim.machine.view import View
from fwsim.machine.world import Namespace
from fwsim.model.actions import RETURN
from fwsim.model.errors import ReadError
from fwsim.model.names import STATES
from fwsim.model.packet import Packet
from fwsim.model.trace import Exchange, Leg, Ref, Step
from fwsim.model.tuples import NamedTuple
from fwsim.questions.nearest import Near, deciding, missed, nearest, stopped
from fwsim.questions.placing import applied, command, in_users_hands
from fwsim.questions.rewrite import made_from, reply_rule, rewritten

MOST_COMMANDS = 4
MOST_BRANCHES = 3  # first commands to go on from, where several solutions are wanted
_NEW = STATES.index("NEW")
_KNOWN = frozenset({STATES.index("ESTABLISHED"), STATES.index("RELATED")})


class Help(NamedTuple):
    """The nearest rules, and commands for the host after which the exchange ends in `outcome`;
    no commands if none were found, and the outcome as it was."""

    nearest: tuple[Near, ...]
    commands: tuple[str, ...]
    outcome: str


def suggest(
    simulation: Simulation,
    exchange: Exchange,
    packet: Packet,
    start: Start,
    *,
    one_way: bool = False,
) -> Help | None:
    """What would have let an explained exchange through. `simulation` is the place before it and
    stays as it is. None where nothing failed, or no rule or policy decided."""
    leg = stopped(exchange) if exchange.outcome != "answered" else None
    if leg is None or leg.decided_by is None:
        return None
    tables = (deciding(hop.children, leg.decided_by) for hop in reversed(leg.hops))
    table = next((step for step in tables if step), None)
    if table is None:
        return None
    question = Question(packet, start, one_way)
    found = next(question.solutions(simulation, exchange), None)
    commands = found.commands if found else ()
    outcome = "answered" if commands else exchange.outcome
    return Help(nearest(exchange, leg, table), commands, outcome)


class Watched(Simulation):
    """A simulation that keeps the passages of every packet it carried."""

    def carry(self, packet: Packet, start: Start, **how: Any) -> tuple[Leg, list[Passage]]:
        """As Simulation.carry."""
        carried = super().carry(packet, start, **how)
        self.carried.append(carried)
        return carried

    @classmethod
    def over(cls, simulation: Simulation) -> Watched:
        """A fork."""
        fork = simulation.fork()
        watched = cls(fork.world, fork.states, fork.now, fork.seed, fork.given)
        watched.carried = []
        return watched

    carried: list[tuple[Leg, list[Passage]]]


class _Obstacle(NamedTuple):
    """Where a packet was stopped: before what (a rule, or the policy) another rule would be asked
    in time, the table's step, and what the rules there saw."""

    ref: Ref
    table: Step
    view: View


class Solution(NamedTuple):
    """Commands, the place after them, and what the exchange comes to there."""

    simulation: Simulation
    commands: tuple[str, ...]
    outcome: str = ""


class Question(NamedTuple):
    """An exchange that failed. `users_chain`: a rule that Docker would find in its way goes where
    Docker leaves it alone."""

    packet: Packet
    start: Start
    one_way: bool
    users_chain: bool = False

    def solutions(self, simulation: Simulation, exchange: Exchange) -> Iterator[Solution]:
        """Commands after which it is answered, as few as can be, each tried."""
        pending = [Solution(simulation, ())]
        expected: Exchange | None = exchange
        for _ in range(MOST_COMMANDS):
            further: dict[tuple[int, Ref | None], list[Solution]] = {}
            solved = False
            for tried in pending:
                for following in self._following(tried, expected):
                    result = following.simulation.fork().exchange(
                        self.packet, self.start, one_way=self.one_way, explain=False
                    )
                    if result.outcome == "answered":
                        yield following._replace(outcome=result.outcome)
                        solved = True
                    else:
                        key = (len(result.legs), result.decided_by)
                        further.setdefault(key, []).append(following)
            if solved:
                return
            each = MOST_BRANCHES if self.users_chain else 1
            pending = [following for group in further.values() for following in group[:each]]
            expected = None

    def _following(self, tried: Solution, expected: Exchange | None) -> Iterator[Solution]:
        obstacle = self._obstacle(tried.simulation, expected)
        if obstacle is None or obstacle.ref.host != tried.simulation.world.host:
            return
        if self.users_chain:
            obstacle = obstacle._replace(ref=in_users_hands(obstacle.ref, obstacle.table))
        for text in _ordered(tried.simulation, obstacle):
            given = command(obstacle.ref, text)
            yield Solution(applied(tried.simulation, given), (*tried.commands, given))

    def _obstacle(self, simulation: Simulation, expected: Exchange | None) -> _Obstacle | None:
        watched = Watched.over(simulation)
        exchange = watched.exchange(self.packet, self.start, one_way=self.one_way)
        if expected and (exchange.outcome, exchange.decided_by) != (
            expected.outcome, expected.decided_by,
        ):  # fmt: skip
            return None
        leg = stopped(exchange)
        if leg is None or leg.decided_by is None:
            return None
        passages = next(passages for carried, passages in watched.carried if carried is leg)
        for passage in reversed(passages):
            table = deciding(passage.record.steps, leg.decided_by)
            if table is not None:
                ns = watched.world.namespaces[passage.host]
                view = View(passage.buffer, ns, table.data["hook"], passage.moment)
                view.peek()
                return _Obstacle(_turned_off(table, leg.decided_by, ns), table, view)
        return None


def _turned_off(table: Step, decided: Ref, ns: Namespace) -> Ref:
    """Where a rule has to stand to be asked in time: where the decision fell; but if a RETURN or
    a -g led to the policy past the chain's end, where that stands."""
    own = [
        s for s in table.children if s.kind != "policy" and s.ref and s.ref.chain == decided.chain
    ]
    last = own[-1].ref if own and own[-1].holds else None
    if decided.rule != "policy" or last is None:
        return decided
    rule = ns.rulesets[last.family].rule(last.table, last.chain, int(last.rule))
    leaves = rule.verdict == RETURN or (rule.jump and not rule.jump.come_back)
    return last if leaves else decided


def _ordered(simulation: Simulation, obstacle: _Obstacle) -> list[str]:
    """The rules that would let the packet pass its obstacle, best first: in the words of the rules
    that are there before words of our own; what admits known connections only before what would
    admit strangers, where the packet is of a known one."""
    ruleset = obstacle.view.ns.rulesets[obstacle.ref.family]
    known = obstacle.view["ctstate"] in _KNOWN
    near = (
        rewritten(ruleset.rule(n.ref.table, n.ref.chain, int(n.ref.rule)), obstacle.view)
        for n in missed(obstacle.table)
    )
    texts = [rule_text(rule) for rule in near if rule]
    texts += [reply_rule(obstacle.view)] if known else []
    texts.append(made_from(obstacle.view))
    placed = (_placed(simulation, obstacle.ref, text) for text in texts)
    rules = [rule for rule in placed if rule and rule.test(obstacle.view)]
    if known:
        rules.sort(key=lambda rule: _admits_strangers(rule, obstacle.view))
    return list(dict.fromkeys(rule_text(rule) for rule in rules))


def _admits_strangers(rule: Rule, view: View) -> bool:
    stranger = View(view.buffer, view.ns, view.hook, view.moment)
    stranger["ctstate"] = _NEW
    stranger.peek()
    return rule.test(stranger) is not False


def _placed(simulation: Simulation, ref: Ref, text: str) -> Rule | None:
    """The rule that a text becomes where `ref` stands; None where iptables would refuse it."""
    try:
        world = applied(simulation, command(ref, text)).world
    except ReadError:
        return None
    ruleset = world.namespaces[world.host].rulesets[ref.family]
    number = ref.rule if isinstance(ref.rule, int) else 0
    return ruleset.rule(ref.table, ref.chain, number)
