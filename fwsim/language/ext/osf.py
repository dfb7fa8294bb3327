"""osf: the sender's system, guessed from its SYN (passive fingerprinting). What a host knows of
fingerprints is not told by its rules.

Semantics: net/netfilter/nfnetlink_osf.c (nf_osf_match), xt_osf.c, which take no notice of a `!`,
and with --log of no name; only a SYN shows anything. Text: libxt_osf.c.
"""

from fwsim.language.options import Context, Match, Option, Options, Shown, Unlist, fact
from fwsim.language.types import Text, UInt
from fwsim.model import fields as F
from fwsim.model.names import PROTOCOLS, TCP_FLAGS
from fwsim.model.pred import Pred, all_of, is_in, masked
from fwsim.model.tuples import NamedTuple


class _Genre(NamedTuple):
    """A system's name, cut to 31 bytes and written without quotes, whatever stands in it."""

    arity: int = 1

    def read(self, words: list[str], context: Context) -> str:
        """The name."""
        return Text(31).read(words, context)

    def write(self, value: str, family: int) -> str:
        """Linux"""
        return value


def _matches(o: Options, c: Context) -> Pred:
    system = "any system" if "log" in o else o["genre"]
    known = fact(c, f"osf {system}", f"its SYN has a fingerprint of {system}")
    opens = masked(F.TCP_FLAGS, TCP_FLAGS["SYN"], TCP_FLAGS["SYN"])
    return all_of(is_in(F.L4_HEADER, 1), opens, known)


def _list(o: Options, _: Context, numeric: bool) -> str:
    return f"OS fingerprint match {o.sign('genre')}{o['genre']}"


_LOST = "what osf says of TTLs and of its log (--ttl, --log)"
MATCH = Match(
    "osf",
    _matches,
    options=(
        Option("genre", _Genre(), negatable=True, required=True),
        Option("ttl", UInt(0, 2)),
        Option("log", UInt(0, 2)),
    ),
    families=(4,),
    protos=(PROTOCOLS["tcp"],),
    hooks=("PREROUTING", "INPUT", "FORWARD"),
    listing=_list,
    unlist=Unlist("", (Shown("genre", "OS fingerprint match ", lost=_LOST),)),
)
EXAMPLES4 = """
-p tcp -m osf --genre Linux ; =
-p tcp -m osf --log 0 --ttl 0x2 ! --genre Windows ; -p tcp -m osf ! --genre Windows --ttl 2 --log 0
-p tcp -m osf --genre abcdefghijklmnopqrstuvwxyzabcdefgh --ttl 0 ; -p tcp -m osf --genre abcdefghijklmnopqrstuvwxyzabcde --ttl 0 ; filter FORWARD
-p tcp -m osf --genre "a b" --log 1 ; -p tcp -m osf --genre a b --log 1 ; raw PREROUTING lost
-p tcp -m osf --genre "" -j ACCEPT ; -p tcp -m osf --genre  -j ACCEPT ; filter INPUT lost
-p tcp -m osf --genre Linux --ttl 3 ; error
-p tcp -m osf --genre Linux --log 3 ; error
-p tcp -m osf --genre Linux ! --ttl 1 ; error
-p tcp -m osf --genre ; error
-p tcp -m osf ; error
-p udp -m osf --genre Linux ; error
-m osf --genre Linux ; error
-p tcp -m osf --genre Linux ; error ; filter OUTPUT
-p tcp -m osf --genre Linux ; error ; mangle POSTROUTING
"""  # noqa: E501 (an example is a line)
