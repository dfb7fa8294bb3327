"""sctp: the ports of SCTP, and the chunks that a packet carries.

Semantics: net/netfilter/xt_sctp.c, which never matches a later fragment and drops at once a
truncated header or chunk. Text: libxt_sctp.c, which keeps a chunk's flags under the chunk's place
in its list of names, so that the kernel asks for them in the first fifteen only.
"""

import re
from collections.abc import Callable

from fwsim.language.ext._body import (
    MALFORMED,
    NO,
    YES,
    if_given,
    judged,
    verdict,
    walked,
)
from fwsim.language.ext._head import CUT_OFF, WHOLE
from fwsim.language.ext._ports import SHOWN, asked_ports, list_ports, port_options
from fwsim.language.options import Context, Match, Meaning, Option, Options, Shown, Unlist
from fwsim.model.names import PROTOCOLS
from fwsim.model.packet import Packet
from fwsim.model.pred import all_of
from fwsim.model.tuples import NamedTuple

_SCTP = PROTOCOLS["sctp"]
_KINDS = ("any", "all", "only")
_CHUNKS = {
    "DATA": 0, "INIT": 1, "INIT_ACK": 2, "SACK": 3, "HEARTBEAT": 4, "HEARTBEAT_ACK": 5,
    "ABORT": 6, "SHUTDOWN": 7, "SHUTDOWN_ACK": 8, "ERROR": 9, "COOKIE_ECHO": 10,
    "COOKIE_ACK": 11, "ECN_ECNE": 12, "ECN_CWR": 13, "SHUTDOWN_COMPLETE": 14, "I_DATA": 64,
    "RE_CONFIG": 130, "PAD": 132, "ASCONF": 193, "ASCONF_ACK": 128, "FORWARD_TSN": 192,
    "I_FORWARD_TSN": 194,
}  # fmt: skip
_NAMES = {number: name for name, number in _CHUNKS.items()}
_FLAGS = {
    "DATA": "----IUBE", "I_DATA": "----IUBE", "ABORT": "-------T",
    "SHUTDOWN_COMPLETE": "-------T",
}  # fmt: skip
_NO_FLAGS = "-" * 8
_ALL = frozenset(range(256))


class Asked(NamedTuple):
    """Which chunks: of any, all or only these types. `flags` are (place in the list of names, mask,
    set bits): where that place is a chunk's type, its flags must be so."""

    kind: str
    types: frozenset[int]
    flags: tuple[tuple[int, int, int], ...] = ()


class _Chunks(NamedTuple):
    """Two words: any, all or only, and NAME[:FLAGS],…, ALL or NONE. A flag in capitals must be
    set, in small letters unset."""

    arity: int = 2

    def read(self, words: list[str], context: Context) -> Asked:
        """What is asked of the chunks."""
        kind, listed = words[0].lower(), words[1]
        if kind not in _KINDS or listed[:1] in ("-", "!"):
            raise ValueError("expected any, all or only, and types of chunks behind it")
        if listed.upper() in ("ALL", "NONE"):
            return Asked(kind, _ALL if listed.upper() == "ALL" else frozenset())
        types, flags = set(), dict[int, tuple[int, int]]()
        for part in filter(None, listed.split(",")):
            name, _, letters = part.partition(":")
            if name.upper() not in _CHUNKS:
                raise ValueError(f"expected types of chunks out of {', '.join(_CHUNKS)}")
            types.add(_CHUNKS[name.upper()])
            if letters:
                place = list(_CHUNKS).index(name.upper())
                flags[place] = _flags(name.upper(), letters, *flags.get(place, (0, 0)))
        if len(flags) > 4:
            raise ValueError("flags of at most four types of chunks can be asked for")
        return Asked(kind, frozenset(types), tuple((n, *bits) for n, bits in flags.items()))

    def write(self, value: Asked, family: int) -> str:
        """any DATA:U,INIT"""
        return f"{value.kind} {_types_text(value, _NAMES.__getitem__)}"


def _flags(name: str, letters: str, mask: int, bits: int) -> tuple[int, int]:
    valid = _FLAGS.get(name, _NO_FLAGS)
    for letter in letters:
        at = valid.find(letter.upper())
        if at < 0:
            raise ValueError(f"{name} has no flag {letter}")
        mask |= 0x80 >> at
        bits |= 0x80 >> at if letter.isupper() else 0
    return mask, bits


def _judge(asked: Asked, packet: Packet) -> int:
    """match_packet: chunk by chunk; one that is cut off or has no length ends it."""
    data, missing = packet.contents or b"", set(asked.types)
    flags = {kind: (mask, bits) for kind, mask, bits in asked.flags}
    while True:
        if len(data) < 4 or data[2:4] == bytes(2):
            return MALFORMED
        kind, set_ = data[0], data[1]
        mask, bits = flags.get(kind, (0, 0))
        fits = kind in asked.types and set_ & mask == bits
        if fits and asked.kind == "any":
            return YES
        if not fits and asked.kind == "only":
            return NO
        if fits:
            missing.discard(kind)
        data = data[(int.from_bytes(data[2:4], "big") + 3) & ~3 :]
        if not data:
            return YES if asked.kind == "only" or (asked.kind == "all" and not missing) else NO


def _matches(o: Options, c: Context) -> Meaning:
    asked = [WHOLE, *asked_ports(o)]
    if "chunk-types" not in o:
        return Meaning(all_of(*asked), CUT_OFF)
    chunks: Asked = o["chunk-types"]
    field = verdict("SCTP chunks", lambda packet: _judge(chunks, packet))
    text = _Chunks().write(chunks, c.family)
    why = f"its SCTP chunks are {text}"
    fits = if_given(c, judged(o, "chunk-types", field), f"sctp chunks {text}", why)
    return walked(asked, fits, field)


