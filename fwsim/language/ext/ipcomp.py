"""ipcomp: the CPI of an IPComp header; where none is asked for, it is 0.

Semantics: net/netfilter/xt_ipcomp.c, which never matches a later fragment, drops at once a
truncated header, and forgets --compres; text: libxt_ipcomp.c.
"""

from fwsim.language.ext._body import behind, if_given, number, range_text
from fwsim.language.ext._spans import list_span, save_spans, within
from fwsim.language.options import Context, Given, Match, Meaning, Option, Options, Shown, Unlist
from fwsim.language.types import UIntRange
from fwsim.model.names import PROTOCOLS

_CPI = number("IPComp CPI", 2, 2, "hex")
_SPI = Option("ipcompspi", UIntRange(), negatable=True)


def _filled(o: Options) -> Options:
    return Options({"ipcompspi": Given((0, 0)), **o.given})


def _matches(o: Options, c: Context) -> Meaning:
    o = _filled(o)
    text, pred = range_text(o["ipcompspi"]), within(_CPI, o["ipcompspi"])
    asked = if_given(c, pred, f"ipcomp cpi {text}", f"its IPComp CPI is {text}")
    return behind(4, o.sense("ipcompspi", asked))


def _save(o: Options, _: Context) -> str:
    spi = save_spans(_filled(o), (_SPI,))
    return (spi + (" --compres" if "compres" in o else "")).strip()


def _list(o: Options, _: Context, numeric: bool) -> str:
    return "comp " + list_span("spi", _filled(o), "ipcompspi") + " reserved" * ("compres" in o)


MATCH = Match(
    "ipcomp",
    _matches,
    options=(_SPI, Option("compres")),
    protos=(PROTOCOLS["ipcomp"],),
    save=_save,
    listing=_list,
    unlist=Unlist("comp", (Shown("ipcompspi", "spis?:"), Shown("compres", "reserved", ""))),
)
EXAMPLES = """
-p ipcomp -m ipcomp --ipcompspi 5 ; =
-p ipcomp -m ipcomp ; -p ipcomp -m ipcomp --ipcompspi 0
-p 108 --ipcompspi 0x5:9 ; -p ipcomp -m ipcomp --ipcompspi 5:9
-p ipcomp -m ipcomp ! --ipcompspi 5:4 --compres ; =
-p ipcomp -m ipcomp --compres ; -p ipcomp -m ipcomp --ipcompspi 0 --compres
-p ipcomp -m ipcomp --compres ! --ipcompspi : ; -p ipcomp -m ipcomp --compres ; filter INPUT lost
-p ipcomp -m ipcomp --ipcompspi 70000: ; -p ipcomp -m ipcomp --ipcompspi 70000:4294967295
-p ipcomp -m ipcomp --ipcompspi 4294967296 ; error
-p ipcomp -m ipcomp ! --compres ; error
-p ipcomp -m ipcomp --ipcompspi ; error
-p esp -m ipcomp --ipcompspi 5 ; error
-m ipcomp --ipcompspi 5 ; error
"""
