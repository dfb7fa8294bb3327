"""LED: light a lamp; the packet goes on.

Semantics: net/netfilter/xt_LED.c; text: libxt_LED.c, which writes a delay as a signed number, and
so for good as -1, which it does not read.
"""

from fwsim.language.options import Context, Option, Options, Shown, Target, Unlist
from fwsim.language.types import UInt
from fwsim.language.values import unquoted
from fwsim.model.actions import Aside
from fwsim.model.tuples import NamedTuple

_LONGEST = 16
_FOREVER = 0xFFFFFFFF


class _TriggerId(NamedTuple):
    """A name of at most 16 bytes."""

    arity: int = 1

    def read(self, words: list[str], context: Context) -> str:
        """The name."""
        if len(words[0].encode("utf-8", "surrogateescape")) > _LONGEST:
            raise ValueError(f"expected a name of at most {_LONGEST} bytes")
        return words[0]

    def write(self, value: str, family: int) -> str:
        """Always in quotes."""
        return '"' + "".join(f"\\{c}" if c in '"\\' else c for c in value) + '"'


class _Delay(NamedTuple):
    """Milliseconds, or what begins with `inf`."""

    arity: int = 1

    def read(self, words: list[str], context: Context) -> int:
        """Milliseconds; all bits for good."""
        return _FOREVER if words[0].lower().startswith("inf") else UInt().read(words, context)

    def write(self, value: int, family: int) -> str:
        """As a signed number."""
        return str(value if value < 1 << 31 else value - (1 << 32))


def _save(o: Options, _: Context) -> str:
    words = ["--led-trigger-id", _TriggerId().write(o["led-trigger-id"], 4)]
    if o.get("led-delay"):
        words += ["--led-delay", _Delay().write(o["led-delay"], 4)]
    return " ".join([*words, *(f"--{name}" for name in ("led-always-blink",) if name in o)])


def _list(o: Options, _: Context, numeric: bool) -> str:
    delay = o.get("led-delay", 0)
    lasts = "inf" if delay == _FOREVER else f"{_Delay().write(delay, 4)}ms"
    blinks = " led-always-blink" if "led-always-blink" in o else ""
    return f"led-trigger-id:{_TriggerId().write(o['led-trigger-id'], 4)} led-delay:{lasts}{blinks}"


def _id_words(text: str, _: Context) -> list[str]:
    return ["--led-trigger-id", unquoted(text)]


def _delay_words(text: str, _: Context) -> list[str]:
    return ["--led-delay", text if text == "inf" else str(int(text[:-2]) & _FOREVER)]


TARGET = Target(
    "LED",
    lambda o, _: (Aside(f"lamp {o['led-trigger-id']}"),),
    options=(
        Option("led-trigger-id", _TriggerId(), required=True),
        Option("led-delay", _Delay()),
        Option("led-always-blink"),
    ),
    save=_save,
    listing=_list,
    unlist=Unlist(
        "(?=led-)",
        (
            Shown("led-trigger-id", "led-trigger-id:", r'"(?:\\.|[^"\\])*"', words=_id_words),
            Shown("led-delay", "led-delay:", words=_delay_words),
            Shown("led-always-blink", "led-always-blink", ""),
        ),
    ),
)
EXAMPLES = """
-j LED --led-trigger-id "ssh" ; = ; filter INPUT unloaded
-j LED --led-trigger-id ssh --led-delay 1000 ; -j LED --led-trigger-id "ssh" --led-delay 1000 ; \
raw OUTPUT unloaded
-j LED --led-always --led-trigger-id "a'b\\"c\\\\d" --led-delay 0 ; \
-j LED --led-trigger-id "a'b\\"c\\\\d" --led-always-blink ; filter INPUT unloaded
-j LED --led-trigger-id "" ; = ; filter INPUT unloaded
-j LED --led-trigger-id "x" --led-delay 2147483647 ; = ; filter INPUT unloaded
-j LED --led-trigger-id "x" --led-delay INFinite ; -j LED --led-trigger-id "x" --led-delay -1 ; \
filter INPUT unloaded lost
-j LED --led-trigger-id "x" --led-delay 4294967294 ; \
-j LED --led-trigger-id "x" --led-delay -2 ; filter INPUT unloaded lost
-j LED --led-trigger-id abcdefghijklmnopq ; error ; filter INPUT unloaded
-j LED --led-trigger-id x --led-delay in ; error ; filter INPUT unloaded
-j LED --led-trigger-id x --led-delay -1 ; error ; filter INPUT unloaded
-j LED --led-trigger-id x --led-delay 4294967296 ; error ; filter INPUT unloaded
-j LED --led-delay 5 ; error ; filter INPUT unloaded
-j LED ; error ; filter INPUT unloaded
"""
