"""What matching rules do to the packet, its connection, the log and the memory: one function for
each kind of action. A verdict ends the walk through the table, None lets it go on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fwsim.machine import nat, routing
from fwsim.machine.connection import CONFIRMED, UNTRACKED, Found, template_of
from fwsim.machine.conntrack import Conntrack, zone_of
from fwsim.machine.hooks import SOURCE_NAT_HOOKS
from fwsim.machine.record import Record
from fwsim.machine.sockets import listening, transparent
from fwsim.machine.view import View
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
    NatRange,
    Reject,
    Remember,
    Rewrite,
    Synproxy,
    Tee,
    Template,
    Verdict,
)
from fwsim.model.fields import CT_MARK, MARK, Field
from fwsim.model.names import TCP_FLAGS, TCP_OPENING
from fwsim.model.packet import TCP, UDP, Packet
from fwsim.model.tuples import NamedTuple

_SYN, _ACK = TCP_FLAGS["SYN"], TCP_FLAGS["ACK"]


class Site(NamedTuple):
    """Where an action is carried out. `tee` sends a copy of the packet on its way."""

    view: View
    record: Record
    tracker: Conntrack
    tee: Callable[[Tee], None]


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
    if CT_MARK in (action.source, action.target) and site.view.connection is None:
        return
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
        buffer = site.view.buffer
        wrong = action.unsummed(changed) - action.unsummed(buffer.packet)
        buffer.spoiled = (buffer.spoiled + wrong) % 0xFFFF
        buffer.packet = changed
        site.view.clear()
    return None


def _remember(action: Remember, site: Site) -> None:
    memory, key = site.view.memory, site.view.place(action.scope)
    memory[key] = action.step(site.view, memory.get(key))


def _template(action: Template, site: Site) -> None:
    """A packet that conntrack has seen, or that was told something already, stays as it is."""
    buffer = site.view.buffer
    known = buffer.found
    if known is not None and (known.connection is not None or known.state == UNTRACKED):
        return
    buffer.template = action
    if action.notrack:
        buffer.found = Found(UNTRACKED)
    else:
        buffer.found = template_of(buffer.packet.family, zone_of(action, 0))
    site.view.clear()


def _enqueue(action: Enqueue, site: Site) -> str:
    """A program that reads the queue may do as it likes; to assume one is to assume that it lets
    the packet pass. BYPASS: on to the next table; what this one's hook had yet to do is left out.
    """
    passes = site.view.settle(action.passes)
    if passes:
        return "BYPASS"
    if passes is None:
        site.record.unread(action.queues)
    return "BYPASS" if action.bypass else "QUEUE"


def _divert(action: Divert, site: Site) -> str:
    """tproxy_tg4, tproxy_tg6: whether a socket is transparent no command tells, but that there is
    none. What a bridge passes up to the host loses its socket there (ip_rcv_core)."""
    view = site.view
    if view.packet.proto not in (TCP, UDP) or view.packet.frag:
        return "DROP"
    own = routing.first_address(view.ns, view.packet.family, view.buffer.in_)
    wanted = view.packet.but(
        dst=action.address or own or view.packet.dst, dport=action.port or view.packet.dport
    )
    if _may_begin(wanted) and listening(view.ns.listeners, wanted, view.buffer.in_) is False:
        return "DROP"
    found = view.decide(transparent(wanted.text(wanted.dst), wanted.dport))
    if found is None:
        return "UNKNOWN"
    if not found:
        return "DROP"
    if not view.buffer.physin:
        view.buffer.diverted = wanted
    _assign(Assign(MARK, action.clear, action.flip), site)
    return "ACCEPT"


def _may_begin(packet: Packet) -> bool:
    return packet.proto == UDP or packet.flags & TCP_OPENING == _SYN


def _tee(action: Tee, site: Site) -> None:
    site.tee(action)


def _synproxy(action: Synproxy, site: Site) -> str | None:
    """synproxy_tg4, synproxy_tg6: the cookie that an ACK has to carry is the host's secret."""
    if not site.view.buffer.sums_up():
        return "DROP"
    flags = site.view.packet.flags & TCP_OPENING
    if flags == _SYN:
        from fwsim.machine.synproxy import agreed

        site.record.answered = agreed(site.view.packet, action)
        return "STOLEN"
    return "DROP" if flags == _ACK else None


def _reject(action: Reject, site: Site) -> str:
    """A reset that is sent closes the connection at once (nf_ct_set_closing)."""
    view, packet = site.view, site.view.packet
    site.record.reject = action.error
    if action.error == "tcp-reset" and not (packet.frag or packet.flags & TCP_FLAGS["RST"]):
        site.tracker.close(view.connection, view.now)
    return "REJECT"


def _nat(action: Nat, site: Site) -> str:
    view = site.view
    source, connection = view.hook in SOURCE_NAT_HOOKS, view.connection
    assert connection is not None
    if action.kind == "masquerade" and not connection.original.src and view.packet.family == 4:
        return "ACCEPT"  # a host without an address yet, asking for one
    chosen = _range(action, view)
    if chosen is None:
        site.record.reason = "no_address"
        return "DROP"
    if action.kind == "masquerade" and not connection.status & CONFIRMED:
        connection.masqueraded = view.buffer.out
    chance = view.moment.chance
    site.record.bindings.append((source, chosen))
    if nat.bind(site.tracker, connection, source, chosen, now=view.now, chance=chance):
        site.record.by_chance.append("port")
    return "ACCEPT"


def _range(action: Nat, view: View) -> NatRange | None:
    family, buffer = view.packet.family, view.buffer
    if action.kind in ("snat", "dnat"):
        return action.range
    if action.kind == "netmap":
        return _mapped(action.range, view)
    if action.kind == "masquerade":
        own = routing.source_address(view.ns, family, buffer.out, buffer.hop)
    elif view.hook == "OUTPUT":
        own = 127 << 24 | 1 if family == 4 else 1
    else:
        own = routing.first_address(view.ns, family, buffer.in_, view.packet.dst)
    return None if own is None else action.range._replace(addresses=(own, own))


def _mapped(network: NatRange, view: View) -> NatRange:
    """The network's address with the packet's own host bits."""
    assert network.addresses is not None
    low, high = network.addresses
    own = view.packet.src if view.hook in SOURCE_NAT_HOOKS else view.packet.dst
    address = low & ~(low ^ high) | own & (low ^ high)
    return network._replace(addresses=(address, address))


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
    Enqueue: _enqueue,
    Divert: _divert,
    Tee: _tee,
    Synproxy: _synproxy,
    Reject: _reject,
    Nat: _nat,
}
