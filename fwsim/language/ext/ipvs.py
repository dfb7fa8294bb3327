"""ipvs: the packet belongs to a connection of the kernel's load balancer.

Semantics: net/netfilter/xt_ipvs.c; text: libxt_ipvs.c. What IPVS knows is not in the rules.
"""

from fwsim.language.ext._anywhere import shown_anywhere
from fwsim.language.options import Context, Match, Option, Options, Shown, Unlist, fact
from fwsim.language.types import HostMask, OneOf, ProtocolNumber
from fwsim.language.values import resolved_port
from fwsim.model import fields as F
from fwsim.model.pred import Pred, all_of, is_in
from fwsim.model.tuples import NamedTuple


class _Port(NamedTuple):
    """A port as XTTYPE_PORT reads it."""

    arity: int = 1

    def read(self, words: list[str], context: Context) -> int:
        """Its number."""
        return resolved_port(words[0]) if words[0] else 0

    def write(self, value: int, family: int) -> str:
        """80"""
        return str(value)


def _check(o: Options, _: Context) -> None:
    if not o:
        raise ValueError("at least one option is required")
    if o.negated("ipvs") and len(o) > 1:
        raise ValueError("! --ipvs does not go with other options")


def _matches(o: Options, c: Context) -> Pred:
    belongs = fact(c, "ipvs", "it belongs to an IPVS connection")
    if set(o) == {"ipvs"}:
        return o.sense("ipvs", belongs)
    asked: list[Pred] = [belongs]
    for option in _OPTIONS[1:]:
        if option.name in o:
            asked.append(o.sense(option.name, _detail(option, o, c)))
    return all_of(*asked)


def _detail(option: Option, o: Options, c: Context) -> Pred:
    if option.name == "vproto":
        return is_in(F.PROTO, o["vproto"])
    text = f"{option.name} {option.type.write(o[option.name], c.family)}"
    return fact(c, f"ipvs {text}", f"its IPVS connection has {text}")


def _words(o: Options, c: Context, prefix: str, numeric: bool) -> str:
    text = ""
    for option in _OPTIONS:
        if option.name not in o or (option.name == "ipvs" and len(o) > 1):
            continue
        value = option.type.write(o[option.name], c.family)
        if option.name == "vaddr" and not numeric and not o["vaddr"][0]:
            value = "anywhere"
        text += f"{o.sign(option.name, ' !')} {prefix}{option.name} {value}".rstrip()
    return text.strip()


_OPTIONS = (
    Option("ipvs", negatable=True),
    Option("vproto", ProtocolNumber(), negatable=True),
    Option("vaddr", HostMask(), negatable=True),
    Option("vport", _Port(), negatable=True),
    Option("vdir", OneOf(("ORIGINAL", "REPLY"), fold=True)),
    Option("vmethod", OneOf(("GATE", "IPIP", "MASQ"), fold=True), negatable=True),
    Option("vportctl", _Port(), negatable=True),
)


MATCH = Match(
    "ipvs",
    _matches,
    options=_OPTIONS,
    check=_check,
    save=lambda o, c: _words(o, c, "--", numeric=True),
    listing=lambda o, c, numeric: _words(o, c, "", numeric),
    unlist=Unlist(
        "",
        (
            Shown("ipvs", "ipvs", ""),
            shown_anywhere("vaddr"),
            *(Shown(option.name, f"{option.name} ") for option in _OPTIONS[1:]),
        ),
    ),
)
EXAMPLES = """
-m ipvs --ipvs ; =
-m ipvs ! --ipvs ; =
-m ipvs --ipvs --vport 80 ; -m ipvs --vport 80
-m ipvs --vportctl ftp ! --vmethod masq --vdir reply ! --vport http --vproto tcp ; -m ipvs --vproto 6 ! --vport 80 --vdir REPLY ! --vmethod MASQ --vportctl 21
-m ipvs ! --vproto 17 ! --vportctl 070000 --vmethod GATE ; -m ipvs ! --vproto 17 --vmethod GATE ! --vportctl 4464
-m ipvs --vdir ORIGINAL --vmethod IPIP ; =
-m ipvs --vport 0 ; =
-m ipvs ! --ipvs --vport 80 ; error
-m ipvs ! --vdir REPLY ; error
-m ipvs --vdir REP ; error
-m ipvs --vmethod NAT ; error
-m ipvs --vport 0x50 ; error
-m ipvs --vproto 256 ; error
-m ipvs --vport 1 --vport 1 ; error
-m ipvs --vport ; error
-m ipvs ; error
"""  # noqa: E501 (an example is a line)
EXAMPLES4 = """
-m ipvs --vaddr 10.0.0.1 ; =
-m ipvs ! --vaddr 10.0.0.1/8 ; =
-m ipvs --vaddr 0.0.0.0/0 ; =
-m ipvs --vaddr 10.1/255.0.255.0 ; -m ipvs --vaddr 10.0.0.1
-m ipvs --vaddr fd00::1 ; error
"""
EXAMPLES6 = """
-m ipvs ! --vaddr FD00::1/16 ; -m ipvs ! --vaddr fd00::1/16
-m ipvs --vaddr ::/0 ; =
-m ipvs --vaddr 10.0.0.1 ; error
"""
