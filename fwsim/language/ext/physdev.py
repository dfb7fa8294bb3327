"""physdev: the bridge ports by which the packet came and will leave.

Semantics: net/netfilter/xt_physdev.c. A packet that came by no bridge port matches if every option
used is negated. For one that did, a port it does not leave by fails --physdev-out even negated.
Text: libxt_physdev.c.
"""

from collections.abc import Iterator

from fwsim.language.core import interface
from fwsim.language.options import Context, Match, Option, Options, Shown, Unlist
from fwsim.language.types import Interface
from fwsim.model import fields as F
from fwsim.model.pred import Pred, all_of, any_of, is_in

_NO_OUTPUT = ("PREROUTING", "INPUT", "FORWARD", "POSTROUTING")


def _there(field: F.Field) -> Pred:
    return is_in(field, (1, field.top))


def _bridged(o: Options) -> Iterator[Pred]:
    """What is asked of a packet that came by a bridge port, as the kernel asks."""
    if "physdev-is-bridged" in o:
        yield o.sense("physdev-is-bridged", is_in(F.BRIDGED, 1))
    for name, field in (("physdev-is-in", F.PHYSIN), ("physdev-is-out", F.PHYSOUT)):
        if name in o:
            yield o.sense(name, _there(field))
    if "physdev-in" in o:
        yield o.sense("physdev-in", interface(F.PHYSIN, o["physdev-in"] or "+"))
    if "physdev-out" in o:
        yield _there(F.PHYSOUT)
        yield o.sense("physdev-out", interface(F.PHYSOUT, o["physdev-out"] or "+"))


def _matches(o: Options, _: Context) -> Pred:
    asked = all_of(*_bridged(o))
    if all(o.negated(name) for name in o):
        return any_of(is_in(F.PHYSIN, 0), asked)
    return all_of(_there(F.PHYSIN), asked)


def _check(o: Options, _: Context) -> None:
    if not o:
        raise ValueError("at least one option is required")


def _hooks(o: Options) -> tuple[str, ...]:
    outward = "physdev-out" in o or "physdev-is-out" in o
    only_bridged = "physdev-is-bridged" in o and not o.negated("physdev-is-bridged")
    return _NO_OUTPUT if outward and not only_bridged else ()


def _list(o: Options, _: Context, numeric: bool) -> str:
    text = "PHYSDEV match"
    for name in (option.name for option in _OPTIONS if option.name in o):
        value = f" {o[name]}" if isinstance(o[name], str) else ""
        text += f"{o.sign(name, ' !')} --{name}{value}"
    return text


_OPTIONS = (
    Option("physdev-is-in", negatable=True),
    Option("physdev-in", Interface(empty=True), negatable=True),
    Option("physdev-is-out", negatable=True),
    Option("physdev-out", Interface(empty=True), negatable=True),
    Option("physdev-is-bridged", negatable=True),
)
MATCH = Match(
    "physdev",
    _matches,
    options=_OPTIONS,
    hooks=_hooks,
    check=_check,
    listing=_list,
    unlist=Unlist(
        "PHYSDEV match",
        tuple(
            Shown(o.name, f"--{o.name} ") if o.type.arity else Shown(o.name, f"--{o.name}", "")
            for o in _OPTIONS
        ),
    ),
)
EXAMPLES = """
-m physdev --physdev-in veth0 ; =
-m physdev ! --physdev-in veth+ ; =
-m physdev --physdev-in + --physdev-out veth1 --physdev-is-bridged ; = ; filter FORWARD
-m physdev --physdev-is-b --physdev-is-in ; -m physdev --physdev-is-in --physdev-is-bridged
-m physdev ! --physdev-is-in ! --physdev-is-out ; = ; mangle POSTROUTING
-m physdev --physdev-out veth1 ; =
-m physdev --physdev-is-out --physdev-is-bridged ; = ; filter OUTPUT
-m physdev --physdev-in veth1 ; = ; filter OUTPUT
-m physdev --physdev-in "" -j ACCEPT ; -m physdev --physdev-in  -j ACCEPT ; filter INPUT lost
-m physdev --physdev-is-in -m physdev --physdev-is-b ; \
-m physdev --physdev-is-in -m physdev --physdev-is-bridged
-m physdev --physdev-out veth1 ; error ; filter OUTPUT
-m physdev --physdev-is-out ; error ; filter OUTPUT
-m physdev --physdev-is-out ! --physdev-is-bridged ; error ; filter OUTPUT
-m physdev --physdev-in 1234567890123456 ; error
-m physdev --physdev-in ; error
-m physdev ; error
"""
