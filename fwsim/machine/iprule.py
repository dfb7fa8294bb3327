"""What `ip -j rule` prints, as rules of policy routing (iproute2: ip/iprule.c names the fields)."""

from __future__ import annotations

from collections.abc import Iterable

from fwsim.machine.iproute import Entry, bits
from fwsim.machine.policy import USUAL, RouteRule
from fwsim.machine.words import say
from fwsim.model.errors import PacketError
from fwsim.model.packet import proto_number

_KNOWN = frozenset({
    "priority", "not", "src", "srclen", "dst", "dstlen", "tos", "dsfield", "fwmark", "fwmask",
    "iif", "oif", "iif_detached", "oif_detached", "uid_start", "uid_end", "ipproto", "sport",
    "sport_start", "sport_end", "dport", "dport_start", "dport_end", "table", "action", "goto",
    "nop", "suppress_prefixlen", "suppress_prefixlength", "protocol", "unresolved",
})  # fmt: skip


def in_order(rules: Iterable[RouteRule]) -> tuple[RouteRule, ...]:
    """The rules, in their order; those that every host has where none are told."""
    return tuple(sorted(rules, key=lambda rule: rule.priority)) or USUAL


def unmodelled(item: Entry) -> str:
    """What about a rule is left out here; empty if nothing is."""
    left = sorted(set(item.data) - _KNOWN)
    return say("ip_rule", number=item.number("priority"), names=", ".join(left)) if left else ""


def rule(item: Entry, family: int) -> RouteRule:
    """One rule."""
    action, target = item.text("action") or "table", 0
    if "goto" in item.data:
        action, target = "goto", item.number("goto")
    elif "nop" in item.data:
        action = "nop"
    uids = None
    if "uid_start" in item.data:
        uids = (item.number("uid_start"), item.number("uid_end"))
    return RouteRule(
        item.number("priority"), action, str(item.data.get("table", "")),
        _prefix(item, "src", family), _prefix(item, "dst", family),
        item.text("iif"), item.text("oif"), _mark(item), _tos(item), uids, _proto(item),
        _ports(item, "sport"), _ports(item, "dport"), "not" in item.data, _suppress(item), target,
    )  # fmt: skip


def _prefix(item: Entry, key: str, family: int) -> tuple[int, int]:
    if item.text(key) in ("", "all"):
        return 0, 0
    length = item.number(f"{key}len") if f"{key}len" in item.data else bits(family)
    if not 0 <= length <= bits(family):
        raise item.wrong(f"{key}len", f"expected 0 to {bits(family)}")
    return item.address(key, family), length


def _hex(item: Entry, key: str, default: int) -> int:
    text = item.text(key)
    try:
        return int(text, 0) if text else default
    except ValueError:
        raise item.wrong(key, "expected a number such as 0x1") from None


def _mark(item: Entry) -> tuple[int, int]:
    mask = _hex(item, "fwmask", 0xFFFFFFFF if "fwmark" in item.data else 0)
    return _hex(item, "fwmark", 0), mask


_CLASSES = {"lowdelay": 0x10, "throughput": 0x08, "reliability": 0x04, "mincost": 0x02}


def _tos(item: Entry) -> int:
    word = item.text("tos") or item.text("dsfield")
    return _CLASSES[word] if word in _CLASSES else _hex(item, "tos", 0)


def _proto(item: Entry) -> int:
    try:
        return proto_number(item.text("ipproto")) if item.text("ipproto") else 0
    except PacketError:
        raise item.wrong("ipproto", "expected a protocol") from None


def _ports(item: Entry, key: str) -> tuple[int, int]:
    if key in item.data:
        return (item.number(key),) * 2
    return item.number(f"{key}_start"), item.number(f"{key}_end")


def _suppress(item: Entry) -> int:
    for key in ("suppress_prefixlen", "suppress_prefixlength"):
        if key in item.data:
            return item.number(key)
    return -1
