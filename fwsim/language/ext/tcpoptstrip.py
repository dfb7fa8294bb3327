"""TCPOPTSTRIP: overwrite TCP options with padding.

Semantics: net/netfilter/xt_TCPOPTSTRIP.c, which stops at an option longer than what is left; text:
libxt_TCPOPTSTRIP.c.
"""

from fwsim.language.ext._segment import TCP
from fwsim.language.options import Context, Option, Options, Shown, Target, Unlist
from fwsim.language.values import number
from fwsim.model import fields as F
from fwsim.model.actions import Rewrite
from fwsim.model.facts import Facts
from fwsim.model.packet import Packet
from fwsim.model.tcp_options import tcp_options
from fwsim.model.tuples import NamedTuple

_NAMES = {"wscale": 3, "mss": 2, "sack-permitted": 4, "sack": 5, "timestamp": 8, "md5": 19}
_PADDING = b"\1"


class _Kinds(NamedTuple):
    """Kinds of options by name or number, separated by commas."""

    arity: int = 1

    def read(self, words: list[str], context: Context) -> tuple[int, ...]:
        """The kinds, sorted."""
        kinds = [self._one(word) for word in words[0].split(",")]
        if len(set(kinds)) < len(kinds):
            raise ValueError("an option is named twice")
        return tuple(sorted(kinds))

    @staticmethod
    def _one(word: str) -> int:
        try:
            return _NAMES[word] if word in _NAMES else number(word, 2, 255)
        except ValueError:
            raise ValueError(f"expected numbers from 2 to 255, or {', '.join(_NAMES)}") from None

    def write(self, value: tuple[int, ...], family: int) -> str:
        """2,8"""
        return ",".join(map(str, value))


def _stripped(data: bytes, kinds: tuple[int, ...]) -> bytes:
    left = bytearray(data)
    for at, kind, length in tcp_options(data):
        if at >= len(data) - 1 or at + length > len(data):
            break
        if kind in kinds:
            left[at : at + length] = _PADDING * length
    return bytes(left)


def _actions(o: Options, _: Context) -> tuple[Rewrite]:
    kinds = o.get("strip-options", ())

    def change(facts: Facts) -> Packet | None:
        packet = facts.packet
        if packet.truncated:
            return None
        return packet.but(tcp_options=_stripped(packet.tcp_options, kinds))

    return (Rewrite("TCPOPTSTRIP", change, (F.TCP_OPTIONS,)),)


def _list(o: Options, _: Context, numeric: bool) -> str:
    if not o:
        return ""
    names = {} if numeric else {kind: name for name, kind in _NAMES.items()}
    return f"TCPOPTSTRIP options {','.join(names.get(k, str(k)) for k in o['strip-options'])}"


TARGET = Target(
    "TCPOPTSTRIP",
    _actions,
    options=(Option("strip-options", _Kinds()),),
    protos=(TCP,),
    tables=("mangle",),
    listing=_list,
    unlist=Unlist("TCPOPTSTRIP", (Shown("strip-options", "options "),)),
)
EXAMPLES = """
-p tcp -j TCPOPTSTRIP --strip-options 2,8,254 ; = ; mangle PREROUTING
-p tcp -j TCPOPTSTRIP --strip-options wscale,mss,0x8 ; \
-p tcp -j TCPOPTSTRIP --strip-options 2,3,8 ; mangle FORWARD
-p tcp -j TCPOPTSTRIP --strip-options sack-permitted,sack,timestamp,md5 ; \
-p tcp -j TCPOPTSTRIP --strip-options 4,5,8,19 ; mangle POSTROUTING
-p tcp -j TCPOPTSTRIP ; = ; mangle INPUT
-p tcp -j TCPOPTSTRIP --strip-options mss,2 ; error ; mangle PREROUTING
-p tcp -j TCPOPTSTRIP --strip-options MSS ; error ; mangle PREROUTING
-p tcp -j TCPOPTSTRIP --strip-options 1 ; error ; mangle PREROUTING
-p tcp -j TCPOPTSTRIP --strip-options 256 ; error ; mangle PREROUTING
-p tcp -j TCPOPTSTRIP --strip-options mss, ; error ; mangle PREROUTING
-p tcp -j TCPOPTSTRIP --strip-options "" ; error ; mangle PREROUTING
-j TCPOPTSTRIP --strip-options 4 ; error ; mangle PREROUTING
-p udp -j TCPOPTSTRIP --strip-options 4 ; error ; mangle PREROUTING
! -p tcp -j TCPOPTSTRIP --strip-options 4 ; error ; mangle PREROUTING
-p tcp -j TCPOPTSTRIP --strip-options 4 ; error
"""
