"""A policy's lines as sets of packets of one family on the host of a world."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import permutations

from fwsim.model import fields as F
from fwsim.model.errors import QuestionError
from fwsim.model.names import TCP_FLAGS, address_value, family_of
from fwsim.model.packet import ICMP, ICMP6, ICMP_ECHO, TCP, WITH_PORTS, proto_of
from fwsim.model.pred import TRUE, Pred, all_of, any_of, is_in, negate
from fwsim.model.tuples import NamedTuple
from fwsim.questions.asked import ports
from fwsim.questions.policy.ends import Ends
from fwsim.questions.policy.model import ANYWHERE, ISOLATED, MUST, MUST_NOT, End, Line

_CLIENTS = (1024, F.SPORT.top)  # the ports that clients send from
_USUAL = ("tcp", "udp", "icmp")  # what `must` means where it names neither protocol nor port


class Demand(NamedTuple):
    """What a line says of one family's packets: those of `asked` must get through and be answered,
    or none of `sent` that `arrives` may. `who` and `whom` are the ends that it is about."""

    line: Line
    family: int
    who: tuple[End, ...]
    whom: tuple[End, ...]
    sent: Pred
    arrives: Pred

    @property
    def must(self) -> bool:
        """They must get through."""
        return self.line.kind == MUST

    @property
    def asked(self) -> Pred:
        """The packets that are addressed as it says."""
        return all_of(self.sent, self.arrives)


def demands(line: Line, told: dict[int, Ends]) -> Iterator[Demand]:
    """What a line comes to in each family. QuestionError for unknown names, and where there is no
    family of which both ends have addresses."""
    found = [*_demands(line, told)]
    if not found and line.kind in (MUST, MUST_NOT, ISOLATED):
        raise QuestionError(
            "they have no addresses of one family here", span=line.span,
            hint=f"The host has rules of {' and '.join(f'IPv{f}' for f in told)}.",
        )  # fmt: skip
    yield from found


def _demands(line: Line, told: dict[int, Ends]) -> Iterator[Demand]:
    if line.kind == MUST:
        for who in line.sources:
            for whom in line.targets:
                yield from _must(line, told, who, whom)
    elif line.kind == MUST_NOT:
        yield from _must_not(line, told, line.sources or (End(ANYWHERE),), line.targets)
    for one, other in permutations(line.sides, 2):
        yield from _must_not(line, told, one, other)


def _must(line: Line, told: dict[int, Ends], who: End, whom: End) -> Iterator[Demand]:
    """Of names that have addresses of both families, IPv4's are meant, as by `fwsim trace`."""
    families = [f for f, ends in told.items() if ends.known(who) and ends.known(whom)]
    for family in families[:1]:
        ends = told[family]
        but = negate(ends.sources(line.but, "")) if line.but else TRUE
        sent = all_of(ends.sends(who, whom, _in(line)), but)
        arrives = all_of(ends.found_by(whom, who), _clients(line, family))
        yield Demand(line, family, (who,), (whom,), sent, arrives)
    if not families:
        raise QuestionError(
            f"{who.text} and {whom.text} have no addresses of one family here", span=whom.span
        )


def _must_not(
    line: Line, told: dict[int, Ends], who: tuple[End, ...], whom: tuple[End, ...]
) -> Iterator[Demand]:
    for family, ends in told.items():
        there = [[end for end in side if ends.known(end)] for side in (who, whom)]
        if not all(there):
            continue
        but = negate(ends.sources(line.but, "")) if line.but else TRUE
        sent = all_of(ends.sources(there[0], _in(line)), but)
        arrives = all_of(ends.targets(there[1]), _any(line, family))
        yield Demand(line, family, tuple(there[0]), tuple(there[1]), sent, arrives)


def narrowed(line: Line, told: dict[int, Ends]) -> tuple[tuple[int, Pred], ...]:
    """The packets that `unchanged_since` is about, by family; () for all."""
    if not (line.sources or line.targets or line.protos or line.ports or line.in_):
        return ()
    found = []
    for family, ends in told.items():
        sent = ends.sources(line.sources, _in(line)) if line.sources or line.in_ else TRUE
        found.append((family, all_of(sent, ends.targets(line.targets), _any(line, family))))
    return tuple(found)


def _in(line: Line) -> str:
    return line.in_.text if line.in_ else ""


def _any(line: Line, family: int) -> Pred:
    """Every packet of the protocols and to the ports."""
    protos = [proto_of(said.text, family) for said in line.protos]
    if line.ports and not protos:
        protos = sorted(WITH_PORTS)
    kinds = is_in(F.PROTO, *protos) if protos else TRUE
    return all_of(kinds, _to_ports(line))


def _to_ports(line: Line) -> Pred:
    return any_of(*(ports(said.text, F.DPORT) for said in line.ports)) if line.ports else TRUE


def _clients(line: Line, family: int) -> Pred:
    """The packets of the protocols and to the ports by which clients begin."""
    named = [said.text for said in line.protos] or (["tcp"] if line.ports else _USUAL)
    kinds = any_of(*(_client(proto_of(name, family), family) for name in named))
    return all_of(kinds, _to_ports(line))


def _client(proto: int, family: int) -> Pred:
    this = is_in(F.PROTO, proto)
    if proto == TCP:
        begins = is_in(F.TCP_FLAGS, TCP_FLAGS["SYN"])
        return all_of(this, begins, is_in(F.SPORT, _CLIENTS))
    if proto == (ICMP if family == 4 else ICMP6):
        echo = is_in(F.ICMP_TYPE, ICMP_ECHO[family][0])
        return all_of(this, echo, is_in(F.ICMP_CODE, 0))
    return all_of(this, is_in(F.SPORT, _CLIENTS)) if proto in WITH_PORTS else this


def likes(demand: Demand, ends: Ends) -> list[dict[str, int]]:
    """Addresses that people would expect in an example: such as the line names."""
    src, dst = F.SRC[demand.family].name, F.DST[demand.family].name
    senders, receivers = ([*_samples(named, ends)][:20] for named in (demand.who, demand.whom))
    own = [a.value for _, a in ends.host.addresses(demand.family) if a.scope == "global"]
    found = [{src: a, dst: b} for a in senders for b in receivers][:40]
    if not demand.must:  # they may be sent to the host, and translated
        found += [{src: a, dst: b} for a in senders for b in own][:40]
    return found


def _samples(named: Iterable[End], ends: Ends) -> Iterator[int]:
    own = {a.value for _, a in ends.host.addresses(ends.family)}
    for end in named:
        address, slash, _ = end.text.partition("/")
        if family_of(address) == ends.family:
            first = address_value(address, ends.family) + bool(slash)
            yield first + 1 if slash and first in own else first
        else:
            yield from ends.usual(end)
