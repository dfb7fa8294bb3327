"""Address translation of new connections, for all packets at once (fwsim.machine.nat, unique): an
address or a port becomes a value, or any one of a range."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwsim.machine import routing
from fwsim.machine.hooks import SOURCE_NAT_HOOKS
from fwsim.machine.sets.env import Bits, Change, Delta, Env
from fwsim.machine.sets.regions import Sample, Site
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
    source = site.hook in SOURCE_NAT_HOOKS
    address, port = _fields(site.regions.family, source)
    delta, given = Delta(), env.diagrams.true
    if action.kind in ("masquerade", "redirect"):
        given, bits = _own_address(action, env, site, address)
        delta = _set(env, address, bits)
    elif action.range.addresses is not None:
        bits = _addresses(action, env, address, asker)
        delta = _set(env, address, bits)
    ported = env.read(is_in(F.PROTO, *PORTED))
    delta = delta.then(_ports(action.range, env, port, asker).only(ported))
    return Translated(given, recorded(env, delta, source, site.regions.family))


def _fields(family: int, source: bool) -> tuple[Field, Field]:
    return (F.SRC[family], F.SPORT) if source else (F.DST[family], F.DPORT)


def recorded(env: Env, delta: Delta, source: bool, family: int) -> Delta:
    """The same, and what the connection knows of it: its reply tuple and its status."""
    pairs = (
        ((F.SRC[family], F.CT_REPL_DST[family]), (F.SPORT, F.CT_REPL_DPORT)) if source
        else ((F.DST[family], F.CT_REPL_SRC[family]), (F.DPORT, F.CT_REPL_SPORT))
    )  # fmt: skip
    both, after = Delta(delta), env.after(delta)
    moved: list[BCDDFunction] = []
    for field, known in pairs:
        if field.name not in delta.fields:
            continue
        for place, (old, new) in enumerate(zip(env.bits(field), after.bits(field), strict=True)):
            both[known, place] = Change(new, ~new)
            moved.append((old & ~new) | (new & ~old))
    status = STATUS["SRC_NAT" if source else "DST_NAT"].bit_length() - 1
    both[F.CT_STATUS, status] = Change(env.diagrams.either(moved), env.diagrams.false)
    return both


def _set(env: Env, field: Field, bits: Bits) -> Delta:
    return Delta(((field, place), Change(bit, ~bit)) for place, bit in enumerate(bits))


def _own_address(action: Nat, env: Env, site: Site, address: Field) -> tuple[BCDDFunction, Bits]:
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
    given = {value: where for value, where in found.items() if isinstance(value, int)}
    either = env.diagrams.either
    bits = tuple(
        either([where for value, where in given.items() if value >> place & 1])
        for place in range(address.bits)
    )
    return either(list(given.values())), bits


def _addresses(action: Nat, env: Env, field: Field, asker: str) -> Bits:
    assert action.range.addresses is not None
    low, high = action.range.addresses
    if action.kind == "netmap":
        own, base = env.bits(field), env.constant(field, low)
        return tuple(own[p] if (low ^ high) >> p & 1 else base[p] for p in range(field.bits))
    return _within(env, field, (low, high), asker)


def _within(env: Env, field: Field, span: tuple[int, int], asker: str) -> Bits:
    """One value of the span: which, nobody knows if there are several."""
    low, high = span
    if low == high:
        return env.constant(field, low)
    name = f"which {field.name} of {field.show(low)}-{field.show(high)} is free"
    key = env.facts.name(Free(name, name, once=False), asker)
    fresh = Field(free_key(key), field.bits, field.kind)
    fits, base = env.diagrams.inside(In(fresh, (span,))), env.constant(field, low)
    return tuple(
        fits.ite(bit, one) for bit, one in zip(env.diagrams.bits(fresh), base, strict=True)
    )


def _ports(range_: NatRange, env: Env, port: Field, asker: str) -> Delta:
    if range_.ports is None:
        chosen = range_.random or range_.fully_random
        return _set(env, port, _within(env, port, _FULL, asker)) if chosen else Delta()
    low, high = range_.ports
    if range_.port_base is None or low == high:
        return _set(env, port, _within(env, port, (low, high), asker))
    base = range_.port_base
    own = env.inside(In(port, ((base, min(base + high - low, port.top)),)))
    shifted = _plus(env, env.bits(port), low - base)
    other = _within(env, port, (low, high), asker)
    return _set(env, port, tuple(own.ite(a, b) for a, b in zip(shifted, other, strict=True)))


def _plus(env: Env, bits: Bits, number: int) -> Bits:
    """The bits of the sum, as an adder makes them; what does not fit is lost."""
    carry, found = env.diagrams.false, []
    for place, bit in enumerate(bits):
        one = env.diagrams.true if number >> place & 1 else env.diagrams.false
        half = (bit & ~one) | (one & ~bit)
        found.append((half & ~carry) | (carry & ~half))
        carry = (bit & one) | (carry & (bit | one))
    return tuple(found)
