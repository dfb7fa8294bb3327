"""helper: the connection is one that a conntrack helper foresaw, such as FTP's data connection.

Semantics: net/netfilter/xt_helper.c: the helper is that of the connection that it was expected by;
any helper will do for an empty name, else one that the name begins with. Text: libxt_helper.c.
"""

from typing import Any

from fwsim.language.options import Context, Match, Option, Options, Shown, Unlist, fact
from fwsim.language.types import Text
from fwsim.model import fields as F
from fwsim.model.facts import Facts
from fwsim.model.names import STATUS
from fwsim.model.pred import Pred, all_of, masked

_EXPECTED = STATUS["EXPECTED"]


def _by(name: str) -> Any:
    def step(facts: Facts, _: None) -> tuple[bool, None]:
        own = facts.connection.foreseen if facts.connection else ""
        return bool(own) and (not name or name.startswith(own)), None

    return step


def _matches(o: Options, c: Context) -> Pred:
    name = o["helper"]
    why = f"helper {name or 'whatever'} expected the connection"
    by = fact(c, f"helper {name}".strip(), why, _by(name))
    return o.sense("helper", all_of(masked(F.CT_STATUS, _EXPECTED, _EXPECTED), by))


def _list(o: Options, _: Context, numeric: bool) -> str:
    return f'helper match {o.sign("helper")}"{o["helper"]}"'


MATCH = Match(
    "helper",
    _matches,
    options=(Option("helper", Text(29), negatable=True, required=True),),
    listing=_list,
    unlist=Unlist("helper match", (Shown("helper", '"', ".{0,29}?", '"'),)),
)
EXAMPLES = """
-m helper --helper ftp ; =
-m helper ! --helper ftp ; = ; mangle PREROUTING
-m helper --helper "ftp-2121" ; -m helper --helper ftp-2121 ; raw PREROUTING
-m helper --helper "" ; =
-m helper --helper "a b" ; =
-m helper --helper Q.931 ; -m helper --helper "Q.931"
-m helper --helper 1234567890123456789012345678901234 ; \
-m helper --helper 12345678901234567890123456789
-m helper --helper ; error
-m helper ; error
"""
