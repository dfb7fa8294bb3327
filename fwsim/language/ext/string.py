"""string: some bytes stand somewhere in the IP packet, or between two offsets of it.

Semantics: net/netfilter/xt_string.c, skb_find_text (net/core/skbuff.c), lib/ts_bm.c, lib/ts_kmp.c.
Text: libxt_string.c; what cannot be printed is written in hexadecimal.
"""

import re
from collections.abc import Iterator
from typing import Any

from fwsim.language.options import Context, Match, Option, Options, Shown, Unlist, fact
from fwsim.language.types import OneOf, UInt
from fwsim.model.facts import Facts
from fwsim.model.hidden import UPPER, seen
from fwsim.model.pred import Pred
from fwsim.model.tuples import NamedTuple

_LONGEST = 128
_END = 0xFFFF
_PIECE = re.compile(
    rb"\\(?P<literal>.)|(?P<bar>\| *)\Z"
    rb"|\| *(?P<digits>(?:[0-9a-fA-F]{2} ?)+)\|(?P<after>.?)|(?P<plain>[^\\|])",
    re.DOTALL,
)


def _matches(o: Options, c: Context) -> Pred:
    name, wanted = _wanted(o)
    sought = wanted.translate(UPPER) if "icase" in o else wanted
    first, end = o.get("from", 0), o.get("to", _END)

    def step(facts: Facts, memory: Any) -> tuple[bool | None, Any]:
        packet = seen(facts.packet)
        return (packet.upper() if "icase" in o else packet).holds(sought, first, end), memory

    text = " ".join((_Bytes().write(wanted, c.family), *_more(o)))
    return o.sense(name, fact(c, f"string {text}", f"it holds {text}", step))


class _Bytes(NamedTuple):
    """A text of at most 128 bytes. With `hexadecimal`, |0a 0d| and a backslash before a character
    are read as libxt_string does: what stands right behind a block is taken as it is."""

    hexadecimal: bool = False
    arity: int = 1

    def read(self, words: list[str], context: Context) -> bytes:
        """The bytes to look for."""
        raw = words[0].encode("utf-8", "surrogateescape")
        pieces = list(_PIECE.finditer(raw)) if self.hexadecimal else []
        if self.hexadecimal and sum(len(piece[0]) for piece in pieces) != len(raw):
            raise ValueError(
                r"expected text, |hexadecimal digits in pairs|, or a character behind \ "
            )
        found = b"".join(map(_meant, pieces)) if self.hexadecimal else raw
        most = _LONGEST - 1 if pieces and _is_closed(pieces[-1]) else _LONGEST
        if not 0 < len(found) <= most:
            raise ValueError(f"expected 1 to {most} bytes to look for")
        return found

    def write(self, value: bytes, family: int) -> str:
        """Always in quotes."""
        if not _is_plain(value):
            return f'"|{value.hex()}|"'
        return '"' + re.sub(r'(["\\])', r"\\\1", value.decode("ascii")) + '"'


def _meant(piece: re.Match[bytes]) -> bytes:
    digits = bytes.fromhex((piece["digits"] or b"").decode("ascii"))
    return (piece["literal"] or b"") + digits + (piece["after"] or b"") + (piece["plain"] or b"")


def _is_closed(piece: re.Match[bytes]) -> bool:
    """It ends with a bar, for which iptables wants one byte more."""
    return piece["bar"] is not None or piece["after"] == b""


def _is_plain(value: bytes) -> bool:
    return all(0x20 <= byte < 0x7F for byte in value) and value[-1:] != b"\\"


def _check(o: Options, _: Context) -> None:
    if o.get("from", 0) > o.get("to", _END):
        raise ValueError("--from is behind --to")


def _wanted(o: Options) -> tuple[str, bytes]:
    name = "string" if "string" in o else "hex-string"
    return name, o[name]


def _save(o: Options, _: Context) -> str:
    name, wanted = _wanted(o)
    spelled = "string" if _is_plain(wanted) else "hex-string"
    text = f"{o.sign(name)}--{spelled} {_Bytes().write(wanted, 4)}"
    return f"{text} --algo {o['algo']}" + "".join(f" --{word}" for word in _more(o))


def _more(o: Options) -> Iterator[str]:
    if o.get("from", 0):
        yield f"from {o['from']}"
    if o.get("to", _END) != _END:
        yield f"to {o['to']}"
    if "icase" in o:
        yield "icase"


