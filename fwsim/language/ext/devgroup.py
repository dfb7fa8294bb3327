"""devgroup: the group (`ip link set … group`) of the device it came in by or leaves by.

Semantics: net/netfilter/xt_devgroup.c; text: libxt_devgroup.c.
"""

from fwsim.language.ext._named import NamedMask
from fwsim.language.options import Context, Match, Option, Options, Shown, Unlist
from fwsim.model import fields as F
from fwsim.model.pred import Pred, all_of, masked

_TYPE = NamedMask({"default": 0})
_FIELDS = {"src-group": F.IN_GROUP, "dst-group": F.OUT_GROUP}
_HOOKS = {
    "src-group": ("PREROUTING", "INPUT", "FORWARD"),
    "dst-group": ("FORWARD", "OUTPUT", "POSTROUTING"),
}


def _in_group(field: F.Field, value: int, mask: int) -> Pred:
    return masked(field, value & mask, mask)


def _matches(o: Options, _: Context) -> Pred:
    return all_of(
        *(o.sense(name, _in_group(_FIELDS[name], *o[name])) for name in _FIELDS if name in o)
    )


def _check(o: Options, _: Context) -> None:
    if not o:
        raise ValueError("--src-group or --dst-group is needed")


def _hooks(o: Options) -> tuple[str, ...]:
    return tuple(
        h
        for h in ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING")
        if all(h in _HOOKS[n] for n in o)
    )


def _list(o: Options, _: Context, numeric: bool) -> str:
    return " ".join(
        f"{o.sign(name)}{name} {_TYPE.listed(o[name], numeric)}" for name in _FIELDS if name in o
    )


MATCH = Match(
    "devgroup",
    _matches,
    options=tuple(Option(name, _TYPE, negatable=True) for name in _FIELDS),
    hooks=_hooks,
    check=_check,
    listing=_list,
    unlist=Unlist("(?=(?:! )?(?:src|dst)-group)", tuple(Shown(n, f"{n} ") for n in _FIELDS)),
)
EXAMPLES = """
-m devgroup --src-group 5 ; -m devgroup --src-group 0x5
-m devgroup ! --src-group 0x1/0x3 ; =
-m devgroup --src-group 0x7/0x3 ; =
-m devgroup --src-group 0 ; -m devgroup --src-group default
-m devgroup --src-group default ; =
-m devgroup --src-group 0/0xff ; -m devgroup --src-group 0x0/0xff
-m devgroup --src-group 9/0xffffffff ; -m devgroup --src-group 0x9
-m devgroup --dst-group 7 ; -m devgroup --dst-group 0x7 ; mangle POSTROUTING
-m devgroup ! --dst-group 2 --src-group 1 ; -m devgroup --src-group 0x1 ! --dst-group 0x2 ; \
filter FORWARD
-m devgroup --dst-group 1 ; error
-m devgroup --src-group 1 ; error ; filter OUTPUT
-m devgroup --src-group 1 --dst-group 1 ; error ; mangle PREROUTING
-m devgroup --src-group nosuch ; error
-m devgroup --src-group 1/ ; error
-m devgroup --src-group default/1 ; error
-m devgroup --src-group 4294967296 ; error
-m devgroup --src-group ; error
-m devgroup ; error
"""
