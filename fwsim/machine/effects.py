"""What matching rules do to the packet, its connection, the log and the memory: one function for
each kind of action. A verdict ends the walk through the table, None lets it go on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fwsim.machine import nat, routing
from fwsim.machine.conntrack import UNTRACKED, Conntrack, Found
from fwsim.machine.hooks import SOURCE_NAT_HOOKS
from fwsim.machine.record import Record
from fwsim.machine.view import View
from fwsim.model.actions import (
    Action,
    Aside,
    Assign,
    Compute,
    Copy,
    Log,
    Nat,
    NatRange,
    Reject,
    Remember,
    Rewrite,
    Template,
    Verdict,
)
from fwsim.model.fields import Field
from fwsim.model.tuples import NamedTuple


class Site(NamedTuple):
    """Where an action is carried out."""

    view: View
    record: Record
    tracker: Conntrack


def carry_out(action: Action, site: Site) -> str | None:
    """Do what an action says; the verdict, None to go on with the next rule."""
    return _EFFECTS[type(action)](action, site)


def _verdict(action: Verdict, site: Site) -> str:
    return action.name


def _nothing(action: Log | Aside, site: Site) -> None:
    return None


def _assign(action: Assign, site: Site) -> None:
    _write(site.view, action.field, (site.view[action.field.key] & ~action.clear) ^ action.flip)


def _copy(action: Copy, site: Site) -> None:
    taken = site.view[action.source.key] & action.mask
    taken = taken << action.shift if action.shift >= 0 else taken >> -action.shift
    kept = site.view[action.target.key] & ~action.clear
    _write(site.view, action.target, kept ^ taken & action.target.top)


def _compute(action: Compute, site: Site) -> None:
    value = action.value(site.view, site.view.memory.get(site.view.place(action.scope)))
    if value is not None:
        _write(site.view, action.field, value)


def _write(view: View, field: Field, value: int) -> None:
    buffer = view.buffer
    match field.name:
        case "mark":
            buffer.mark = value
        case "priority":
            buffer.priority = value
        case "ct_mark":
            if view.connection is not None:
                view.connection.mark = value
        case name:
            buffer.packet = buffer.packet.but(**{name: value})
    view.clear()


def _rewrite(action: Rewrite, site: Site) -> str | None:
    changed = action.change(site.view)
    if changed is None:
        site.record.reason = "malformed"
        return "DROP"
    if changed != site.view.packet:
        site.view.buffer.packet = changed
        site.view.clear()
    return None


def _remember(action: Remember, site: Site) -> None:
    memory, key = site.view.memory, site.view.place(action.scope)
    memory[key] = action.step(site.view, memory.get(key))


def _template(action: Template, site: Site) -> None:
    """A packet that conntrack has seen, or that was told something already, stays as it is."""
    buffer = site.view.buffer
    if buffer.found is not None or buffer.template is not None:
        return
    buffer.template = action
    if action.notrack:
        buffer.found = Found(UNTRACKED)
    site.view.clear()


def _reject(action: Reject, site: Site) -> str:
    site.record.reject = action.error
    return "REJECT"


def _nat(action: Nat, site: Site) -> str:
    view = site.view
    source, connection = view.hook in SOURCE_NAT_HOOKS, view.connection
    assert connection is not None
    chosen = _range(action, view)
    if chosen is None:
        site.record.reason = "no_address"
        return "DROP"
    chance = view.moment.chance
    if nat.bind(site.tracker, connection, source, chosen, now=view.now, chance=chance):
        site.record.by_chance.append("port")
    return "ACCEPT"


def _range(action: Nat, view: View) -> NatRange | None:
    family, buffer = view.packet.family, view.buffer
    if action.kind in ("snat", "dnat"):
        return action.range
    if action.kind == "masquerade":
        own = routing.source_address(view.ns, family, buffer.out, buffer.hop)
    elif view.hook == "OUTPUT":
        own = 127 << 24 | 1 if family == 4 else 1
    else:
        own = routing.first_address(view.ns, family, buffer.in_)
    return None if own is None else action.range._replace(addresses=(own, own))


_EFFECTS: dict[type, Callable[[Any, Site], str | None]] = {
    Verdict: _verdict,
    Log: _nothing,
    Aside: _nothing,
    Assign: _assign,
    Copy: _copy,
    Compute: _compute,
    Rewrite: _rewrite,
    Remember: _remember,
    Template: _template,
    Reject: _reject,
    Nat: _nat,
}
