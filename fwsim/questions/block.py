"""What would stop an exchange: rules before the one that lets its request through, or that one
gone; each is tried."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy

from fwsim.language.ruleset import Ruleset
from fwsim.machine.passage import Passage
from fwsim.machine.response import Start
from fwsim.machine.simulate import Simulation
from fwsim.machine.view import View
from fwsim.model.errors import ReadError
from fwsim.model.packet import Packet
from fwsim.model.trace import Ref, Step
from fwsim.questions.placing import PROGRAMS, USERS, applied, command, in_users_hands
from fwsim.questions.repair import Solution, Watched
from fwsim.questions.rewrite import words_of

_LEFT_OUT = ((), ("-s",), ("-i", "-o"), ("-s", "-i", "-o"), ("-p",))


def blocked(
    simulation: Simulation, packet: Packet, start: Start, *, one_way: bool
) -> Iterator[Solution]:
    """Commands after which the exchange is not answered."""
    watched = Watched.over(simulation)
    watched.exchange(packet, start, one_way=one_way)
    for passage in watched.carried[0][1] if watched.carried else []:
        for number, table in enumerate(passage.record.steps):
            if passage.host == simulation.world.host and _lets_pass(table):
                yield from _tried(
                    simulation, _commands(passage, number, table, simulation), packet, start,
                    one_way=one_way,
                )  # fmt: skip
                return


def _lets_pass(step: Step) -> bool:
    return step.kind == "table" and step.data["table"] == "filter" and step.ref is not None


def _commands(passage: Passage, number: int, table: Step, simulation: Simulation) -> Iterator[str]:
    assert table.ref is not None
    ref = in_users_hands(table.ref, table)
    ns = simulation.world.namespaces[passage.host]
    buffer = copy(passage.buffer)
    later = (s for s in passage.record.steps[number:] if s.kind == "nat" and s.before)
    buffer.packet = next((s.before for s in later if s.before), buffer.packet)
    words = words_of(View(buffer, ns, table.data["hook"], passage.moment))
    for left_out in _LEFT_OUT:
        kept = [text for flag, text in words.items() if flag not in left_out]
        yield command(ref, " ".join([*kept, "-j DROP"]))
    yield command(ref, " ".join([*words.values(), "-j REJECT"]))
    own = table.ref
    if own.rule != "policy" and not _is_dockers(ns.rulesets[own.family], own):
        yield f"{PROGRAMS[own.family]} -D {own.chain} {own.rule}"


def _is_dockers(ruleset: Ruleset, ref: Ref) -> bool:
    """Docker would write the rule again."""
    return USERS in ruleset.tables[ref.table].chains and ref.chain != USERS


def _tried(
    simulation: Simulation, commands: Iterator[str], packet: Packet, start: Start, *, one_way: bool
) -> Iterator[Solution]:
    for given in dict.fromkeys(commands):
        try:
            after = applied(simulation, given)
        except ReadError:
            continue
        result = after.fork().exchange(packet, start, one_way=one_way, explain=False)
        if result.outcome not in ("answered", "unknown"):
            yield Solution(after, (given,), result.outcome)
