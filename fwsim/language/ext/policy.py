"""policy: how IPsec treated a packet on its way in, or will on its way out.

Semantics: net/netfilter/xt_policy.c; text: libxt_policy.c. Packets here come in without IPsec,
unless that is assumed (--assume 'policy in=yes'); whether IPsec takes them on their way out, the
rules do not tell.
"""

import re
from typing import Any

from fwsim.language.options import (
    Context,
    Given,
    Match,
    Option,
    Options,
    Shown,
    Unlist,
    fact,
    options_text,
)
from fwsim.language.types import HostMask, OneOf, ProtocolNumber, UInt
from fwsim.model.facts import Facts
from fwsim.model.names import PROTOCOLS, proto_text
from fwsim.model.pred import Pred, all_of, negate
from fwsim.model.tuples import NamedTuple

_PROTOS = tuple(PROTOCOLS[name] for name in ("ah", "esp", "ipcomp"))
_MOST = 4
_HOOKS = {
    "in": ("PREROUTING", "INPUT", "FORWARD"),
    "out": ("FORWARD", "OUTPUT", "POSTROUTING"),
}


class _IpsecProtocol(NamedTuple):
    """ah, esp or ipcomp, by name or number."""

    arity: int = 1

    def read(self, words: list[str], context: Context) -> int:
        """Its number."""
        value = ProtocolNumber().read(words, context)
        if value not in _PROTOS:
            raise ValueError("expected ah, esp or ipcomp")
        return value

    def write(self, value: int, family: int) -> str:
        """esp"""
        return proto_text(value)


_FLAGS = (
    Option("dir", OneOf(("in", "out")), required=True),
    Option("pol", OneOf(("none", "ipsec"))),
    Option("strict"),
)
_ELEMENT = tuple(
    Option(name, kind, negatable=True, repeats=True)
    for name, kind in (
        ("reqid", UInt()),
        ("spi", UInt(hexadecimal=True)),
        ("proto", _IpsecProtocol()),
        ("mode", OneOf(("transport", "tunnel"))),
        ("tunnel-dst", HostMask()),
        ("tunnel-src", HostMask()),
    )
)
_NUMERIC = tuple(
    option._replace(type=ProtocolNumber()) if option.name == "proto" else option
    for option in _ELEMENT
)
_NEXT = Option("next", repeats=True)
_Element = dict[str, Given]


def _elements(o: Options) -> list[_Element]:
    """What is asked of each element of the policy; none of `--pol none`, whatever is given."""
    elements: list[_Element] = [{}]
    for key, given in o.given.items():
        name = key.partition(" ")[0]
        if name == "next":
            elements.append({})
        elif name in {option.name for option in _ELEMENT}:
            if name in elements[-1]:
                raise ValueError(f"--{name} is given twice for one element")
            elements[-1][name] = given
    return elements


def _check(o: Options, _: Context) -> None:
    elements = _elements(o)
    if len(elements) > _MOST:
        raise ValueError(f"a policy has at most {_MOST} elements")
    if o.get("pol") == "none":
        if "strict" in o or len(elements) > 1:
            raise ValueError("--pol none has no elements, and --strict nothing to look at")
        return
    if len(elements) > 1 and "strict" not in o:
        raise ValueError("--next needs --strict")
    for element in elements:
        if "strict" in o and not element:
            raise ValueError("with --strict every element asks for something")
        mode = element.get("mode")
        tunnel = mode is not None and (mode.value == "tunnel") != mode.negated
        if not tunnel and ("tunnel-src" in element or "tunnel-dst" in element):
            raise ValueError("--tunnel-src and --tunnel-dst need mode tunnel")


def _told(o: Options) -> list[_Element]:
    return [] if o.get("pol") == "none" else _elements(o)


def _plain(_: Facts, memory: Any) -> tuple[bool, Any]:
    return False, memory


def _matches(o: Options, c: Context) -> Pred:
    if o["dir"] == "in":
        treated = fact(c, "policy in", "IPsec brought it in", _plain)
    else:
        treated = fact(c, "policy out", "IPsec takes it on its way out")
    if o.get("pol") == "none":
        return negate(treated)
    elements = _elements(o)
    if not any(elements):
        return treated
    asked = "strict" * ("strict" in o) + _elements_text(elements, c).replace("--", "")
    name = f"policy {o['dir']} is {asked.strip()}"
    return all_of(treated, fact(c, name, f"its IPsec is {asked.strip()}"))


def _save(o: Options, c: Context) -> str:
    flags = f"--dir {o['dir']} --pol {o.get('pol', 'ipsec')}{' --strict' * ('strict' in o)}"
    return flags + _elements_text(_told(o), c)


def _elements_text(elements: list[_Element], c: Context) -> str:
    return " --next".join(options_text(_ELEMENT, Options(e), c.family) for e in elements)


def _list(o: Options, c: Context, numeric: bool) -> str:
    flags = f"policy match dir {o['dir']} pol {o.get('pol', 'ipsec')}{' strict' * ('strict' in o)}"
    elements = _told(o)
    for number, element in enumerate(elements):
        flags += f" [{number}]" if len(elements) > 1 else ""
        flags += options_text(_NUMERIC if numeric else _ELEMENT, Options(element), c.family, "")
    return flags


