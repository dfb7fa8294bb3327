"""The connection's tuples for many packets, where nobody told them: without any translation they
are the packet's own and that of the answer (fwsim.machine.tuples)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from fwsim.machine.tuples import PORTED, tuple_of
from fwsim.model import fields as F
from fwsim.model.facts import Facts
from fwsim.model.fields import Field
from fwsim.model.packet import Packet
from fwsim.readings.columns import Column, values_of

TUPLES = {
    f"ct_{way}_{member}": (way, member)
    for way in ("orig", "repl")
    for member in ("src", "dst", "sport", "dport")
}
_OTHER_END = {"src": "dst", "dst": "src", "sport": "dport", "dport": "sport"}
_PORTS = {"sport": F.SPORT, "dport": F.DPORT}


def _portless(member: str, answer: bool) -> Field:
    """What stands in a port's place in the tuple of a packet of which conntrack sees no ports."""

    def project(facts: Facts) -> int:
        shown = facts.packet
        if shown.proto in PORTED:
            return 0
        kind, code = shown.icmp_type, shown.icmp_code
        own = tuple_of(Packet(shown.family, 0, 0, shown.proto, icmp_type=kind, icmp_code=code))
        found = own and (own.inverted() or own) if answer else own
        return getattr(found, member) if found else 0

    return Field(f"{'answer ' * answer}{member} without ports", 16, project=project)


_PORTLESS = {
    (member, answer): _portless(member, answer)
    for member in ("sport", "dport")
    for answer in (False, True)
}


def tuple_column(field: Field, get: Callable[[Field], Column | int], family: int) -> Column:
    """The column of one of TUPLES; `get` gives those of other fields."""
    way, member = TUPLES[field.name]
    known = np.asarray(get(F.CT_KNOWN)) != 0
    turned = np.asarray(get(F.CT_DIR)) != (way == "repl")
    if member in _PORTS:
        ported = np.isin(get(F.PROTO), [*PORTED])
        own, other = (
            np.where(
                ported,
                values_of(field, get(_PORTS[_OTHER_END[member] if answer else member])),
                values_of(field, get(_PORTLESS[member, answer])),
            )
            for answer in (False, True)
        )
    else:
        addresses = {"src": F.SRC[family], "dst": F.DST[family]}
        own, other = (
            values_of(field, get(addresses[name])) for name in (member, _OTHER_END[member])
        )
    if field.bits > 64:
        known, turned = known[..., None], turned[..., None]
    return np.where(known, np.where(turned, other, own), np.zeros((), own.dtype))
