"""recent: lists of addresses that were seen, and when.

Semantics: net/netfilter/xt_recent.c; text: libxt_recent.c. Rules of both families share a list of
the same name, and the first one's mask counts. Lists are empty at first: no dump tells what a
running host's hold.
"""

from collections.abc import Hashable
from types import MappingProxyType

from fwsim.language.ext._memory import ListName
from fwsim.language.ext._sightings import Recent, Sight, asked, times_kept
from fwsim.language.options import Context, Match, Option, Options, Shown, Unlist, fact
from fwsim.language.types import Flag, Host, Kin, UInt
from fwsim.language.values import bits_of
from fwsim.model.facts import Facts
from fwsim.model.jiffies import jiffies
from fwsim.model.pred import FALSE, TRUE, Pred, all_of, any_of

_OPERATIONS = {"set": "SET", "rcheck": "CHECK", "update": "UPDATE", "remove": "REMOVE"}
_TITLES = {"seconds": "seconds:", "reap": "reap", "hitcount": "hit_count:", "rttl": "TTL-Match"}


def _operation(o: Options) -> str:
    return next(name for name in _OPERATIONS if name in o)


def _list_name(o: Options) -> str:
    return str(o.get("name", "DEFAULT"))


def _mask(o: Options, family: int) -> int:
    return int(o.get("mask", (1 << bits_of(family)) - 1))


def _shared_mask(first: Kin, family: int) -> int:
    """The mask that the list's first rule gave it. One of IPv4 covers IPv6's first 32 bits."""
    if first.family == family:
        return _mask(first.options, family)
    if "mask" not in first.options:
        return (1 << bits_of(family)) - 1
    mask = int(first.options["mask"])
    return mask << 96 if family == 6 else mask >> 96


def _side(o: Options) -> str:
    return next((name for name in reversed(tuple(o)) if name in ("rsource", "rdest")), "rsource")


def _shares(o: Options, family: int) -> tuple[Hashable, ...]:
    return (("recent", _list_name(o)),)


def _matches(o: Options, c: Context) -> Pred:
    (scope,) = _shares(o, c.family)
    kin = c.kin.get(scope, (Kin(c.family, "recent", o),))
    mask = _shared_mask(kin[0], c.family)
    room = max(times_kept(one.options.get("hitcount", 0)) for one in kin)
    operation, destination = _operation(o), _side(o) == "rdest"

    def step(facts: Facts, memory: Recent | None) -> tuple[bool, Recent]:
        packet = facts.packet
        key = (c.family, (packet.dst if destination else packet.src) & mask)
        one = Sight(key, _ttl(facts), jiffies(facts))
        return asked(o, memory or MappingProxyType({}), one, room)

    why = _why(o, "destination" if destination else "source")
    holds = fact(c, f"recent {_list_name(o)} {operation}", why, step, scope)
    if operation == "set":  # always holds, and remembers
        return all_of(holds, FALSE) if o.negated("set") else any_of(holds, TRUE)
    return o.sense(operation, holds)


def _ttl(facts: Facts) -> int:
    """As it was before forwarding."""
    routed = facts.device("out") and facts.hook != "OUTPUT" and facts.device("in")
    return facts["ttl"] + bool(routed) & 0xFF


def _why(o: Options, side: str) -> str:
    on = f"its {side} is on the list {_list_name(o)}"
    if "set" in o:
        return f"its {side} is put on the list {_list_name(o)}"
    if hits := o.get("hitcount", 0):
        on += f", seen {hits} times"
    return on + (f" in the last {o['seconds']} s" if "seconds" in o else "")


def _check(o: Options, _: Context) -> None:
    if "reap" in o and "seconds" not in o:
        raise ValueError("--reap needs --seconds")
    modifiers = [n for n in ("seconds", "hitcount", "reap", "rttl") if o.get(n)]
    if modifiers and _operation(o) in ("set", "remove"):
        raise ValueError(f"--{modifiers[0]} goes with --rcheck or --update")


def _signed(value: int) -> int:
    """iptables 1.8.9 writes these as C ints."""
    return value - (1 << 32) if value >> 31 else value


def _save(o: Options, c: Context) -> str:
    operation = _operation(o)
    words = [f"{o.sign(operation)}--{operation}"]
    for name in ("seconds", "reap", "hitcount", "rttl"):
        if o.get(name):
            words.append(f"--{name}" + ("" if o[name] is True else f" {_signed(o[name])}"))
    mask = Host().write(_mask(o, c.family), c.family)
    return " ".join([*words, f"--name {_list_name(o)} --mask {mask} --{_side(o)}"])