_SHOWN = (
    r"dir (?:in|out) pol (?:none|ipsec)(?: strict)?"
    rf"(?:(?: \[\d\])?(?: !)? (?:{'|'.join(o.name for o in _ELEMENT)}) \S+)*"
)


def _shown_policy(text: str, _: Context) -> list[str]:
    """The words for `dir in pol ipsec strict [0] ! proto 50 [1] reqid 5`."""
    words = re.sub(r" \[0\]", "", text)
    words = re.sub(r" \[\d\]", " next", words)
    names = {option.name for option in MATCH.options}
    return [f"--{word}" if word in names else word for word in words.split(" ")]


MATCH = Match(
    "policy",
    _matches,
    options=(*_FLAGS, *_ELEMENT, _NEXT),
    hooks=lambda o: _HOOKS[o["dir"]],
    check=_check,
    save=_save,
    listing=_list,
    unlist=Unlist("", (Shown("dir", "policy match ", _SHOWN, words=_shown_policy),)),
)
EXAMPLES = """
-m policy --dir in --pol none ; =
-m policy --dir in ; -m policy --dir in --pol ipsec
-m policy --pol ipsec --dir out ; -m policy --dir out --pol ipsec ; filter OUTPUT
-m policy --dir in --pol ipsec ! --mode tunnel ! --proto esp --spi 16 --reqid 0x5 ; -m policy --dir in --pol ipsec --reqid 5 --spi 0x10 ! --proto esp ! --mode tunnel
-m policy --dir out --pol ipsec ! --reqid 0 ! --spi 0 --proto 51 --mode transport ; -m policy --dir out --pol ipsec ! --reqid 0 ! --spi 0x0 --proto ah --mode transport ; mangle POSTROUTING
-m policy --dir in --strict --proto esp --next ! --proto 108 --next --reqid 1 --next --spi 1 ; -m policy --dir in --pol ipsec --strict --proto esp --next ! --proto ipcomp --next --reqid 1 --next --spi 0x1
-m policy --dir in --proto esp --strict ; -m policy --dir in --pol ipsec --strict --proto esp ; filter FORWARD
-m policy --dir in --pol none --reqid 1 ; -m policy --dir in --pol none
-m policy --dir in --pol ipsec --strict ; error
-m policy --dir in --strict --reqid 1 --next ; error
-m policy --dir in --strict --reqid 1 --next --reqid 2 --reqid 3 ; error
-m policy --dir in --strict --reqid 1 --next --reqid 1 --next --reqid 1 --next --reqid 1 --next --reqid 1 ; error
-m policy --dir in --reqid 1 --next --reqid 2 ; error
-m policy --dir in --reqid 1 --reqid 1 ; error
-m policy --dir in --pol none --strict ; error
-m policy --dir in --pol none --next ; error
-m policy --dir in --proto tcp ; error
-m policy --dir in --mode beet ; error
-m policy --dir in --mode tun ; error
-m policy --dir forward ; error
-m policy --dir in --pol some ; error
-m policy ! --dir in ; error
-m policy --dir in ! --pol none ; error
-m policy --pol none ; error
-m policy ; error
-m policy --dir in --dir in ; error
-m policy --dir out ; error
-m policy --dir out ; error ; mangle PREROUTING
-m policy --dir in ; error ; filter OUTPUT
-m policy --dir in ; error ; mangle POSTROUTING
"""  # noqa: E501 (an example is a line)
EXAMPLES4 = """
-m policy --dir in --tunnel-src 10.0.0.1 ! --tunnel-dst 10.0.0.1/8 --mode tunnel ; -m policy --dir in --pol ipsec --mode tunnel ! --tunnel-dst 10.0.0.1/8 --tunnel-src 10.0.0.1
-m policy --dir in --tunnel-src 10.0.0.1 ; error
-m policy --dir in --mode tunnel --tunnel-src 0.0.0.0/0 ; -m policy --dir in --pol ipsec --mode tunnel --tunnel-src 0.0.0.0/0
-m policy --dir in ! --mode transport --tunnel-dst 10.1/255.255.0.0 ; -m policy --dir in --pol ipsec ! --mode transport --tunnel-dst 10.0.0.1/16
-m policy --dir in --mode transport --tunnel-src 10.0.0.1 ; error
-m policy --dir in ! --mode tunnel --tunnel-dst 10.0.0.1 ; error
-m policy --dir in --tunnel-src fd00::1 ; error
"""  # noqa: E501 (an example is a line)
EXAMPLES6 = """
-m policy --dir in ! --tunnel-src fd00::1/64 --tunnel-dst FD00::1 --mode tunnel ; -m policy --dir in --pol ipsec --mode tunnel --tunnel-dst fd00::1 ! --tunnel-src fd00::1/64
-m policy --dir in --tunnel-dst ::/0 --mode tunnel ; -m policy --dir in --pol ipsec --mode tunnel --tunnel-dst ::/0
-m policy --dir in --tunnel-dst ::/0 ; error
-m policy --dir in --tunnel-src 10.0.0.1 ; error
"""  # noqa: E501 (an example is a line)
