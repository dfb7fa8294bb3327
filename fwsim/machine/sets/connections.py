"""What conntrack knows of the connections of packets, where only the packets themselves tell.

A packet of a known connection may go either way, and its connection may have any mark: these are
fields that it brings, as what conntrack says of it is. The connection is that of its own addresses
and ports, as if nothing had been translated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fwsim.machine.sets.cases import Case, Cases, bit_of
from fwsim.model import fields as F
from fwsim.model.names import STATES, STATUS
from fwsim.model.pred import In, all_of, is_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fwsim.machine.sets.cases import Bits
    from fwsim.machine.sets.env import Env, Flow
    from fwsim.model.fields import Field

_ESTABLISHED = In(F.CTSTATE, ((STATES.index("ESTABLISHED"),) * 2,))
_OWN = STATUS["ASSURED"]
_SEEN = STATUS["SEEN_REPLY"] | STATUS["CONFIRMED"]
_MOVED = STATUS["SRC_NAT"] | STATUS["DST_NAT"]
TRANSLATED_BACK = all_of(
    is_in(F.CT_KNOWN, 1), is_in(F.CT_DIR, 1), is_in(F.CT_STATUS, (1, F.CT_STATUS.top), mask=_MOVED)
)
"""The packets that get back what the request had."""


def as_told(flow: Flow, family: int) -> Mapping[Field, Cases]:
    """The fields of connections, for packets that are NEW, ESTABLISHED or RELATED."""
    env = flow.env
    known = env.diagrams.inside(_ESTABLISHED) & flow.alive
    goes = env.number(0)
    told = {F.CT_KNOWN: env.number(1), F.CT_PROTO: env.cases(F.PROTO), F.CT_DIR: goes}
    if known.satisfiable():
        mark, status = tuple(env.diagrams.bits(F.CT_MARK)), _status(env)
        goes = told[F.CT_DIR] = (Case(known, (env.diagrams.bits(F.CT_DIR)[0],)), Case(~known, 0))
        told[F.CT_MARK] = (Case(known, mark), Case(~known, 0))
        told[F.CT_STATUS] = (Case(known, status), Case(~known, 0))
    back = bit_of(goes, 0, env.diagrams)
    src, dst, sport, dport = F.SRC[family], F.DST[family], F.SPORT, F.DPORT
    ends = (
        (F.CT_ORIG_SRC[family], src, dst), (F.CT_ORIG_DST[family], dst, src),
        (F.CT_REPL_SRC[family], dst, src), (F.CT_REPL_DST[family], src, dst),
        (F.CT_ORIG_SPORT, sport, dport), (F.CT_ORIG_DPORT, dport, sport),
        (F.CT_REPL_SPORT, dport, sport), (F.CT_REPL_DPORT, sport, dport),
    )  # fmt: skip
    for field, onward, backward in ends:
        ways = ((~back, env.cases(onward)), (back, env.cases(backward)))
        parts = (Case(way & c.where, c.value) for way, cases in ways for c in cases)
        told[field] = tuple(part for part in parts if part.where.satisfiable())
    return told


def _status(env: Env) -> Bits:
    true, own = env.diagrams.true, env.diagrams.bits(F.CT_STATUS)
    return tuple(
        bit if _OWN >> place & 1 else true if _SEEN >> place & 1 else ~true
        for place, bit in enumerate(own)
    )
