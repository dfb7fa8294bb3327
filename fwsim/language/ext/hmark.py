"""HMARK: a mark that is the same for all packets of a flow: a hash of addresses, ports (or an SPI)
and protocol, both ways alike.

Semantics: net/netfilter/xt_HMARK.c (_flowhash.py); text: libxt_HMARK.c.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from fwsim.language.ext._flowhash import flow_mark
from fwsim.language.options import Context, Option, Options, Shown, Target, Unlist
from fwsim.language.types import UInt
from fwsim.language.values import address_mask, bits_of, host, prefix_length
from fwsim.model import fields as F
from fwsim.model.actions import Copy
from fwsim.model.tuples import NamedTuple

_WHOLE = {
    "ct": "", "src": "src-prefix", "dst": "dst-prefix", "sport": "sport-mask",
    "dport": "dport-mask", "proto": "proto-mask", "spi": "spi-mask",
}  # fmt: skip
_PORTS = ("sport-mask", "dport-mask", "spi-mask", "sport", "dport", "spi")
_WIDTHS = {"spi-mask": 8, "spi": 8, "proto-mask": 2, "rnd": 8}
_FULL = 0xFFFFFFFF


class _Tuple(NamedTuple):
    """Words that may be cut short, separated by commas."""

    arity: int = 1

    def read(self, words: list[str], context: Context) -> tuple[str, ...]:
        """The words in full."""
        return tuple(self._one(word.lower()) for word in words[0].split(","))

    @staticmethod
    def _one(word: str) -> str:
        for name in _WHOLE if word else ():
            if name.startswith(word):
                return name
        raise ValueError(f"expected a list of {', '.join(_WHOLE)}")

    def write(self, value: tuple[str, ...], family: int) -> str:
        """src,dst"""
        return ",".join(value)


class _Prefix(NamedTuple):
    """XTTYPE_PLENMASK: a prefix length or a mask; one that is no prefix counts as all bits."""

    arity: int = 1

    def read(self, words: list[str], context: Context) -> int:
        """The length."""
        bits = bits_of(context.family)
        try:
            mask = address_mask(words[0], context.family)
        except ValueError:
            mask = host(words[0], context.family)
        length = prefix_length(mask, bits)
        return bits if length is None else length

    def write(self, value: int, family: int) -> str:
        """24"""
        return str(value)


def _given(o: Options, family: int) -> Mapping[str, int]:
    """What the hash is made of, by the options' names without `hmark-`; words of --hmark-tuple
    stand for whole masks."""
    found: dict[str, int] = {}
    for option, value in o.items():
        name = option.removeprefix("hmark-")
        if name == "tuple":
            found |= {_WHOLE[word] or word: _whole(_WHOLE[word], family) for word in value}
        elif name in found:
            raise ValueError(f"--{option} after --hmark-tuple says the same twice")
        else:
            found[name] = value
    return found


def _whole(name: str, family: int) -> int:
    return bits_of(family) if name.endswith("prefix") else _FULL if name == "spi-mask" else 0xFFFF


def _check(o: Options, c: Context) -> None:
    given = _given(o, c.family)
    if set(given) <= {"mod", "rnd", "offset"}:
        raise ValueError("--hmark-tuple is needed, or what it stands for")
    for spi, ports in (("spi-mask", {"sport-mask", "dport-mask"}), ("spi", {"sport", "dport"})):
        if spi in given and ports & set(given):
            raise ValueError(f"--hmark-{spi} does not go with ports")


def _mark(o: Options, c: Context) -> tuple[Copy]:
    given = _given(o, c.family)
    hashed = F.Field("hmark", 32, "hex", lambda facts: flow_mark(facts, given, c.family))
    return (Copy(hashed, F.MARK, _FULL, _FULL),)


# text


def _save(o: Options, c: Context) -> str:
    given = _given(o, c.family)
    words = [f"--hmark-{n} {given[n]}" for n in ("src-prefix", "dst-prefix") if n in given]
    for name in (*_PORTS, "proto-mask", "rnd"):
        if name in given:
            words.append(f"--hmark-{name} 0x{given[name]:0{_WIDTHS.get(name, 4)}x}")
    words += [f"--hmark-{n} {given[n]}" for n in ("mod", "offset") if n in given]
    return " ".join([*words, *(["--hmark-tuple ct"] if "ct" in given else [])])


def _listed(given: Mapping[str, int], family: int) -> Iterator[str]:
    yield f"mod {given['mod']}"
    if "offset" in given:
        yield f"+ {given['offset']:#x}"
    if "ct" in given:
        yield "ct,"
    for name in ("src-prefix", "dst-prefix"):
        if name in given:
            yield f"{name} {'' if (family, given[name]) == (6, 128) else given[name]}"
    yield from (f"{n} {given[n]:#x}" for n in (*_PORTS, "proto-mask", "rnd") if n in given)


def _list(o: Options, c: Context, numeric: bool) -> str:
    return "HMARK " + "".join(f"{word} " for word in _listed(_given(o, c.family), c.family))


def _prefix_words(name: str) -> Callable[[str, Context], list[str]]:
    """A prefix of all bits is listed without its length in IPv6."""
    return lambda text, _: [f"--hmark-{name}", text or "128"]


def _shown() -> Iterator[Shown]:
    yield Shown("hmark-mod", "mod ")
    yield Shown("hmark-offset", r"\+ ")
    yield Shown("hmark-tuple", "ct,", "", words=lambda *_: ["--hmark-tuple", "ct"])
    for name in ("src-prefix", "dst-prefix"):
        yield Shown(f"hmark-{name}", f"{name} ", r"\d*", words=_prefix_words(name))
    yield from (Shown(f"hmark-{name}", f"{name} ") for name in (*_PORTS, "proto-mask", "rnd"))


def _options() -> Iterator[Option]:
    kinds: dict[str, Any] = {
        "tuple": _Tuple(), "src-prefix": _Prefix(), "dst-prefix": _Prefix(), "spi-mask": UInt(),
        "spi": UInt(), "rnd": UInt(), "mod": UInt(1), "offset": UInt(),
    }  # fmt: skip
    kinds |= {name: UInt(0, 0xFFFF) for name in (*_PORTS, "proto-mask") if name not in kinds}
    return (Option(f"hmark-{n}", k, required=n in ("rnd", "mod")) for n, k in kinds.items())


TARGET = Target(
    "HMARK",
    _mark,
    tuple(_options()),
    check=_check,
    save=_save,
    listing=_list,
    unlist=Unlist("HMARK", tuple(_shown())),
)
EXAMPLES = """
-j HMARK --hmark-tuple ct --hmark-mod 10 --hmark-rnd 1 ; \
-j HMARK --hmark-rnd 0x00000001 --hmark-mod 10 --hmark-tuple ct ; nat OUTPUT
-j HMARK --hmark-tuple spi --hmark-mod 10 --hmark-rnd 1 ; \
-j HMARK --hmark-spi-mask 0xffffffff --hmark-rnd 0x00000001 --hmark-mod 10
-j HMARK --hmark-src-prefix 24 --hmark-dst-prefix 0 --hmark-sport-mask 0xff \
--hmark-dport-mask 15 --hmark-sport 3 --hmark-dport 0x1234 --hmark-proto-mask 0xf \
--hmark-mod 10 --hmark-rnd 1 ; \
-j HMARK --hmark-src-prefix 24 --hmark-dst-prefix 0 --hmark-sport-mask 0x00ff \
--hmark-dport-mask 0x000f --hmark-sport 0x0003 --hmark-dport 0x1234 --hmark-proto-mask 0x0f \
--hmark-rnd 0x00000001 --hmark-mod 10
-j HMARK --hmark-spi 5 --hmark-spi-mask 0xff --hmark-mod 10 --hmark-rnd 1 --hmark-offset 0x64 ; \
-j HMARK --hmark-spi-mask 0x000000ff --hmark-spi 0x00000005 --hmark-rnd 0x00000001 \
--hmark-mod 10 --hmark-offset 100 ; mangle PREROUTING
-j HMARK --hmark-spi-mask 5 --hmark-sport 7 --hmark-mod 10 --hmark-rnd 1 ; \
-j HMARK --hmark-spi-mask 0x00000005 --hmark-sport 0x0007 --hmark-rnd 0x00000001 --hmark-mod 10
-j HMARK --hmark-tuple sp,proto --hmark-mod 10 --hmark-rnd 1 ; \
-j HMARK --hmark-sport-mask 0xffff --hmark-proto-mask 0xffff --hmark-rnd 0x00000001 \
--hmark-mod 10 ; raw OUTPUT
-j HMARK --hmark-sport-mask 5 --hmark-tuple sport,SPORT --hmark-mod 4294967295 \
--hmark-rnd 0xffffffff ; \
-j HMARK --hmark-sport-mask 0xffff --hmark-rnd 0xffffffff --hmark-mod 4294967295
-j HMARK --hmark-proto-mask 0xffff --hmark-mod 1 --hmark-rnd 0 ; \
-j HMARK --hmark-proto-mask 0xffff --hmark-rnd 0x00000000 --hmark-mod 1
-j HMARK --hmark-tuple sport --hmark-sport-mask 5 --hmark-mod 10 --hmark-rnd 1 ; error
-j HMARK --hmark-tuple spi,sport --hmark-mod 10 --hmark-rnd 1 ; error
-j HMARK --hmark-spi-mask 1 --hmark-dport-mask 1 --hmark-mod 10 --hmark-rnd 1 ; error
-j HMARK --hmark-spi 5 --hmark-sport 7 --hmark-mod 10 --hmark-rnd 1 ; error
-j HMARK --hmark-tuple src --hmark-mod 1 ; error
-j HMARK --hmark-tuple src --hmark-rnd 1 ; error
-j HMARK --hmark-mod 1 --hmark-rnd 5 ; error
-j HMARK --hmark-tuple src --hmark-mod 0 --hmark-rnd 1 ; error
-j HMARK --hmark-tuple src, --hmark-mod 10 --hmark-rnd 1 ; error
-j HMARK --hmark-tuple src,,dst --hmark-mod 10 --hmark-rnd 1 ; error
-j HMARK --hmark-tuple port --hmark-mod 10 --hmark-rnd 1 ; error
-j HMARK --hmark-tuple src --hmark-tuple dst --hmark-mod 10 --hmark-rnd 1 ; error
-j HMARK --hmark-sport-mask 65536 --hmark-mod 10 --hmark-rnd 1 ; error
-j HMARK --hmark-src-prefix x --hmark-mod 10 --hmark-rnd 1 ; error
-j HMARK ; error
"""
EXAMPLES4 = """
-j HMARK --hmark-tuple src,dst,sport,dport,proto --hmark-mod 10 --hmark-offset 100 \
--hmark-rnd 0xdeadbeef ; \
-j HMARK --hmark-src-prefix 32 --hmark-dst-prefix 32 --hmark-sport-mask 0xffff \
--hmark-dport-mask 0xffff --hmark-proto-mask 0xffff --hmark-rnd 0xdeadbeef --hmark-mod 10 \
--hmark-offset 100 ; mangle PREROUTING
-j HMARK --hmark-tuple s,SP,d,dp,p,c --hmark-mod 10 --hmark-rnd 1 ; \
-j HMARK --hmark-src-prefix 32 --hmark-dst-prefix 32 --hmark-sport-mask 0xffff \
--hmark-dport-mask 0xffff --hmark-proto-mask 0xffff --hmark-rnd 0x00000001 --hmark-mod 10 \
--hmark-tuple ct
-j HMARK --hmark-src-prefix 255.255.0.0 --hmark-dst-prefix 255.0.255.0 --hmark-mod 10 \
--hmark-rnd 1 ; \
-j HMARK --hmark-src-prefix 16 --hmark-dst-prefix 32 --hmark-rnd 0x00000001 --hmark-mod 10
-j HMARK --hmark-src-prefix 33 --hmark-mod 10 --hmark-rnd 1 ; \
-j HMARK --hmark-src-prefix 32 --hmark-rnd 0x00000001 --hmark-mod 10
"""
EXAMPLES6 = """
-j HMARK --hmark-tuple src --hmark-dst-prefix ffff:: --hmark-mod 10 --hmark-rnd 1 ; \
-j HMARK --hmark-src-prefix 128 --hmark-dst-prefix 16 --hmark-rnd 0x00000001 --hmark-mod 10
-j HMARK --hmark-src-prefix ffff::1 --hmark-mod 10 --hmark-rnd 1 ; \
-j HMARK --hmark-src-prefix 128 --hmark-rnd 0x00000001 --hmark-mod 10
-j HMARK --hmark-src-prefix 255.255.0.0 --hmark-mod 10 --hmark-rnd 1 ; error
-j HMARK --hmark-src-prefix 129 --hmark-mod 10 --hmark-rnd 1 ; error
"""
