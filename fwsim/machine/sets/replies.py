"""What comes back, for all packets at once: the answers of the far end (fwsim.machine.answers), or
of the host itself, told in terms of the requests that they answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from fwsim.machine.hooks import SOURCE_NAT_HOOKS
from fwsim.machine.sets.cases import Case, Cases, mapped
from fwsim.machine.sets.env import Change, Delta, Env
from fwsim.model import fields as F
from fwsim.model.fields import Field
from fwsim.model.names import STATES, STATUS, TCP_FLAGS
from fwsim.model.packet import ICMP, ICMP6, ICMP_ECHO, TCP, UDP
from fwsim.model.pred import Pred, all_of, any_of, is_in
from fwsim.model.tuples import NamedTuple

if TYPE_CHECKING:
    from oxidd.bcdd import BCDDFunction

_SYN, _ACK = TCP_FLAGS["SYN"], TCP_FLAGS["ACK"]
_ESTABLISHED, _UNTRACKED = STATES.index("ESTABLISHED"), STATES.index("UNTRACKED")
_SEEN = STATUS["SEEN_REPLY"] | STATUS["CONFIRMED"]
_ICMP = {4: ICMP, 6: ICMP6}
_TTL = 64


class Known(NamedTuple):
    """What conntrack knows of the connections that a walk's packets answer."""

    fields: Mapping[Field, Cases]
    tracked: BCDDFunction


def answerable(family: int) -> Pred:
    """The packets that a willing host answers in kind: echo requests, SYNs, datagrams."""
    echo = all_of(is_in(F.PROTO, _ICMP[family]), is_in(F.ICMP_TYPE, ICMP_ECHO[family][0]))
    opens = all_of(is_in(F.PROTO, TCP), is_in(F.TCP_FLAGS, _SYN, mask=_SYN | _ACK))
    return any_of(echo, opens, is_in(F.PROTO, UDP))


def answers(base: Env, request: Env, family: int) -> dict[Field, Cases]:
    """The fields of the answers to packets that ended their way so, as they set out; `base` knows
    no packet yet. How long an answer is, nobody knows."""
    number = base.number
    is_tcp, is_icmp = (request.read(is_in(F.PROTO, p)) for p in (TCP, _ICMP[family]))
    return {
        F.SRC[family]: request.cases(F.DST[family]), F.DST[family]: request.cases(F.SRC[family]),
        F.SPORT: request.cases(F.DPORT), F.DPORT: request.cases(F.SPORT),
        F.PROTO: request.cases(F.PROTO),
        F.TCP_FLAGS: (Case(is_tcp, _SYN | _ACK), Case(~is_tcp, 0)),
        F.ICMP_TYPE: (Case(is_icmp, ICMP_ECHO[family][1]), Case(~is_icmp, 0)),
        F.ICMP_CODE: number(0), F.TTL: number(_TTL),
    }  # fmt: skip


def known(request: Env, family: int) -> Known:
    """What conntrack knows once these packets have passed."""
    fields = (
        F.CT_PROTO, F.CT_MARK, F.CT_LABELS, F.CT_STATUS, F.CT_ORIG_SRC[family],
        F.CT_ORIG_DST[family], F.CT_REPL_SRC[family], F.CT_REPL_DST[family], F.CT_ORIG_SPORT,
        F.CT_ORIG_DPORT, F.CT_REPL_SPORT, F.CT_REPL_DPORT,
    )  # fmt: skip
    told = {field: request.cases(field) for field in fields}
    seen = [bit for bit in range(F.CT_STATUS.bits) if _SEEN >> bit & 1]
    true = request.diagrams.true
    told[F.CT_STATUS] = mapped(
        told[F.CT_STATUS],
        lambda status: status | _SEEN,
        lambda bits: tuple(true if place in seen else bit for place, bit in enumerate(bits)),
        request.diagrams,
    )
    told |= {F.CT_KNOWN: request.number(1), F.CT_DIR: request.number(1)}
    told[F.CTSTATE] = request.number(_ESTABLISHED)
    return Known(told, ~request.read(is_in(F.CTSTATE, _UNTRACKED)))


def untranslated(env: Env, hook: str, family: int) -> Delta:
    """What a hook gives back to packets of the reply direction: the addresses that the request had
    (nf_nat_packet)."""
    if hook in SOURCE_NAT_HOOKS:
        pairs = (F.SRC[family], F.CT_ORIG_DST[family]), (F.SPORT, F.CT_ORIG_DPORT)
    else:
        pairs = (F.DST[family], F.CT_ORIG_SRC[family]), (F.DPORT, F.CT_ORIG_SPORT)
    true = env.diagrams.true
    return Delta({field: Change(true, env.cases(origin)) for field, origin in pairs})
