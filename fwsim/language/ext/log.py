"""LOG: write the packet to the kernel's log, and go on.

Semantics: net/netfilter/xt_LOG.c; text: libxt_LOG.c.
"""

from fwsim.language.options import Context, Option, Options, Shown, Target, Unlist
from fwsim.language.types import Text
from fwsim.language.values import number, quoted
from fwsim.model.actions import Log
from fwsim.model.tuples import NamedTuple

_LEVELS = {
    "emerg": 0, "panic": 0, "alert": 1, "crit": 2, "error": 3, "warning": 4, "notice": 5,
    "info": 6, "debug": 7,
}  # fmt: skip
_SHOWN = ("emerg", "alert", "crit", "err", "warn", "notice", "info", "debug")
_FLAGS = {
    "log-tcp-sequence": 0x01,
    "log-tcp-options": 0x02,
    "log-ip-options": 0x04,
    "log-uid": 0x08,
    "log-macdecode": 0x20,
}
_WARNING = 4


class _Level(NamedTuple):
    """A syslog level by its full name or number."""

    arity: int = 1

    def read(self, words: list[str], context: Context) -> int:
        """0 to 7"""
        if words[0] in _LEVELS:
            return _LEVELS[words[0]]
        try:
            return number(words[0], 0, 7)
        except ValueError:
            raise ValueError(f"expected 0 to 7, or {', '.join(_LEVELS)}") from None

    def write(self, value: int, family: int) -> str:
        """The number."""
        return str(value)


def _save(o: Options, _: Context) -> str:
    words = []
    if "log-prefix" in o:
        words += ["--log-prefix", quoted(o["log-prefix"])]
    if o.get("log-level", _WARNING) != _WARNING:
        words += ["--log-level", str(o["log-level"])]
    return " ".join([*words, *(f"--{name}" for name in _FLAGS if name in o)])


def _list(o: Options, _: Context, numeric: bool) -> str:
    level = o.get("log-level", _WARNING)
    flags = [name for name in _FLAGS if name in o]
    if numeric:
        text = f"LOG flags {sum(_FLAGS[name] for name in flags)} level {level}"
    else:
        text = " ".join([f"LOG level {_SHOWN[level]}", *(n.removeprefix("log-") for n in flags)])
    return text + (f' prefix "{o["log-prefix"]}"' if "log-prefix" in o else "")


def _shown_level(text: str, _: Context) -> list[str]:
    return ["--log-level", str(_SHOWN.index(text)) if text in _SHOWN else text]


def _shown_flags(text: str, _: Context) -> list[str]:
    """The flags that a number stands for."""
    bits = number(text, 0, sum(_FLAGS.values()))
    if bits & ~sum(_FLAGS.values()):
        raise ValueError("a flag of LOG that iptables does not name")
    return [f"--{name}" for name, bit in _FLAGS.items() if bits & bit]


TARGET = Target(
    "LOG",
    lambda o, _: (Log(o.get("log-prefix", ""), o.get("log-level", _WARNING)),),
    options=(
        Option("log-prefix", Text(longest=29, shortest=1)),
        Option("log-level", _Level()),
        *(Option(name) for name in _FLAGS),
    ),
    save=_save,
    listing=_list,
    unlist=Unlist(
        "LOG",
        (
            Shown("flags", "flags ", words=_shown_flags),
            Shown("log-level", "level ", words=_shown_level),
            *(Shown(name, name.removeprefix("log-"), "") for name in _FLAGS),
            Shown("log-prefix", 'prefix ["`]', ".*", "[\"']"),
        ),
    ),
)
EXAMPLES = """
-j LOG ; =
-j LOG --log-prefix "dropped: " ; =
-j LOG --log-level debug --log-prefix x ; -j LOG --log-prefix x --log-level 7 ; raw PREROUTING
-j LOG --log-level warning ; -j LOG
-j LOG --log-level panic ; -j LOG --log-level 0
-j LOG --log-level error ; -j LOG --log-level 3
-j LOG --log-level 0x6 ; -j LOG --log-level 6
-j LOG --log-pre abcdefghijklmnopqrstuvwxyzABCD ; -j LOG --log-prefix abcdefghijklmnopqrstuvwxyzABC
-j LOG --log-uid --log-mac --log-ip ; -j LOG --log-ip-options --log-uid --log-macdecode
-j LOG --log-tcp-sequence --log-tcp-options ; = ; nat OUTPUT
-j LOG --log-level 8 ; error
-j LOG --log-level err ; error
-j LOG --log-level DEBUG ; error
-j LOG --log-prefix "" ; error
-j LOG --log-prefix a --log-prefix b ; error
-j LOG ! --log-uid ; error
"""
