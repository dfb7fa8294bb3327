"""The rows of one table's walk: which rules matched, chains that only returned in one row each,
the policy, and where it was decided."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fwsim.machine.world import World
from fwsim.model.trace import Ref, Step, rule_steps
from fwsim.model.tuples import NamedTuple
from fwsim.show.layout import Row
from fwsim.show.words import knows, say


class Decision(NamedTuple):
    """The rule or policy to be marked, and with which words."""

    ref: Ref | None
    words: str

    def mark(self, ref: Ref | None) -> str:
        """What is written behind that rule."""
        return self.words if ref is not None and ref == self.ref else ""


class Called(NamedTuple):
    """A visited rule or policy and, if it jumped, what was visited before it came back."""

    step: Step
    inner: tuple[Called, ...]


class Told:
    """Rows that were shown before, so that they need not be told again in full."""

    def __init__(self) -> None:
        self.rows: set[tuple[str, str, Row]] = set()

    def again(self, where: str, host: str, row: Row) -> bool:
        """Whether it was told; from now on it was."""
        known = (host, where, row) in self.rows
        self.rows.add((host, where, row))
        return known


def table_rows(world: World, step: Step, decision: Decision, effect: str, told: Told) -> list[Row]:
    """A table's rows, of its matching rules; none if none matched and its policy is not what
    decided. `effect` is what NAT did to the packet thereupon."""
    visits = calls(step.children)
    policy = visits.pop() if visits and visits[-1].step.kind == "policy" else None
    rows: list[Row] = []
    before: list[str] = []
    for call in visits:
        if call.step.holds is False and not call.step.data["dropped"]:
            continue
        made = list(_call(world, call, decision, call is visits[-1] and policy is None, effect))
        host = step.ref.host if step.ref else ""
        if (
            len(made) == 1
            and _is_chain(world, call.step.ref, call.step.data.get("target", ""))
            and told.again(step.data["hook"], host, made[0])
        ):
            before.append(made[0].number)
            continue
        rows += _as_before(before) + made
        before = []
    if policy is not None:
        rows += _policy(policy.step, decision, before, bool(rows), step)
    else:
        rows += _as_before(before)
    where = f"{step.data['table']} {step.data['hook']}"
    return [row._replace(where="" if n else where) for n, row in enumerate(rows)]


def calls(steps: Sequence[Step]) -> list[Called]:
    """The visits as a tree, from their depths."""
    later: list[list[Called]] = [[]]  # by depth, the last visit first
    for step in reversed(steps):
        depth = step.data["depth"]
        later += [[] for _ in range(depth + 2 - len(later))]
        inner = tuple(reversed(later[depth + 1]))
        later[depth + 1 :] = []
        later[depth].append(Called(step, inner))
    return later[0][::-1]


def _call(world: World, call: Called, decision: Decision, last: bool, effect: str) -> Iterator[Row]:
    number = str(call.step.ref.rule if call.step.ref else "")
    chain = call.step.data.get("target", "")
    if not _is_chain(world, call.step.ref, chain):
        yield _rule(call.step, decision, number, effect if last else "")
        return
    tells = [c for c in _matching(call.inner) if _is_told(world, c, last)]
    if not tells:
        yield Row(number=number, text=call.step.text, result=came_of(call))
        return
    yield Row(number=number, text=call.step.text)
    for inner in tells:
        row = _rule(inner, decision, "", effect if last and inner is tells[-1] else "")
        if inner.ref is not None:
            row = row._replace(text=f"  {inner.ref.chain} {inner.ref.rule}  {row.text}")
        target = inner.data.get("target", "")
        if _is_chain(world, inner.ref, target):
            row = row._replace(result=say("to_chain", chain=target))
        yield row


def _is_chain(world: World, ref: Ref | None, chain: str) -> bool:
    if ref is None:
        return False
    ruleset = world.namespaces[ref.host].rulesets.get(ref.family)
    return ruleset is not None and ruleset.chain(ref.table, chain) is not None


def _matching(calls: Sequence[Called]) -> Iterator[Step]:
    pending = [*reversed(calls)]
    while pending:
        call = pending.pop()
        if call.step.holds is not False or call.step.data["dropped"]:
            yield call.step
        pending.extend(reversed(call.inner))


def _is_told(world: World, step: Step, last: bool) -> bool:
    """Of a chain that returned only rules that did something, of one that decided the way there."""
    target = step.data.get("target", "")
    if last:
        return bool(target != "RETURN")
    return target not in ("RETURN", "") and not _is_chain(world, step.ref, target)


def came_of(call: Called) -> str:
    """How a chain that was jumped to came back."""
    ends = [c.step for c in call.inner if c.step.holds and c.step.data.get("target") == "RETURN"]
    ref = ends[-1].ref if ends else None
    return say("returns", rule=ref.rule) if ref else say("returns.end")


def _as_before(numbers: list[str], more: str = "") -> list[Row]:
    if not numbers:
        return []
    key = "returns.as_before" if numbers[1:] else "returns.as_before.one"
    return [Row(number=f"{say('comma').join(numbers)} {say(key)}{more}")]


def _policy(
    step: Step, decision: Decision, before: list[str], some: bool, table: Step
) -> list[Row]:
    mark = decision.mark(step.ref)
    if not (mark or some or before or step.text != "ACCEPT" or table.data["table"] == "filter"):
        return []
    rows = _as_before(before, say("nothing_else"))
    style = "bad" if step.text == "DROP" else ""
    return [*rows, Row(number=say("policy", policy=step.text), mark=mark, style=style)]


def split_target(step: Step) -> tuple[str, str]:
    """A rule's conditions, and what it does: all of its text, in two."""
    target = step.data.get("target", "")
    at = max(step.text.rfind(f"-j {target}"), step.text.rfind(f"-g {target}")) if target else -1
    if at < 0:
        return step.text or say("any_packet"), ""
    return step.text[:at].strip() or say("any_packet"), step.text[at + 3 :]


