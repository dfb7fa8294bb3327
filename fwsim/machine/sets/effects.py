"""What matching rules do, for all packets at once: the twin of fwsim.machine.effects, one function
for each kind of action. Tests hold the two together (tests/machine/test_sets.py)."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from fwsim.machine import routing
from fwsim.machine.sets.cases import Bits, Case, Cases, mapped
from fwsim.machine.sets.chains import Branch
from fwsim.machine.sets.env import Change, Delta, Env
from fwsim.machine.sets.nat import translated
from fwsim.machine.sets.regions import Site
from fwsim.machine.sets.trees import Sample
from fwsim.machine.sockets import transparent
from fwsim.model import fields as F
from fwsim.model.actions import (
    Action,
    Aside,
    Assign,
    Compute,
    Copy,
    Divert,
    Enqueue,
    Log,
    Nat,
    Reject,
    Remember,
    Rewrite,
    Synproxy,
    Tee,
    Template,
    Verdict,
)
from fwsim.model.fields import Field
from fwsim.model.names import STATES, TCP_FLAGS, TCP_OPENING
from fwsim.model.packet import TCP, UDP
from fwsim.model.pred import Free, all_of, is_in
from fwsim.readings.concrete import free_key


def act(action: Action, env: Env, asker: str, site: Site) -> list[Branch]:
    """The ways on from an action, for disjoint packets, and what becomes of their fields."""
    return _EFFECTS[type(action)](action, env, asker, site)


def _one(env: Env, verdict: str | None, delta: Delta | None = None, how: str = "") -> list[Branch]:
    return [Branch(env.diagrams.true, verdict, Delta() if delta is None else delta, how)]


def _verdict(action: Verdict, env: Env, asker: str, site: Site) -> list[Branch]:
    return _one(env, action.name)


def _nothing(
    action: Log | Aside | Remember | Tee, env: Env, asker: str, site: Site
) -> list[Branch]:
    return _one(env, None)


def _assign(action: Assign, env: Env, asker: str, site: Site) -> list[Branch]:
    return _one(env, None, assigned(env, action))


def assigned(env: Env, action: Assign) -> Delta:
    """What an assignment changes."""
    clear, flip, diagrams = action.clear, action.flip, env.diagrams

    def bits(old: Bits) -> Bits:
        kept = (diagrams.false if clear >> place & 1 else bit for place, bit in enumerate(old))
        return tuple(~bit if flip >> place & 1 else bit for place, bit in enumerate(kept))

    old = env.cases(action.field)
    return _all(env, action.field, mapped(old, lambda n: n & ~clear ^ flip, bits, diagrams))


def _all(env: Env, field: Field, cases: Cases) -> Delta:
    return Delta({field: Change(env.diagrams.true, cases)})


def _copy(action: Copy, env: Env, asker: str, site: Site) -> list[Branch]:
    source, target = env.bits(action.source), env.bits(action.target)
    found = []
    for place, bit in enumerate(target):
        origin = place - action.shift
        taken = 0 <= origin < len(source) and action.mask >> origin & 1
        one = source[origin] if taken else env.diagrams.false
        kept = env.diagrams.false if action.clear >> place & 1 else bit
        found.append((kept & ~one) | (one & ~kept))
    there = env.diagrams.true
    if F.CT_MARK in (action.source, action.target):
        there = env.read(is_in(F.CT_KNOWN, 1))
    cases = (Case(env.diagrams.true, tuple(found)),)
    return _one(env, None, Delta({action.target: Change(there, cases)}))


def unknown(env: Env, field: Field, name: str, asker: str) -> Delta:
    """A field that now has a value of which nobody knows."""
    key = env.facts.name(Free(name, f"the {field.name} after {name}", once=False), asker)
    fresh = env.diagrams.bits(Field(free_key(key), field.bits, field.kind))
    return _all(env, field, (Case(env.diagrams.true, tuple(fresh)),))


def _compute(action: Compute, env: Env, asker: str, site: Site) -> list[Branch]:
    return _one(env, None, unknown(env, action.field, action.name, asker))


def _rewrite(action: Rewrite, env: Env, asker: str, site: Site) -> list[Branch]:
    delta = Delta()
    for field in action.fields:
        delta = Delta(delta | unknown(env, field, action.name, asker))
    return _one(env, None, delta)


def _template(action: Template, env: Env, asker: str, site: Site) -> list[Branch]:
    if not action.notrack:
        return _one(env, None)
    untracked = assigned(env, Assign(F.CTSTATE, F.CTSTATE.top, STATES.index("UNTRACKED")))
    return _one(env, None, untracked.only(env.read(is_in(F.CT_KNOWN, 0))))


def _enqueue(action: Enqueue, env: Env, asker: str, site: Site) -> list[Branch]:
    passes = env.read(action.passes, asker)
    lost = "BYPASS" if action.bypass else "QUEUE"
    return [Branch(passes, "BYPASS", Delta()), Branch(~passes, lost, Delta())]


def _divert(action: Divert, env: Env, asker: str, site: Site) -> list[Branch]:
    regions, diagrams = site.regions, env.diagrams

    def chosen(sample: Sample) -> int:
        own = routing.first_address(regions.ns, regions.family, regions.buffer(sample).in_)
        return action.address or own or 0

    doors = (regions.of_devices(F.IN, regions.devices),)
    found = regions.answers(("divert", action.address), doors, chosen, env, diagrams.true)
    bound = diagrams.either([
        where & env.read(transparent(_address(value, regions.family), action.port), asker)
        for value, where in found.items()
    ])  # fmt: skip
    fits = env.read(all_of(is_in(F.PROTO, TCP, UDP), is_in(F.FRAG, 0))) & bound
    marked = assigned(env, Assign(F.MARK, action.clear, action.flip))
    return [Branch(fits, "ACCEPT", marked), Branch(~fits, "DROP", Delta())]


def _address(value: Hashable, family: int) -> str:
    return F.DST[family].show(value) if isinstance(value, int) and value else ""


def _synproxy(action: Synproxy, env: Env, asker: str, site: Site) -> list[Branch]:
    syn = env.read(is_in(F.TCP_FLAGS, TCP_FLAGS["SYN"], mask=TCP_OPENING))
    ack = env.read(is_in(F.TCP_FLAGS, TCP_FLAGS["ACK"], mask=TCP_OPENING))
    return [
        Branch(syn, "STOLEN", Delta()),
        Branch(ack, "DROP", Delta()),
        Branch(~(syn | ack), None, Delta()),
    ]


def _reject(action: Reject, env: Env, asker: str, site: Site) -> list[Branch]:
    return _one(env, "REJECT", how=action.error)


def _nat(action: Nat, env: Env, asker: str, site: Site) -> list[Branch]:
    found = translated(action, env, asker, site)
    lost = ~found.where
    return [
        Branch(found.where, "ACCEPT", found.delta),
        *([Branch(lost, "DROP", Delta(), "no_address")] if lost.satisfiable() else []),
    ]


_EFFECTS: dict[type, Callable[[Any, Env, str, Site], list[Branch]]] = {
    Verdict: _verdict,
    Log: _nothing,
    Aside: _nothing,
    Remember: _nothing,
    Tee: _nothing,
    Assign: _assign,
    Copy: _copy,
    Compute: _compute,
    Rewrite: _rewrite,
    Template: _template,
    Enqueue: _enqueue,
    Divert: _divert,
    Synproxy: _synproxy,
    Reject: _reject,
    Nat: _nat,
}
