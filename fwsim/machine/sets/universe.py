"""Which packets there are: those that a host can be sent or sends itself, whole ones that begin a
connection (or that conntrack calls invalid), and how their fields hang together.

Fields that follow from others are derived, by asking the machine about samples: the type of an
address from routes, whether an answer would go back the same way, and so on.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from typing import TYPE_CHECKING

from fwsim.machine.conntrack import Conntrack, Told
from fwsim.machine.sets.cases import Case, Cases
from fwsim.machine.sets.env import Env
from fwsim.machine.sets.regions import Regions
from fwsim.machine.sets.trees import Class, Sample
from fwsim.model import fields as F
from fwsim.model.exthdr import EXTENSIONS, NONE
from fwsim.model.fields import Field
from fwsim.model.names import PROCESS, STATES, iface_value
from fwsim.model.packet import ICMP, ICMP6, L4_HEADERS, TCP, WITH_PORTS, Packet
from fwsim.model.pred import FALSE, Pred, all_of, any_of, is_in, negate

if TYPE_CHECKING:
    pass

_ICMP = {4: ICMP, 6: ICMP6}
_LIVES, _FITS = 2, 1280
AGING = ("ttl", "hl", "TTL", "HL")  # extensions that look at a packet's age, or change it
_UNTRACKED = STATES.index("UNTRACKED")
REROUTED = Field("rerouted", 1, "flag")  # OUTPUT changed what has it routed anew
_ZERO = (
    F.MARK, F.PRIORITY, F.CTSTATE, F.CT_KNOWN, F.CT_STATUS,
    F.CT_DIR, F.CT_PROTO, F.CT_MARK, F.CT_LABELS, F.CT_EXPIRE, F.CT_ORIG_SPORT, F.CT_ORIG_DPORT,
    F.CT_REPL_SPORT, F.CT_REPL_DPORT, F.FRAG, REROUTED,
)  # fmt: skip
_DEVICES = (F.IN, F.OUT, F.PHYSIN, F.PHYSOUT)
# what whole packets of these protocols have, and of no others
OF_PROTOCOLS = {"l4_header": is_in(F.PROTO, *L4_HEADERS), "ports": is_in(F.PROTO, *WITH_PORTS)}
# what a derived field depends on besides the hook
_DERIVED: dict[str, tuple[str, ...]] = {
    "src_type": ("src",), "dst_type": ("dst",),
    "src_type_in": ("in", "src"), "dst_type_in": ("in", "dst"),
    "src_type_out": ("out", "src"), "dst_type_out": ("out", "dst"),
    "in_group": ("in",), "out_group": ("out",), "from_ethernet": ("in",),
    "packet_type": ("in", "dst"),
    **{field.name: ("in", "src", "dst", "policy") for field in F.RPF.values()},
    "realm": ("in", "src", "dst", "policy"), "path_mtu": ("in", "src", "dst", "policy"),
}  # fmt: skip


def possible(family: int, states: Iterable[int], loaded: Container[str] = ()) -> Pred:
    """The whole packets of a family of which conntrack may say one of the states: NEW, INVALID and
    UNTRACKED without knowing a connection. Lengths and TTLs matter only where the extensions
    `loaded` ask for them: such packets fit every link and live long enough.
    An IPv6 packet that ends in an extension header is broken."""
    broken = is_in(F.PROTO, *EXTENSIONS) if family == 6 else FALSE
    said = [_said(family, state, _ICMP[family]) for state in sorted(set(states))]
    return all_of(whole(family), negate(broken), any_of(*said), *_sizes(family, loaded))


def whole(family: int) -> Pred:
    """The whole packets of a family: what a protocol does not have is 0."""
    icmp = _ICMP[family]
    ported = any_of(is_in(F.PROTO, *WITH_PORTS), all_of(is_in(F.SPORT, 0), is_in(F.DPORT, 0)))
    flagged = any_of(is_in(F.PROTO, TCP), is_in(F.TCP_FLAGS, 0))
    typed = any_of(is_in(F.PROTO, icmp), all_of(is_in(F.ICMP_TYPE, 0), is_in(F.ICMP_CODE, 0)))
    return all_of(ported, flagged, typed)


def _sizes(family: int, loaded: Container[str]) -> Iterator[Pred]:
    if any(name in loaded for name in AGING):
        yield is_in(F.TTL, (_LIVES, F.TTL.top))
    if "length" in loaded:
        header = 20 if family == 4 else 40
        yield any_of(
            *(
                all_of(is_in(F.PROTO, proto), is_in(F.LENGTH, (header + size, _FITS)))
                for proto, size in L4_HEADERS.items()
            ),
            all_of(negate(is_in(F.PROTO, *L4_HEADERS)), is_in(F.LENGTH, (header, _FITS))),
        )


def _said(family: int, state: int, icmp: int) -> Pred:
    here, name = is_in(F.CTSTATE, state), STATES[state]
    nothing = is_in(F.PROTO, NONE) if family == 6 else FALSE  # behind the headers
    pings = [Packet(family, 1, 2, icmp, icmp_type=v) for v in range(256)]
    if name in ("ESTABLISHED", "RELATED"):
        never = [ping.icmp_type for ping in pings if _asked(ping) == _UNTRACKED]
        never += [p.icmp_type for p in pings if p.is_icmp_error and name == "ESTABLISHED"]
        lone = all_of(is_in(F.PROTO, icmp), is_in(F.ICMP_TYPE, *never))
        return all_of(here, negate(any_of(lone, nothing)))
    flags = [v for v in range(256) if _asked(Packet(family, 1, 2, TCP, 1, 2, flags=v)) == state]
    types = [ping.icmp_type for ping in pings if _asked(ping) == state]
    other = all_of(negate(is_in(F.PROTO, TCP, icmp)), negate(nothing))
    ways = [
        all_of(is_in(F.PROTO, TCP), is_in(F.TCP_FLAGS, *flags)),
        all_of(is_in(F.PROTO, icmp), is_in(F.ICMP_TYPE, *types)),
        *([other] if name == "NEW" else [nothing] if name == "INVALID" else []),
    ]
    return all_of(here, any_of(*ways))


def _asked(packet: Packet) -> int:
    return Conntrack().track(packet, 0.0, Told(outside=True)).state


def beginning(env: Env, came_by: bool) -> Env:
    """The fields as the host first sees them: no mark, no connection, no way yet. `came_by`: the
    packets come in, by the device of their own field; else the host sends them."""
    none = iface_value("")
    cases = {field: env.number(0) for field in _ZERO}
    cases |= {field: env.number(none) for field in _DEVICES[int(came_by) :]}
    return env.having(cases)


class Derived:
    """The fields that follow from others, at a hook."""

    def __init__(self, regions: Regions) -> None:
        self.regions = regions
        self.hook = "FORWARD"

    def __call__(self, env: Env, field: Field) -> Cases | None:
        """The field's value; None where it is the packet's own."""
        none = iface_value("")
        match field.name:
            case "headers":
                return env.number(1)
            case name if name in OF_PROTOCOLS:
                return _flag(env, OF_PROTOCOLS[name])
            case "bridged":
                return _flag(env, negate(is_in(F.PHYSOUT, none)))
            case "conntrack":
                return env.number(int(self.regions.ns.tracks(self.regions.family)))
            case "sender":
                sends = env.read(is_in(F.IN, none))
                return (Case(sends, PROCESS), Case(~sends, 0))
            case name if name in _DERIVED:
                return self._sampled(env, field)
        return None

    def _sampled(self, env: Env, field: Field) -> Cases:
        regions, hook = self.regions, self.hook

        def value(sample: Sample) -> int:
            return regions.view(sample, hook)[field.name]

        dims = [self._classes(name) for name in _DERIVED[field.name]]
        found = regions.answers((field.name, hook), dims, value, env, env.diagrams.true)
        return tuple(Case(where, n) for n, where in found.items() if isinstance(n, int))

    def _classes(self, name: str) -> tuple[Class, ...]:
        regions = self.regions
        match name:
            case "src":
                return regions.sources
            case "dst":
                return regions.destinations
            case "policy":
                return regions.policy
        return regions.of_devices(F.IN if name == "in" else F.OUT, regions.devices)


def _flag(env: Env, pred: Pred) -> Cases:
    holds = env.read(pred)
    return (Case(holds, 1), Case(~holds, 0))


def entrances(regions: Regions) -> Iterator[str]:
    """The devices by which packets come to a host: not lo, and no bridge whose ports are told."""
    ns = regions.ns
    for name, device in ns.devices.items():
        if device.kind != "loopback" and name != "lo" and not ns.ports(name) and device.up:
            yield name


def by_devices(names: Iterable[str]) -> Pred:
    """The packets that come in by one of these."""
    return any_of(*(is_in(F.IN, iface_value(name)) for name in names))
