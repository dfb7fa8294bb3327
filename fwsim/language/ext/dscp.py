"""dscp: the upper six bits of the TOS byte, read by -m dscp and written by -j DSCP.

Semantics: net/netfilter/xt_dscp.c, xt_DSCP.c; text: libxt_dscp.c, libxt_DSCP.c, where a class is
the first whose whole name the word begins with.
"""

from fwsim.language.options import Context, Match, Option, Options, Shown, Target, Unlist
from fwsim.language.types import UInt
from fwsim.model import fields as F
from fwsim.model.actions import Assign
from fwsim.model.pred import Pred, masked
from fwsim.model.tuples import NamedTuple

_CLASSES = (
    {f"CS{n}": 8 * n for n in range(8)}
    | {"BE": 0}
    | {f"AF{n}{drop}": 8 * n + 2 * drop for n in range(1, 5) for drop in range(1, 4)}
    | {"EF": 0x2E}
)
_MASK = 0xFC


class _Class(NamedTuple):
    """A DiffServ class by name."""

    arity: int = 1

    def read(self, words: list[str], context: Context) -> int:
        """Its code point."""
        for name, value in _CLASSES.items():
            if words[0].upper().startswith(name):
                return value
        raise ValueError("expected one of CS0 to CS7, BE, AF11 to AF43, EF")

    def write(self, value: int, family: int) -> str:
        """The number."""
        return f"0x{value:02x}"


def _matches(o: Options, _: Context) -> Pred:
    ((option, value),) = o.items()
    return o.sense(option, masked(F.TOS, value << 2, _MASK))


def _save(o: Options, _: Context) -> str:
    ((option, value),) = o.items()
    return f"{o.sign(option)}--dscp 0x{value:02x}"


def _list(o: Options, _: Context, numeric: bool) -> str:
    ((option, value),) = o.items()
    return f"DSCP match {o.sign(option, '!')}0x{value:02x}"


def _set(o: Options, _: Context) -> tuple[Assign]:
    (value,) = o.values()
    return (Assign(F.TOS, _MASK, value << 2),)


MATCH = Match(
    "dscp",
    _matches,
    options=(
        Option("dscp", UInt(0, 63), negatable=True, choice="dscp"),
        Option("dscp-class", _Class(), negatable=True, choice="dscp"),
    ),
    save=_save,
    listing=_list,
    unlist=Unlist("DSCP match", (Shown("dscp", ""),)),
)
TARGET = Target(
    "DSCP",
    _set,
    options=(
        Option("set-dscp", UInt(0, 63), choice="dscp"),
        Option("set-dscp-class", _Class(), choice="dscp"),
    ),
    tables=("mangle",),
    save=lambda o, _: "--set-dscp 0x{:02x}".format(*o.values()),
    listing=lambda o, _, numeric: "DSCP set 0x{:02x}".format(*o.values()),
    unlist=Unlist("DSCP set", (Shown("set-dscp", ""),)),
)
EXAMPLES = """
-m dscp --dscp 0x3f ; =
-m dscp ! --dscp 10 ; -m dscp ! --dscp 0x0a
-m dscp --dscp-class EF ; -m dscp --dscp 0x2e
-m dscp ! --dscp-class af43 ; -m dscp ! --dscp 0x26 ; raw PREROUTING
-m dscp --dscp-class CS7plus ; -m dscp --dscp 0x38
-m dscp --dscp-class BE ; -m dscp --dscp 0x00
-m dscp --dscp-class AF11 ; -m dscp --dscp 0x0a
-m dscp --dscp-class AF1 ; error
-m dscp --dscp-class CS8 ; error
-m dscp --dscp-class "" ; error
-m dscp --dscp 64 ; error
-m dscp --dscp EF ; error
-m dscp --dscp 5 --dscp-class BE ; error
-m dscp ; error
-j DSCP --set-dscp 0x2e ; = ; mangle PREROUTING
-j DSCP --set-dscp 10 ; -j DSCP --set-dscp 0x0a ; mangle OUTPUT
-j DSCP --set-dscp-class cs1 ; -j DSCP --set-dscp 0x08 ; mangle POSTROUTING
-j DSCP --set-dscp 64 ; error ; mangle PREROUTING
-j DSCP --set-dscp-class XX ; error ; mangle PREROUTING
-j DSCP --set-dscp-class EF --set-dscp 1 ; error ; mangle PREROUTING
-j DSCP ! --set-dscp 1 ; error ; mangle PREROUTING
-j DSCP ; error ; mangle PREROUTING
-j DSCP --set-dscp 1 ; error
"""
