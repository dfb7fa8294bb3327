"""Where a new rule has to stand, and the command that puts it there."""

from __future__ import annotations

from fwsim.language.commands import apply
from fwsim.machine.simulate import Simulation
from fwsim.model.trace import Ref, Step, rule_steps

USERS = "DOCKER-USER"
"""Docker asks this chain first for what it forwards, and never changes its rules."""
PROGRAMS = {4: "iptables", 6: "ip6tables"}
_PLAIN = frozenset(  # nothing to a shell; to import shlex takes a while
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789@%+=:,./-_"
)


def in_users_hands(ref: Ref, table: Step) -> Ref:
    """The place in DOCKER-USER that is asked before `ref`, where the packet came by it on its way
    through the table; else `ref` itself."""
    if ref.chain == USERS:
        return ref
    came = any(
        step.ref and step.ref.chain == "FORWARD" and step.holds and step.data.get("target") == USERS
        for step in rule_steps(table.children)
    )
    return ref._replace(chain=USERS, rule=1) if came else ref


def applied(simulation: Simulation, command: str) -> Simulation:
    """The place after a command on its host. ReadError where iptables would refuse it."""
    changed = simulation.fork()
    host = changed.world.namespaces[changed.world.host]
    rulesets = dict(host.rulesets)
    apply(rulesets, command)
    changed.govern(host.with_rulesets(rulesets))
    return changed


def command(ref: Ref, text: str) -> str:
    """The command that puts a rule before the one that decided, or last where the policy did."""
    table = "" if ref.table == "filter" else f" -t {ref.table}"
    chain = shell(ref.chain)
    where = f"-A {chain}" if ref.rule == "policy" else f"-I {chain} {ref.rule}"
    return f"{PROGRAMS[ref.family]}{table} {where} {shell(text)}"


def shell(text: str) -> str:
    """The words, quoted for a shell where they need it; iptables-save has quotes of its own."""
    words = _words(text) if '"' in text else text.split()
    if all(word == "!" or set(word) <= _PLAIN for word in words):
        return " ".join(words)
    from shlex import quote

    return " ".join(word if word == "!" else quote(word) for word in words)


def _words(text: str) -> list[str]:
    """The words of a rule. A quote within a device's name is none of iptables-save's."""
    from fwsim.language.words import statement
    from fwsim.model.errors import ReadError, Source

    try:
        return [word.text for word in statement(Source("rule", text), 0, len(text)).words]
    except ReadError:
        return text.split()
