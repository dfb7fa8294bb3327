"""The ports that DNAT takes away before the filter table sees them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fwsim.language.ruleset import Rule
from fwsim.machine.routing import own_address
from fwsim.model import fields as F
from fwsim.model.actions import Nat
from fwsim.model.names import address_text
from fwsim.model.tuples import NamedTuple
from fwsim.questions.lint.subject import Subject
from fwsim.questions.lint.survey import Where
from fwsim.readings.space import PacketSet

if TYPE_CHECKING:
    from oxidd.bcdd import BCDDFunction

    from fwsim.machine.sets.env import Env


class Published(NamedTuple):
    """A rule that sends packets to another host: its `packets` as they come in, the address and the
    port (None: it stays) that they get."""

    at: Where
    packets: BCDDFunction
    address: int
    port: int | None

    def target(self, family: int) -> str:
        """Where they go, as people write it."""
        shown = address_text(self.address, 32 if family == 4 else 128)
        if self.port is None:
            return shown
        return f"[{shown}]:{self.port}" if family == 6 else f"{shown}:{self.port}"

    def env(self, env: Env, family: int) -> Env:
        """The fields once they have been translated."""
        changed = {F.DST[family]: env.number(self.address)}
        if self.port is not None:
            changed[F.DPORT] = env.number(self.port)
        return env.having(changed)


def published(subject: Subject) -> list[Published]:
    """All of them."""
    if "nat" not in subject.ruleset.tables:
        return []
    survey = subject.survey("nat")
    return [
        Published((row.chain.name, number), survey.hits(row.chain.name, number), address, port)
        for row, number, rule in survey.rules()
        if "PREROUTING" in row.hooks
        for address, port in _target(subject, rule)
    ]


def _target(subject: Subject, rule: Rule) -> Iterator[tuple[int, int | None]]:
    for action in () if rule.jump or rule.verdict else rule.actions:
        if not isinstance(action, Nat) or action.kind != "dnat" or not action.range.addresses:
            continue
        address, ports = action.range.addresses[0], action.range.ports
        local = address >> 24 == 127 if subject.family == 4 else address == 1
        if not local and not own_address(subject.ns, subject.family, address):
            yield address, ports[0] if ports else None


def for_host(subject: Subject, each: Published, among: BCDDFunction) -> BCDDFunction:
    """Its packets of a set that are for addresses of the host; where these are not known, all of a
    rule that names none."""
    packets = each.packets & among
    if not packets.satisfiable():
        return packets
    dst = F.DST[subject.family]
    if not subject.world.inferred:
        return packets & subject.local
    anywhere = PacketSet(subject.space, each.packets).onto([dst]).node.valid()
    return packets if anywhere else subject.diagrams.false