def _list(o: Options, c: Context, numeric: bool) -> str:
    operation = _operation(o)
    text = f"{o.sign(operation)}recent: {_OPERATIONS[operation]}"
    for name, title in _TITLES.items():
        if o.get(name):
            text += f" {title}" + ("" if o[name] is True else f" {_signed(o[name])}")
    mask = Host().write(_mask(o, c.family), c.family)
    return f"{text} name: {_list_name(o)} side: {_side(o)[1:]} mask: {mask}"


def _shown(text: str, _: Context) -> list[str]:
    """The options of a listing, in the order that it has."""
    operation, _blank, rest = text.partition(" ")
    names = {title: name for name, title in _OPERATIONS.items()}
    words = [f"--{names.get(operation, operation)}"]
    for name, title in (*_TITLES.items(), ("name", "name:"), ("side", "side:"), ("mask", "mask:")):
        if not rest.startswith(title):
            continue
        rest = rest.removeprefix(title).strip()
        if name in ("reap", "rttl"):
            words.append(f"--{name}")
            continue
        value, _blank, rest = rest.partition(" ")
        words += [f"--r{value}"] if name == "side" else [f"--{name}", value]
    return words


MATCH = Match(
    "recent",
    _matches,
    options=(
        *(Option(name, Flag(), negatable=True, choice="operation") for name in _OPERATIONS),
        Option("seconds", UInt(1)),
        Option("reap"),
        Option("hitcount", UInt(0, 65535)),
        Option("rttl"),
        Option("name", ListName(199)),
        Option("rsource"),
        Option("rdest"),
        Option("mask", Host()),
    ),
    check=_check,
    regular=("name",),
    shares=_shares,
    save=_save,
    listing=_list,
    unlist=Unlist("", (Shown("set", "recent: ", r"[A-Z]+ .*? mask: \S+", words=_shown),)),
)
_ALL = "--mask 255.255.255.255 --rsource"
EXAMPLES = """
-m recent --set --seconds 5 ; error
-m recent --set --hitcount 5 ; error
-m recent --set --rttl ; error
-m recent --remove --rttl ; error
-m recent --remove --seconds 4 ; error
-m recent --set --rcheck ; error
-m recent --update --seconds 0 ; error
-m recent --update --reap ; error
-m recent --rcheck --hitcount 65536 ; error
-m recent --remove --name "" ; error
-m recent --remove --name a/b ; error
-m recent --remove --name . ; error
-m recent --set --mask x ; error
-m recent ! --rttl --rcheck ; error
-m recent ! --name x --rcheck ; error
-m recent --seconds 60 ; error
-m recent ; error
"""
EXAMPLES4 = f"""
-m recent --set ; -m recent --set --name DEFAULT {_ALL}
-m recent ! --set ; -m recent ! --set --name DEFAULT {_ALL}
-m recent --rcheck --seconds 60 --hitcount 4 --rttl --name ssh --rsource ; \
-m recent --rcheck --seconds 60 --hitcount 4 --rttl --name ssh {_ALL}
-m recent --update --reap --seconds 60 --rdest ; \
-m recent --update --seconds 60 --reap --name DEFAULT --mask 255.255.255.255 --rdest
-m recent ! --update --hitcount 0 ; -m recent ! --update --name DEFAULT {_ALL}
-m recent ! --remove --name {"x" * 201} ; -m recent ! --remove --name {"x" * 199} {_ALL}
-m recent --rcheck --hitcount 65535 ; -m recent --rcheck --hitcount 65535 --name DEFAULT {_ALL}
-m recent --set --rsource --rdest ; \
-m recent --set --name DEFAULT --mask 255.255.255.255 --rdest
-m recent --set --rdest --rsource ; -m recent --set --name DEFAULT {_ALL}
-m recent --set --mask 255.0.255.0 ; -m recent --set --name DEFAULT --mask 255.0.255.0 --rsource
-m recent --set --mask 24 ; -m recent --set --name DEFAULT --mask 0.0.0.24 --rsource
-m recent --rcheck --seconds 4294967295 ; \
-m recent --rcheck --seconds -1 --name DEFAULT {_ALL} ; filter INPUT lost
-m recent --rcheck --seconds 2147483648 --name "a b" ; \
-m recent --rcheck --seconds -2147483648 --name a b {_ALL} ; filter INPUT lost
-m recent --set -m recent --name x --rcheck ; \
-m recent --set --name DEFAULT {_ALL} -m recent --rcheck --name x {_ALL}
"""
EXAMPLES6 = """
-m recent --set ; \
-m recent --set --name DEFAULT --mask ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff --rsource
-m recent --update --rdest --mask ffff:ffff:: ; \
-m recent --update --name DEFAULT --mask ffff:ffff:: --rdest
-m recent --set --mask 255.255.255.0 ; error
"""
