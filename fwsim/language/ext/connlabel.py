"""connlabel: one of 128 labels of the connection, asked for or stuck on.

Semantics: net/netfilter/xt_connlabel.c. Where there is no connection to label nothing is found.
With --set a label that is missing is added, and the match holds either way. Text: libxt_connlabel.c
Labels have names in /etc/xtables/connlabel.conf, which no dump tells: here they are numbers.
"""

import re
from typing import Any

from fwsim.language.ext._tracked import TRACKED
from fwsim.language.options import Context, Match, Option, Options, Shown, Unlist, fact
from fwsim.model import fields as F
from fwsim.model.facts import Facts
from fwsim.model.pred import OfConnection, Pred, all_of, masked
from fwsim.model.tuples import NamedTuple

_NUMBER = re.compile(r"\s*([+-]?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)")


class _Label(NamedTuple):
    """A label's number. It goes through an int and 16 bits: 65537 is 1."""

    arity: int = 1

    def read(self, words: list[str], context: Context) -> int:
        """0 to 127"""
        found = _NUMBER.fullmatch(words[0])
        if found is None:
            raise ValueError(
                "a label by its number: its name stands in /etc/xtables/connlabel.conf, which no "
                "dump tells"
            )
        sign, digits = found.groups()
        octal = digits[0] == "0" and digits.isdecimal()
        value = int(digits, 8 if octal else 0)
        value = -value % 2**64 if sign == "-" else min(value, 2**64 - 1)
        if value & 0x80000000 or value & 0xFFFF > 127:
            raise ValueError("expected a label from 0 to 127")
        return value & 0xFFFF

    def write(self, value: int, family: int) -> str:
        """Always in quotes."""
        return f'"{value}"'


def _set(bit: int) -> Any:
    def step(facts: Facts, labels: int | None) -> tuple[bool, int]:
        return True, (labels or 0) | bit

    return step


def _matches(o: Options, c: Context) -> Pred:
    label = o["label"]
    bit = 1 << label
    labelled = masked(F.CT_LABELS, bit, bit)
    if "set" in o:
        why = f"the connection is given label {label}"
        labelled = fact(c, f"connlabel {label}", why, _set(bit), OfConnection("labels"))
    return o.sense("label", all_of(TRACKED, labelled))


def _list(o: Options, _: Context, numeric: bool) -> str:
    return f"connlabel{o.sign('label', ' !')} {o['label']}{' set' if 'set' in o else ''}"


MATCH = Match(
    "connlabel",
    _matches,
    options=(Option("label", _Label(), negatable=True, required=True), Option("set")),
    listing=_list,
    unlist=Unlist("connlabel", (Shown("label", ""), Shown("set", "set", ""))),
)
EXAMPLES = """
-m connlabel --label 1 ; -m connlabel --label "1"
-m connlabel --label 0x10 --set ; -m connlabel --label "16" --set ; raw PREROUTING
-m connlabel ! --label "5" --set ; = ; mangle FORWARD
-m connlabel --set --label 0177 ; -m connlabel --label "127" --set ; nat OUTPUT
-m connlabel --label 65537 ; -m connlabel --label "1"
-m connlabel --label -4294967294 ; -m connlabel --label "2"
-m connlabel --label " +7" ; -m connlabel --label "7"
-m connlabel --label 128 ; error
-m connlabel --label 2147483648 ; error
-m connlabel --label 18446744073709551617 ; error
-m connlabel --label -1 ; error
-m connlabel --label eth0-in ; error
-m connlabel --label 09 ; error
-m connlabel --label "" ; error
-m connlabel ; error
-m connlabel --set ; error
-m connlabel --label 1 ! --set ; error
"""