def _list(o: Options, _: Context, numeric: bool) -> str:
    name, wanted = _wanted(o)
    text = f"STRING match {o.sign(name, '!')} {_Bytes().write(wanted, 4)}"
    return f"{text} ALGO name {o['algo']}" + "".join(f" {word.upper()}" for word in _more(o))


def _shown_bytes(text: str, _: Context) -> list[str]:
    """The words for a text in quotes. Hexadecimal digits stand for what cannot be printed."""
    plain = re.sub(r"\\(.)", r"\1", text[1:-1])
    digits = re.fullmatch(r"\|((?:[0-9a-f]{2})+)\|", plain)
    is_hex = digits is not None and not _is_plain(bytes.fromhex(digits[1]))
    return ["--hex-string" if is_hex else "--string", plain]


MATCH = Match(
    "string",
    _matches,
    options=(
        Option("from", UInt(0, _END)),
        Option("to", UInt(0, _END)),
        Option("algo", OneOf(("bm", "kmp")), required=True),
        Option("string", _Bytes(), negatable=True, choice="string"),
        Option("hex-string", _Bytes(hexadecimal=True), negatable=True, choice="string"),
        Option("icase"),
    ),
    check=_check,
    save=_save,
    listing=_list,
    unlist=Unlist(
        "STRING match",
        (
            Shown("string", "", r'"(?:[^"\\]|\\.)*"', words=_shown_bytes),
            Shown("algo", "ALGO name "),
            Shown("from", "FROM "),
            Shown("to", "TO "),
            Shown("icase", "ICASE", ""),
        ),
    ),
)
EXAMPLES = r"""
-m string --string GET --algo bm ; -m string --string "GET" --algo bm
-m string --string "GET / HTTP" --algo kmp ; =
-m string --algo bm ! --string a --icase --to 0x10 --from 5 ; -m string ! --string "a" --algo bm --from 5 --to 16 --icase
-m string --algo bm --string a --from 0 --to 65535 ; -m string --string "a" --algo bm
-m string --algo bm --string a --from 5 --to 5 ; -m string --string "a" --algo bm --from 5 --to 5
-m string --algo bm --string a --from 65535 ; -m string --string "a" --algo bm --from 65535
-m string --algo bm --string "a\"b\\c" ; -m string --string "a\"b\\c" --algo bm
-m string --algo bm --string "a\\" ; -m string --hex-string "|615c|" --algo bm
-m string --algo bm --string "a|41|" ; -m string --string "a|41|" --algo bm
-m string --algo bm --string é ; -m string --hex-string "|c3a9|" --algo bm
-m string --algo bm --string 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef ; -m string --string "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" --algo bm
-m string --algo bm --hex-string "|0d 0A|" ; -m string --hex-string "|0d0a|" --algo bm
-m string --algo bm ! --hex-string "|  41 4243|x" ; -m string ! --string "ABCx" --algo bm
-m string --algo bm --hex-string "\\|41\\|\\\\" ; -m string --hex-string "|7c34317c5c|" --algo bm
-m string --algo bm --hex-string "|41||42|" ; -m string --string "A|42" --algo bm
-m string --algo bm --hex-string "|41|\\x" ; -m string --string "A\\x" --algo bm
-m string --algo bm --hex-string "abc|  " ; -m string --string "abc" --algo bm
-m string --algo bm --hex-string "|00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000|a" ; -m string --hex-string "|0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000061|" --algo bm ; filter INPUT lost
-m string --algo bm --hex-string "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef|" ; error
-m string --algo bm --string 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdefx ; error
-m string --algo bm --hex-string "|4|" ; error
-m string --algo bm --hex-string "|414|" ; error
-m string --algo bm --hex-string "|41" ; error
-m string --algo bm --hex-string "|41  42|" ; error
-m string --algo bm --hex-string "|4x|" ; error
-m string --algo bm --hex-string "|41\\x|" ; error
-m string --algo bm --hex-string "||" ; error
-m string --algo bm --hex-string "a\\" ; error
-m string --algo bm --hex-string "" ; error
-m string --algo bm --hex-string "|" ; error
-m string --algo bm --string "" ; error
-m string --algo bm --string ; error
-m string --algo bm ; error
-m string --string a ; error
-m string --algo bm --string a --hex-string b ; error
-m string --algo bm --string a --from 6 --to 5 ; error
-m string --algo bm --string a --to 65536 ; error
-m string --algo bm --string a ! --icase ; error
-m string --algo BM --string a ; error
-m string --algo fsm --string a ; error
-m string ; error
"""  # noqa: E501 (an example is a line)
