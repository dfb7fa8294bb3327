"""esp: the SPI of an IPsec ESP header.

Semantics: net/netfilter/xt_esp.c, which never matches a later fragment and drops at once a
truncated header; text: libxt_esp.c.
"""

from fwsim.language.ext._body import behind, if_given, number, range_text
from fwsim.language.ext._spans import list_span, save_spans
from fwsim.language.options import Context, Match, Meaning, Option, Options, Shown, Unlist
from fwsim.language.types import UIntRange
from fwsim.model.names import PROTOCOLS
from fwsim.model.pred import TRUE, is_in

_SPI = number("ESP SPI", 0, 4, "hex")
_OPTION = Option("espspi", UIntRange(), negatable=True)


def _matches(o: Options, c: Context) -> Meaning:
    if "espspi" not in o:
        return behind(8, TRUE)
    text = range_text(o["espspi"])
    asked = if_given(c, is_in(_SPI, o["espspi"]), f"esp spi {text}", f"its ESP SPI is {text}")
    return behind(8, o.sense("espspi", asked))


MATCH = Match(
    "esp",
    _matches,
    options=(_OPTION,),
    protos=(PROTOCOLS["esp"],),
    save=lambda o, _: save_spans(o, (_OPTION,)).strip(),
    listing=lambda o, _, numeric: "esp" + list_span(" spi", o, "espspi"),
    unlist=Unlist("esp", (Shown("espspi", "spis?:"),)),
)
EXAMPLES = """
-p esp -m esp ; =
-p esp --espspi 5 ; -p esp -m esp --espspi 5
-p 50 -m esp ! --espspi 0x10:010 ; -p esp -m esp ! --espspi 16:8
-p esp -m esp --espspi 7:7 ; -p esp -m esp --espspi 7
-p esp -m esp --espspi 9: ; -p esp -m esp --espspi 9:4294967295
-p esp -m esp ! --espspi :9 ; -p esp -m esp ! --espspi 0:9
-p esp -m esp ! --espspi : ; -p esp -m esp
-p esp -m esp --espspi "" ; -p esp -m esp --espspi 0
-p esp -m esp --espspi 4294967296 ; error
-p esp -m esp --espspi 1:2:3 ; error
-p esp -m esp --espspi 1-2 ; error
-p esp -m esp --espspi -1 ; error
-p esp -m esp --espspi 1 --espspi 1 ; error
-p esp -m esp --espspi ; error
-p ah -m esp --espspi 5 ; error
! -p esp -m esp --espspi 5 ; error
-m esp ; error
"""
