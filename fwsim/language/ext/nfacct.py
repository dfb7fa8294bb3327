"""nfacct: count the packet for an accounting object; matches if that has no quota, or is over it.

Semantics: net/netfilter/xt_nfacct.c, nfnetlink_acct.c; text: libxt_nfacct.c. What object there is
and which quota it has, no dump tells.
"""

from fwsim.language.options import Context, Match, Option, Options, fact
from fwsim.language.types import Text
from fwsim.language.values import quoted
from fwsim.model.pred import Pred
from fwsim.model.tuples import NamedTuple


class _Name(NamedTuple):
    """Any text but an empty one or one of several lines, cut to 31 bytes."""

    arity: int = 1

    def read(self, words: list[str], context: Context) -> str:
        """The name."""
        if "\n" in words[0]:
            raise ValueError("expected a name of one line")
        return Text(longest=31, shortest=1).read(words, context)

    def write(self, value: str, family: int) -> str:
        """With one blank more than others before it."""
        return f" {quoted(value)}"


def _matches(o: Options, c: Context) -> Pred:
    name = o["nfacct-name"]
    return fact(c, f"nfacct {name}", f"the accounting object {name} has no quota or is over it")


MATCH = Match(
    "nfacct",
    _matches,
    options=(Option("nfacct-name", _Name(), required=True),),
    listing=lambda o, c, numeric: f"nfacct-name  {quoted(o['nfacct-name'])}",
)
EXAMPLES = rf"""
-m nfacct --nfacct-name=acct1 ; -m nfacct --nfacct-name  acct1
-m nfacct --nfacct-name "a\"b c" ; -m nfacct --nfacct-name  "a\"b c"
-m nfacct --nfacct-name {"x" * 40} ; -m nfacct --nfacct-name  {"x" * 31}
-m nfacct --nfacct-name "" ; error
-m nfacct --nfacct-name ; error
-m nfacct ! --nfacct-name acct1 ; error
-m nfacct --nfacct-name acct1 --nfacct-name acct1 ; error
-m nfacct ; error
"""