def _rule(step: Step, decision: Decision, number: str, effect: str) -> Row:
    conditions, result = split_target(step)
    if step.data["dropped"]:
        result = say("malformed")
    if effect:
        result += say("colon") + effect
    style = "bad" if result.startswith(("DROP", "REJECT")) else ""
    return Row(
        number=number, text=conditions, result=result, mark=decision.mark(step.ref), style=style
    )


# -- in full ---------------------------------------------------------------------------------------


def every_rule(table: Step, decision: Decision) -> list[Row]:
    """Each rule that was asked, with the conditions that decided."""
    rows = [_asked(step, decision) for step in rule_steps(table.children)]
    where = f"{table.data['table']} {table.data['hook']}"
    return [row._replace(where="" if n else where) for n, row in enumerate(rows)]


def _asked(step: Step, decision: Decision) -> Row:
    mark = decision.mark(step.ref)
    if step.kind == "policy":
        return Row(number=say("policy", policy=step.text), mark=mark)
    assert step.ref is not None
    number, text = str(step.ref.rule), step.text or say("any_packet")
    if step.data["depth"]:
        number, text = "", f"{'  ' * step.data['depth']}{step.ref.chain} {number}  {text}"
    reasons = say("malformed") if step.data["dropped"] else why(step)
    return Row(number=number, text=text, result=reasons, mark=mark)


def why(step: Step) -> str:
    """Whether a rule matches, and which of its conditions decided."""
    reasons = say("semicolon").join(reason.text for reason in step.children)
    if step.holds and not reasons:
        return say("matches.every")
    return say({True: "matches", False: "misses", None: "may_match"}[step.holds], why=reasons)


def verdict(table: Step) -> str:
    """What a table did with the packet, and by which rule or policy; a rule that translates is told
    by its target, to which ACCEPT would say too little."""
    ref, what = table.ref, table.data["verdict"]
    if ref is None:
        return str(what)
    if what == "ACCEPT":
        told = (s.data.get("target", "") for s in reversed(table.children) if s.ref == ref)
        what = next(told, "") or what
    key = "page.policy" if ref.rule == "policy" else "page.rule"
    key += ".own" if key == "page.rule" and ref.chain == table.data["hook"] else ""
    return say(key, verdict=what, chain=ref.chain, rule=ref.rule)


def reason(key: str) -> str:
    """Why a packet ended where no rule decided."""
    if knows(f"reason.{key}"):
        return say(f"reason.{key}")
    kind = key.removeprefix("route_")
    return say("reason.route", kind=kind) if kind != key else say("reason", why=key)


# -- what decided, what was assumed ----------------------------------------------------------------
