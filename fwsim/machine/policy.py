"""Policy routing: the rules of `ip rule` that choose a routing table, and the flow that they look
at (fib_rule_match in net/core/fib_rules.c; net/ipv4/fib_rules.c, net/ipv6/fib6_rules.c)."""

from __future__ import annotations

from collections.abc import Iterator

from fwsim.model.packet import Packet
from fwsim.model.tuples import NamedTuple

LOOPBACK = "lo"


class Flow(NamedTuple):
    """What routing knows of a packet. `iif` is the device it came in by, `lo` if the host sends it;
    `oif` the device that its sender insists on."""

    family: int
    dst: int
    src: int = 0
    iif: str = LOOPBACK
    oif: str = ""
    mark: int = 0
    tos: int = 0
    uid: int = 0
    proto: int = 0
    sport: int = 0
    dport: int = 0


def flow_of(packet: Packet, iif: str = LOOPBACK, mark: int = 0) -> Flow:
    """A packet's flow. Who sends is root, unless the packet says otherwise."""
    sport, dport = (packet.sport, packet.dport) if packet.has_ports else (0, 0)
    uid = packet.uid or 0
    return Flow(
        packet.family, packet.dst, packet.src, iif, "", mark, packet.tos, uid, packet.proto,
        sport, dport,
    )  # fmt: skip


class RouteRule(NamedTuple):
    """One rule. `src` and `dst` are (address, prefix length); `action` is table, blackhole,
    unreachable, prohibit, goto or nop; `suppress` the longest prefix length that a route found
    may not have (-1: none)."""

    priority: int
    action: str = "table"
    table: str = ""
    src: tuple[int, int] = (0, 0)
    dst: tuple[int, int] = (0, 0)
    iif: str = ""
    oif: str = ""
    mark: tuple[int, int] = (0, 0)
    tos: int = 0
    uids: tuple[int, int] | None = None
    proto: int = 0
    sports: tuple[int, int] = (0, 0)
    dports: tuple[int, int] = (0, 0)
    inverted: bool = False
    suppress: int = -1
    target: int = 0

    def matches(self, flow: Flow) -> bool:
        """The rule is for this flow."""
        return self._fits(flow) is not self.inverted

    def _fits(self, flow: Flow) -> bool:
        bits = 32 if flow.family == 4 else 128
        return (
            self.iif in ("", flow.iif)
            and self.oif in ("", flow.oif)
            and not (self.mark[0] ^ flow.mark) & self.mark[1]
            and (self.uids is None or self.uids[0] <= flow.uid <= self.uids[1])
            and all(
                value >> (bits - length) == address >> (bits - length)
                for value, (address, length) in ((flow.src, self.src), (flow.dst, self.dst))
            )
            and (not self.tos or self.tos & 0xFC == flow.tos & 0xFC)
            and self.proto in (0, flow.proto)
            and all(
                high == 0 or low <= port <= high
                for port, (low, high) in ((flow.sport, self.sports), (flow.dport, self.dports))
            )
        )


USUAL = (
    RouteRule(0, table="local"),
    RouteRule(32766, table="main"),
    RouteRule(32767, table="default"),
)


def chosen(rules: tuple[RouteRule, ...], flow: Flow) -> Iterator[RouteRule]:
    """The rules for this flow in the order in which they are asked, jumps followed."""
    at = 0
    while at < len(rules):
        rule = rules[at]
        at += 1
        if not rule.matches(flow):
            continue
        if rule.action == "goto":  # without the rule that it names it is passed over
            later = (n for n in range(at, len(rules)) if rules[n].priority == rule.target)
            at = next(later, at)
        elif rule.action != "nop":
            yield rule