def _types_text(asked: Asked, show: Callable[[int], str]) -> str:
    if asked.types in (_ALL, frozenset()):
        return "ALL" if asked.types else "NONE"
    bits = {place: (mask, bits) for place, mask, bits in asked.flags}
    return ",".join(show(n) + _flags_text(n, *bits.get(n, (0, 0))) for n in sorted(asked.types))


def _flags_text(number: int, mask: int, bits: int) -> str:
    letters = zip(
        (0x80 >> at for at in range(8)), _FLAGS.get(_NAMES[number], _NO_FLAGS), strict=True
    )
    asked = [letter if bits & bit else letter.lower() for bit, letter in letters if mask & bit]
    return f":{''.join(asked)}" if asked else ""


def _list(o: Options, _: Context, numeric: bool) -> str:
    text = "sctp" + list_ports(o, numeric, _SCTP)
    if "chunk-types" not in o:
        return text
    asked: Asked = o["chunk-types"]
    show = "0x{:04X}".format if numeric else _NAMES.__getitem__
    return f"{text}{o.sign('chunk-types', ' !')} {asked.kind} {_types_text(asked, show)}"


_SHOWN = rf"(?:{'|'.join(_KINDS)}) \S+"


def _shown_chunks(text: str, _: Context) -> list[str]:
    """The words for `any 0x0000:U,0x0001` or `any DATA:U,INIT`."""
    kind, listed = text.split(" ")
    named = re.sub("0x[0-9A-F]{4}", lambda m: _NAMES[int(m[0], 16)], listed)
    return ["--chunk-types", kind, named]


MATCH = Match(
    "sctp",
    _matches,
    options=(
        *port_options(resolved=False, service="sctp"),
        Option("chunk-types", _Chunks(), negatable=True),
    ),
    protos=(_SCTP,),
    listing=_list,
    unlist=Unlist("sctp", (*SHOWN, Shown("chunk-types", "", _SHOWN, words=_shown_chunks))),
)
EXAMPLES = """
-p sctp -m sctp ; =
-p sctp --dport 80 ; -p sctp -m sctp --dport 80
-p sctp -m sctp ! --dport 5: --sport amqp ; -p sctp -m sctp --sport 5672 ! --dport 5:65535
-p 132 -m sctp --source-port 0x10 --destination-port : ; -p sctp -m sctp --sport 16 --dport 0:65535
-p sctp -m sctp ! --sport : ; -p sctp -m sctp ! --sport 0:65535
-p sctp -m sctp --chunk-types any DATA ; =
-p sctp -m sctp ! --chunk-types ALL init,Data ; -p sctp -m sctp ! --chunk-types all DATA,INIT
-p sctp -m sctp --chunk-types only all --dport 5 ; -p sctp -m sctp --dport 5 --chunk-types only ALL
-p sctp -m sctp --chunk-types all NONE ; =
-p sctp -m sctp --chunk-types all , ; -p sctp -m sctp --chunk-types all NONE
-p sctp -m sctp --chunk-types all "" ; -p sctp -m sctp --chunk-types all NONE
-p sctp -m sctp --chunk-types any DATA:bUE,ABORT:T ; -p sctp -m sctp --chunk-types any DATA:UbE,ABORT:T
-p sctp -m sctp --chunk-types any DATA:u,,DATA:UI ; -p sctp -m sctp --chunk-types any DATA:IU
-p sctp -m sctp --chunk-types any SHUTDOWN_COMPLETE:t,INIT:-,DATA: ; -p sctp -m sctp --chunk-types any DATA,INIT:-,SHUTDOWN_COMPLETE:t
-p sctp -m sctp --chunk-types any I_DATA:U,PAD ; -p sctp -m sctp --chunk-types any I_DATA,PAD
-p sctp -m sctp --chunk-types only SACK,HEARTBEAT,HEARTBEAT_ACK,SHUTDOWN,SHUTDOWN_ACK,ERROR ; =
-p sctp -m sctp --chunk-types only INIT_ACK,COOKIE_ECHO,COOKIE_ACK,ECN_ECNE,ECN_CWR ; =
-p sctp -m sctp --chunk-types any ASCONF_ACK,RE_CONFIG,FORWARD_TSN,ASCONF,I_FORWARD_TSN ; =
-p sctp -m sctp --chunk-types any DATA:X ; error
-p sctp -m sctp --chunk-types any INIT:T ; error
-p sctp -m sctp --chunk-types any DATA:U,INIT:-,SACK:-,ABORT:T,ERROR:- ; error
-p sctp -m sctp --chunk-types any DATA,ALL ; error
-p sctp -m sctp --chunk-types any NOTHING ; error
-p sctp -m sctp --chunk-types some DATA ; error
-p sctp -m sctp --chunk-types any ; error
-p sctp -m sctp --chunk-types any --dport ; error
-p sctp -m sctp --chunk-types any ! --dport 5 ; error
-p sctp -m sctp --chunk-types any DATA --chunk-types any DATA ; error
-p sctp -m sctp --dport 90:80 ; error
-p sctp -m sctp --dport http ; error
-p sctp -m sctp --dport 65536 ; error
-p tcp -m sctp --dport 80 ; error
-m sctp --dport 80 ; error
"""  # noqa: E501 (an example is a line)
