"""Address translation of new connections, for all packets at once (fwsim.machine.nat, unique): an
address or a port becomes a value, or any one of a range."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwsim.machine import routing
from fwsim.machine.hooks import SOURCE_NAT_HOOKS
from fwsim.machine.sets.cases import Bits, Case, Cases, differ, mapped
from fwsim.machine.sets.env import Change, Delta, Env
from fwsim.machine.sets.regions import Site
from fwsim.machine.sets.trees import Sample
from fwsim.machine.tuples import PORTED
from fwsim.model import fields as F
from fwsim.model.actions import Nat, NatRange
from fwsim.model.fields import Field
from fwsim.model.names import STATUS
from fwsim.model.pred import Free, In, is_in
from fwsim.model.tuples import NamedTuple
from fwsim.readings.concrete import free_key

if TYPE_CHECKING:
    from oxidd.bcdd import BCDDFunction

_FULL = (1, 0xFFFF)


class Translated(NamedTuple):
    """The packets for which there is an address to give, and what becomes of them."""

    where: BCDDFunction
    delta: Delta


def translated(action: Nat, env: Env, asker: str, site: Site) -> Translated:
    """What a Nat action does to the first packets of connections."""
    source, true = site.hook in SOURCE_NAT_HOOKS, env.diagrams.true
    address, port = _fields(site.regions.family, source)
    delta, given = Delta(), true
    if action.kind in ("masquerade", "redirect"):
        cases = _own_address(action, env, site)
        given = env.diagrams.either([case.where for case in cases])
        delta[address] = Change(true, cases)
    elif action.range.addresses is not None:
        delta[address] = Change(true, _addresses(action, env, address, asker))
    ports = _ports(action.range, env, port, asker)
    if ports is not None:
        delta[port] = Change(env.read(is_in(F.PROTO, *PORTED)), ports)
    return Translated(given, recorded(env, delta, source, site.regions.family))


def _fields(family: int, source: bool) -> tuple[Field, Field]:
    return (F.SRC[family], F.SPORT) if source else (F.DST[family], F.DPORT)


def recorded(env: Env, delta: Delta, source: bool, family: int) -> Delta:
    """The same, and what the connection knows of it: its reply tuple and its status."""
    pairs = (
        ((F.SRC[family], F.CT_REPL_DST[family]), (F.SPORT, F.CT_REPL_DPORT)) if source
        else ((F.DST[family], F.CT_REPL_SRC[family]), (F.DPORT, F.CT_REPL_SPORT))
    )  # fmt: skip
    both, after, diagrams = Delta(delta), env.after(delta), env.diagrams
    moved = []
    for field, known in pairs:
        if field in delta:
            new = after.cases(field)
            both[known] = Change(diagrams.true, new)
            moved.append(differ(env.cases(field), new, diagrams))
    place = STATUS["SRC_NAT" if source else "DST_NAT"].bit_length() - 1

    def with_bit(bits: Bits) -> Bits:
        return (*bits[:place], diagrams.true, *bits[place + 1 :])

    marked = mapped(env.cases(F.CT_STATUS), lambda n: n | 1 << place, with_bit, diagrams)
    both[F.CT_STATUS] = Change(diagrams.either(moved), marked)
    return both


def _own_address(action: Nat, env: Env, site: Site) -> Cases:
    """MASQUERADE's and REDIRECT's: an address of the host's own, as its devices and routes say."""
    regions, family = site.regions, site.regions.family

    def chosen(sample: Sample) -> int | None:
        buffer = regions.buffer(sample)
        if action.kind == "masquerade":
            return routing.source_address(regions.ns, family, buffer.out, regions.hop(buffer))
        if site.hook == "OUTPUT":
            return 127 << 24 | 1 if family == 4 else 1
        return routing.first_address(regions.ns, family, buffer.in_, buffer.packet.dst)

    field = F.OUT if action.kind == "masquerade" else F.IN
    dims = (regions.of_devices(field, regions.devices), regions.destinations)
    key = (action.kind, site.hook == "OUTPUT")
    found = regions.answers(key, dims, chosen, env, env.diagrams.true)
    return tuple(Case(where, value) for value, where in found.items() if isinstance(value, int))


def _addresses(action: Nat, env: Env, field: Field, asker: str) -> Cases:
    assert action.range.addresses is not None
    low, high = action.range.addresses
    if action.kind == "netmap":
        base = _constant(env, field, low)
        own = (
            bit if (low ^ high) >> place & 1 else base[place]
            for place, bit in enumerate(env.bits(field))
        )
        return (Case(env.diagrams.true, tuple(own)),)
    return _within(env, field, (low, high), asker)


def _constant(env: Env, field: Field, value: int) -> Bits:
    true, false = env.diagrams.true, env.diagrams.false
    return tuple(true if value >> place & 1 else false for place in range(field.bits))


def _within(env: Env, field: Field, span: tuple[int, int], asker: str) -> Cases:
    """One value of the span: which, nobody knows if there are several."""
    low, high = span
    if low == high:
        return env.number(low)
    name = f"which {field.name} of {field.show(low)}-{field.show(high)} is free"
    key = env.facts.name(Free(name, name, once=False), asker)
    fresh = Field(free_key(key), field.bits, field.kind)
    fits = env.diagrams.inside(In(fresh, (span,)))
    return (Case(fits, tuple(env.diagrams.bits(fresh))), Case(~fits, low))


def _ports(range_: NatRange, env: Env, port: Field, asker: str) -> Cases | None:
    """The new port; None where it stays."""
    if range_.ports is None:
        chosen = range_.random or range_.fully_random
        return _within(env, port, _FULL, asker) if chosen else None
    low, high = range_.ports
    other = _within(env, port, (low, high), asker)
    if range_.port_base is None or low == high:
        return other
    base = range_.port_base
    own = env.inside(In(port, ((base, min(base + high - low, port.top)),)))
    shifted = _plus(env, env.bits(port), low - base)
    rest = (Case(own.imp_strict(case.where), case.value) for case in other)
    return (Case(own, shifted), *rest)


def _plus(env: Env, bits: Bits, number: int) -> Bits:
    """The bits of the sum, as an adder makes them; what does not fit is lost."""
    carry, found = env.diagrams.false, []
    for place, bit in enumerate(bits):
        one = env.diagrams.true if number >> place & 1 else env.diagrams.false
        half = (bit & ~one) | (one & ~bit)
        found.append((half & ~carry) | (carry & ~half))
        carry = (bit & one) | (carry & (bit | one))
    return tuple(found)
