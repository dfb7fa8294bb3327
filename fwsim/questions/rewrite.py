"""Rules for a packet: one that missed it, rewritten in its own words, or one made from it."""

from __future__ import annotations

from typing import Any

from fwsim.language.core import interface, network, whole
from fwsim.language.options import Given, Options, Use
from fwsim.language.ruleset import Is, Rule
from fwsim.language.types import AddressMask
from fwsim.machine.view import View
from fwsim.model import fields as F
from fwsim.model.frozen import replace
from fwsim.model.names import proto_text
from fwsim.model.pred import Pred
from fwsim.readings.concrete import compile_pred

_NAMES = {"src": "src", "dst": "dst", "in_": "in", "out": "out"}  # of options: of fields
_PORTS = ("sport", "dport")


def rewritten(rule: Rule, view: View) -> Rule | None:
    """The rule with each device, address and port that this packet misses replaced by its own,
    everywhere in the rule; None where that has no one meaning. A device gives way only to one of
    its kind: what holds for a bridge is not meant for an uplink."""
    renamed: dict[Any, Any] = {}
    for name in _NAMES:
        option = getattr(rule, name)
        if option is None or option.negated or compile_pred(_asks(rule, name))(view):
            continue
        own = _own(name, option.value, view)
        if own is None or renamed.setdefault(option.value, own) != own:
            return None
    matches = tuple(_for_ports(use, view) for use in rule.matches if use.ext.name != "comment")
    core: dict[str, Any] = {n: _renamed(getattr(rule, n), renamed) for n in _NAMES}
    return replace(rule, **core, matches=matches, counters=(0, 0), span=None)


def _asks(rule: Rule, name: str) -> Pred:
    value = getattr(rule, name).value
    if name in ("in_", "out"):
        return interface(F.IN if name == "in_" else F.OUT, value)
    return network((F.SRC if name == "src" else F.DST)[rule.family], *value)


def _renamed(option: Is[Any] | None, renamed: dict[Any, Any]) -> Is[Any] | None:
    return option and option._replace(value=renamed.get(option.value, option.value))


def _own(name: str, value: Any, view: View) -> Any:
    if name in ("in_", "out"):
        there, mine = view.ns.devices.get(value), view.ns.devices.get(view.device(_NAMES[name]))
        return mine.name if there and mine and there.kind == mine.kind else None
    return _network_of(view, view[name], single=value == whole(view.packet.family, value[0]))


def _network_of(view: View, address: int, single: bool) -> tuple[int, int]:
    """The address's own network among the host's, where a network is asked for; else itself."""
    family = view.packet.family
    for _, own in () if single else view.ns.addresses(family):
        host = (1 << (32 if family == 4 else 128) - own.length) - 1
        if own.value | host == address | host:
            return address & ~host, whole(family, 0)[1] & ~host
    return whole(family, address)


def _for_ports(use: Use, view: View) -> Use:
    if use.ext.name not in ("tcp", "udp"):
        return use
    given = dict(use.options.given)
    for name in _PORTS:
        port = view[name]
        if name in given and not given[name].negated and not _within(port, given[name].value):
            given[name] = Given((port, port))
    return Use(use.ext, Options(given))


def _within(port: int, span: tuple[int, int]) -> bool:
    return span[0] <= port <= span[1]


def reply_rule(view: View) -> str:
    """A rule for all that belongs to known connections, on the packet's own way."""
    which = "-o" if view.device("out") else "-i"
    device = view.device("out") or view.device("in")
    return f"{which} {device} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"


def made_from(view: View, target: str = "ACCEPT") -> str:
    """A rule for just such packets."""
    return " ".join([*words_of(view).values(), "-j", target])


def words_of(view: View) -> dict[str, str]:
    """What a rule for just such packets asks for, by its options (`-s`, `-d`, `-i`, `-o`, `-p`)."""
    packet, words = view.packet, {}
    for flag, address in (("-s", packet.src), ("-d", packet.dst)):
        text = AddressMask().write(whole(packet.family, address), packet.family)
        words[flag] = f"{flag} {text}"
    for flag, which in (("-i", "in"), ("-o", "out")):
        if view.device(which):
            words[flag] = f"{flag} {view.device(which)}"
    words["-p"] = f"-p {proto_text(packet.proto)}"
    if packet.has_ports:
        reply = bool(view["ct_dir"])
        name = _PORTS[not reply]
        words["-p"] += f" --{name} {view[name]}"
    return words
