"""statistic: every nth packet, or packets by chance.

Semantics: net/netfilter/xt_statistic.c; text: libxt_statistic.c. Chance is kept in 31 bits, so that
not every probability comes back as it was given.
"""

from fwsim.language.ext._numbers import c_double
from fwsim.language.options import Context, Match, Option, Options, Shown, Unlist, fact
from fwsim.language.types import OneOf, UInt
from fwsim.model.facts import Facts
from fwsim.model.pred import FALSE, TRUE, Pred
from fwsim.model.tuples import NamedTuple

_ONE = 1 << 31


class _Probability(NamedTuple):
    """From 0 to 1, as strtod reads it; in parts of 2^31."""

    arity: int = 1

    def read(self, words: list[str], context: Context) -> int:
        """0 to 2^31."""
        value, rest = c_double(words[0])
        if rest or not 0 <= value <= 1:
            raise ValueError("expected a probability from 0 to 1")
        return int(_ONE * value + 0.5)

    def write(self, value: int, family: int) -> str:
        """Eleven digits."""
        return f"{value / _ONE:.11f}"


def _matches(o: Options, c: Context) -> Pred:
    return _by_chance(o, c) if o["mode"] == "random" else _counted(o, c)


def _counted(o: Options, c: Context) -> Pred:
    every: int = o["every"]
    first = every - 1 - o["packet"]

    def step(facts: Facts, seen: int | None) -> tuple[bool, int]:
        turn = ((first if seen is None else seen) + 1) % every
        return not turn, turn

    name = f"statistic nth every {every} packet {o['packet']}"
    return o.sense("every", fact(c, name, f"it is this one's turn of {every}", step, once=False))


def _by_chance(o: Options, c: Context) -> Pred:
    odds: int = o["probability"]
    if odds in (0, _ONE):
        return o.sense("probability", TRUE if odds else FALSE)

    def step(facts: Facts, memory: None) -> tuple[bool | None, None]:
        chance = facts.chance
        return (None if chance is None else chance.getrandbits(31) < odds), None

    shown = f"{odds / _ONE:.4g}"
    coin = fact(c, f"statistic random {shown}", f"chance ({shown}) has it", step, once=False)
    return o.sense("probability", coin)


def _check(o: Options, _: Context) -> None:
    by_chance, counted = "probability" in o, "every" in o or "packet" in o
    if by_chance and counted:
        raise ValueError("--probability goes with neither --every nor --packet")
    if by_chance != (o["mode"] == "random"):
        raise ValueError("mode random needs --probability; mode nth --every and --packet")
    if not by_chance and not ("every" in o and "packet" in o):
        raise ValueError("--every and --packet need each other")
    if not by_chance and o["packet"] >= o["every"]:
        raise ValueError("--packet is below --every")


def _list(o: Options, _: Context, numeric: bool) -> str:
    if o["mode"] == "random":
        probability = _Probability().write(o["probability"], 4)
        return f"statistic mode random {o.sign('probability')}probability {probability}"
    packet = f" packet {o['packet']}" if o["packet"] else ""
    return f"statistic mode nth {o.sign('every')}every {o['every']}{packet}"


def _shown_every(text: str, _: Context) -> list[str]:
    every, _word, packet = text.partition(" packet ")
    return ["--every", every, "--packet", packet or "0"]


MATCH = Match(
    "statistic",
    _matches,
    options=(
        Option("mode", OneOf(("random", "nth")), required=True),
        Option("probability", _Probability(), negatable=True),
        Option("every", UInt(1), negatable=True),
        Option("packet", UInt()),
    ),
    check=_check,
    listing=_list,
    unlist=Unlist(
        "statistic",
        (
            Shown("mode", "mode "),
            Shown("probability", "probability "),
            Shown("every", "every ", r"\d+(?: packet \d+)?", words=_shown_every),
        ),
    ),
)
EXAMPLES = """
-m statistic --mode random --probability .5 ; -m statistic --mode random --probability 0.50000000000
-m statistic --mode random ! --probability 0.3333333333 ; \
-m statistic --mode random ! --probability 0.33333333349
-m statistic --probability 1e-3 --mode random ; \
-m statistic --mode random --probability 0.00100000016
-m statistic --mode random --probability 1 ; -m statistic --mode random --probability 1.00000000000
-m statistic --mode random --probability -0 ; -m statistic --mode random --probability 0.00000000000
-m statistic --mode random --probability 0x1p-1 ; \
-m statistic --mode random --probability 0.50000000000
-m statistic --mode random --probability " 0.123456789012" ; \
-m statistic --mode random --probability 0.12345678918
-m statistic --mode random --probability 0.999999999999 ; \
-m statistic --mode random --probability 1.00000000000
-m statistic --mode nth --every 5 --packet 2 ; =
-m statistic --packet 0x1 ! --every 4294967295 --mode nth ; \
-m statistic --mode nth ! --every 4294967295 --packet 1
-m statistic --mode nth --every 1 --packet 0 ; =
-m statistic --mode random --probability 1.0000000001 ; error
-m statistic --mode random --probability -0.1 ; error
-m statistic --mode random --probability 0.5x ; error
-m statistic --mode random --probability "" ; error
-m statistic --mode random --every 5 --packet 2 ; error
-m statistic --mode random --every 5 --packet 2 --probability 0.5 ; error
-m statistic --mode random ; error
-m statistic --probability 0.5 ; error
-m statistic --mode nth --probability 0.5 ; error
-m statistic --mode nth --every 0 --packet 0 ; error
-m statistic --mode nth --every 4294967296 --packet 1 ; error
-m statistic --mode nth --every 5 --packet 5 ; error
-m statistic --mode nth --every 5 ! --packet 2 ; error
-m statistic --mode nth --every 5 ; error
-m statistic --mode nth --packet 5 ; error
-m statistic --mode nth ; error
-m statistic --mode NTH --every 5 --packet 2 ; error
-m statistic --mode n --every 5 --packet 2 ; error
-m statistic ! --mode nth --every 5 --packet 2 ; error
-m statistic ; error
"""
