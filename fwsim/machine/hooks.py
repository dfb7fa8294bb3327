"""The packet-flow diagram, as data: which stages stand at each hook, and what follows what.

Priorities are those of include/uapi/linux/netfilter_ipv4.h; the order between hooks is that of
net/ipv4/ip_input.c, ip_forward.c, ip_output.c and net/bridge/br_netfilter_hooks.c. The walk
(fwsim.machine.walker) interprets this and knows no order of its own.
"""

from __future__ import annotations

from collections.abc import Mapping

from fwsim.model.tuples import NamedTuple


class Stage(NamedTuple):
    """What happens at a hook: `kind` is table, nat, conntrack, defrag or confirm; `table` the
    table that a table or nat stage consults."""

    priority: int
    kind: str
    table: str = ""


_DEFRAG, _TRACK = Stage(-400, "defrag"), Stage(-200, "conntrack")
_RAW, _MANGLE = Stage(-300, "table", "raw"), Stage(-150, "table", "mangle")
_FILTER, _SECURITY = Stage(0, "table", "filter"), Stage(50, "table", "security")
_DNAT, _SNAT = Stage(-100, "nat", "nat"), Stage(100, "nat", "nat")
_CONFIRM = Stage(2**31 - 1, "confirm")

STAGES: Mapping[str, tuple[Stage, ...]] = {
    "PREROUTING": (_DEFRAG, _RAW, _TRACK, _MANGLE, _DNAT),
    "INPUT": (_MANGLE, _FILTER, _SECURITY, _SNAT, _CONFIRM),
    "FORWARD": (_MANGLE, _FILTER, _SECURITY),
    "OUTPUT": (_DEFRAG, _RAW, _TRACK, _MANGLE, _DNAT, _FILTER, _SECURITY),
    "POSTROUTING": (_MANGLE, _SNAT, _CONFIRM),
}
_SECURITY_NFT = Stage(150, "table", "security")  # iptables-nft has a priority of its own for it
STAGES_NFT: Mapping[str, tuple[Stage, ...]] = {
    **STAGES,
    "INPUT": (_MANGLE, _FILTER, _SNAT, _SECURITY_NFT, _CONFIRM),
}
SOURCE_NAT_HOOKS = frozenset({"INPUT", "POSTROUTING"})
REROUTES: Mapping[str, Mapping[int, tuple[str, ...]]] = {
    "mangle": {4: ("src", "dst", "mark", "tos"), 6: ("src", "dst", "mark", "tos", "ttl")},
    "nat": {4: ("dst",), 6: ("dst",)},
}
"""What of a packet of either family has it routed anew where that table's OUTPUT changes it
(ipt_mangle_out, ip6t_mangle_out, nf_nat_ipv4_local_fn)."""


class Hook(NamedTuple):
    """Run the stages of a netfilter hook; if it lets the packet pass, go on to `then`."""

    hook: str
    then: str


class Decide(NamedTuple):
    """Ask the machine (routing, bridge, link) and go where its answer says. An answer that is not
    in `then` ends the packet's way through this host."""

    question: str
    then: Mapping[str, str]


DIAGRAM: Mapping[str, Hook | Decide] = {
    # a frame comes in
    "arrive": Decide(
        "arrival", {"routed": "prerouting", "bridged": "bridge prerouting", "unseen": "flood"}
    ),
    "prerouting": Hook("PREROUTING", "route in"),
    "route in": Decide("route_in", {"local": "input", "forward": "age"}),
    "input": Hook("INPUT", "deliver"),
    "deliver": Decide("deliver", {}),
    "age": Decide("age", {"alive": "forward"}),
    "forward": Hook("FORWARD", "postrouting"),
    "postrouting": Hook("POSTROUTING", "transmit"),
    "transmit": Decide("transmit", {"loop": "loop"}),
    # a packet to this host itself goes out by lo and comes in again
    "loop": Decide("loop", {"routed": "prerouting"}),
    # this host sends
    "send": Decide("route_out", {"routed": "output"}),
    "output": Hook("OUTPUT", "reroute"),
    "reroute": Decide("reroute", {"routed": "postrouting"}),
    # a frame crosses a bridge under br_netfilter's eyes
    "bridge prerouting": Hook("PREROUTING", "bridge"),
    "bridge": Decide("bridge", {"up": "route in", "across": "bridge forward"}),
    "bridge forward": Hook("FORWARD", "bridge postrouting"),
    "bridge postrouting": Hook("POSTROUTING", "flood"),
    "flood": Decide("leave_port", {}),
}
