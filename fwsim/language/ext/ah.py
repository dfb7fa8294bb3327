"""ah: the SPI of an IPsec AH header, in IPv6 its length and reserved bytes too.

Semantics: in IPv4 net/ipv4/netfilter/ipt_ah.c, which needs -p ah, never matches a later fragment
and drops at once a truncated header; in IPv6 net/ipv6/netfilter/ip6t_ah.c, which looks for the
header itself among the extension headers. Text: libipt_ah.c, libip6t_ah.c.
"""

from fwsim.language.ext._body import behind, if_given, number, range_text
from fwsim.language.ext._exthdr import Header
from fwsim.language.ext._spans import WHOLE, list_number, list_span, save_spans, within
from fwsim.language.options import Context, Match, Meaning, Option, Options, Shown, Unlist
from fwsim.language.types import UInt, UIntRange
from fwsim.model.exthdr import AH
from fwsim.model.names import PROTOCOLS
from fwsim.model.pred import TRUE, all_of, is_in

_SPI_4 = number("AH SPI", 4, 4, "hex")
_AH = Header(AH, 12, "AH")
_SPI_6 = _AH.number("SPI", 4, 4, "hex")
_LENGTH = _AH.length()
_RESERVED = _AH.number("reserved bytes", 2, 2, "hex")


def _shown_both(text: str, _: Context) -> list[str]:
    """The words for `spi:5length:!24`, which stand together."""
    spi, length = (part.partition(":")[2] for part in text.split("length"))
    given = (("--ahspi", spi), ("--ahlen", length))
    return [w for name, v in given for w in (*"!" * v.startswith("!"), name, v.removeprefix("!"))]


_OPTIONS = (
    Option("ahspi", UIntRange(), negatable=True),
    Option("ahlen", UInt(), negatable=True, families=(6,)),
    Option("ahres", families=(6,)),
)


def _matches(o: Options, c: Context) -> Meaning:
    field = _SPI_4 if c.family == 4 else _SPI_6
    spi = is_in(field, o["ahspi"]) if "ahspi" in o else TRUE
    if c.family == 4:
        text = range_text(o.get("ahspi", WHOLE))
        told = if_given(c, spi, f"ah spi {text}", f"its AH SPI is {text}")
        return behind(12, o.sense("ahspi", told))
    asked = [o.sense("ahspi", spi)]
    if o.get("ahlen"):
        asked.append(o.sense("ahlen", within(_LENGTH, (o["ahlen"],) * 2)))
    if "ahres" in o:
        asked.append(is_in(_RESERVED, 0))
    return _AH.meaning(all_of(*asked))


def _check(o: Options, c: Context) -> None:
    if c.family == 4 and c.proto != PROTOCOLS["ah"]:
        raise ValueError("-p ah is needed in the same rule")


def _told(o: Options) -> Options:
    """Without a length of 0, which the kernel does not ask for; with its `!` it is still told."""
    silent = o.get("ahlen") == 0 and not o.negated("ahlen")
    return Options({n: g for n, g in o.given.items() if n != "ahlen" or not silent})


def _save(o: Options, _: Context) -> str:
    return save_spans(_told(o), _OPTIONS).strip()


def _list(o: Options, _: Context, numeric: bool) -> str:
    length = list_number("length", _told(o), "ahlen")
    return "ah " + list_span("spi", o, "ahspi") + length + " reserved" * ("ahres" in o)


MATCH = Match(
    "ah",
    _matches,
    options=_OPTIONS,
    check=_check,
    save=_save,
    listing=_list,
    unlist=Unlist(
        "ah",
        (
            Shown("ahspi", "spis?:", r"[\d:]+"),
            Shown("ahlen", "length:"),
            Shown("ahspi", "", r"spis?:!?[\d:]+length:!?\d+", words=_shown_both),
            Shown("ahres", "reserved", ""),
        ),
    ),
)
EXAMPLES = """
-p ah -m ah ; =
-p ah --ahspi 5 ; -p ah -m ah --ahspi 5
-p 51 -m ah ! --ahspi 0x10:010 ; -p ah -m ah ! --ahspi 16:8
-p ah -m ah --ahspi 9: ; -p ah -m ah --ahspi 9:4294967295
-p ah -m ah ! --ahspi : ; -p ah -m ah
-p ah -m ah --ahspi 4294967296 ; error
-p ah -m ah --ahspi 1:2:3 ; error
-p ah -m ah --ahspi ; error
-p ah -m ah --ahspi 1 --ahspi 1 ; error
"""
EXAMPLES4 = """
-p ah -m ah --ahlen 5 ; error
-p ah -m ah --ahres ; error
-m ah --ahspi 5 ; error
-p esp -m ah --ahspi 5 ; error
! -p ah -m ah --ahspi 5 ; error
"""
EXAMPLES6 = """
-m ah ; =
-m ah --ahres --ahlen 24 ! --ahspi 5:9 ; -m ah ! --ahspi 5:9 --ahlen 24 --ahres
-p tcp -m ah ! --ahlen 0x18 ; -p tcp -m ah ! --ahlen 24
-m ah --ahlen 0 ; -m ah
-m ah ! --ahlen 0 ; =
-m ah ! --ahres ; error
-m ah --ahlen 1:2 ; error
-m ah --ah 5 ; error
--ahspi 5 ; error
"""
