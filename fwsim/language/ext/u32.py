"""u32: words of 32 bits out of the IP packet, masked, shifted and compared.

    TEST && TEST …      TEST = LOCATION=RANGE,RANGE…      LOCATION = NUMBER OPERATOR NUMBER …

Semantics: net/netfilter/xt_u32.c; text: libxt_u32.c.
"""

import re
from typing import Any

from fwsim.language.options import Context, Match, Option, Options, Shown, Unlist, fact
from fwsim.language.values import number
from fwsim.model.facts import Facts
from fwsim.model.hidden import Bits, Seen, seen
from fwsim.model.pred import Pred
from fwsim.model.tuples import NamedTuple

_MOST = 10
_NUMBER = r"\s*\+?(?:0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)\s*"
_RANGE = f"{_NUMBER}(?::{_NUMBER})?"
_STEP = f"(&|<<|>>|@)({_NUMBER})"
_TEST = f"{_NUMBER}(?:{_STEP})*={_RANGE}(?:,{_RANGE})*"


class Test(NamedTuple):
    """Where to look: a place, then operators with numbers; and the inclusive ranges of which the
    value found must be in one."""

    start: int
    steps: tuple[tuple[str, int], ...]
    ranges: tuple[tuple[int, int], ...]

    def __str__(self) -> str:
        steps = "".join(f"{operator}{value:#x}" for operator, value in self.steps)
        ranges = (":".join(map(hex, dict.fromkeys(ends))) for ends in self.ranges)
        return f"{self.start:#x}{steps}={','.join(ranges)}"

    def holds(self, packet: Seen) -> bool | None:
        """Whether the value is in range; a place beyond the packet's end fails. None: bits that
        nobody told decide."""
        base, found = 0, packet.read(self.start, 4)
        for operator, value in self.steps:
            if found is None:
                return False
            if operator == "@":
                if found.hidden:
                    return None
                base += found.value
                found = packet.read(base + value, 4)
            else:
                found = _applied(operator, found, value)
        if found is None:
            return False
        answers = [found.within(low, high) for low, high in self.ranges]
        return True if True in answers else None if None in answers else False


def _applied(operator: str, found: Bits, number: int) -> Bits:
    return (
        found & number
        if operator == "&"
        else found.shifted(-number if operator == ">>" else number)
    )


class _Tests(NamedTuple):
    """All tests; ten at most, with ten numbers and ten ranges each."""

    arity: int = 1

    def read(self, words: list[str], context: Context) -> tuple[Test, ...]:
        """The tests in order."""
        tests = tuple(map(self._one, words[0].split("&&")))
        if max(len(tests), *(max(len(t.steps) + 1, len(t.ranges)) for t in tests)) > _MOST:
            raise ValueError(f"expected at most {_MOST} tests, numbers or ranges")
        if any(sign in ("<<", ">>") and by > 31 for test in tests for sign, by in test.steps):
            raise ValueError("expected shifts of at most 31 bits")
        return tests

    @staticmethod
    def _one(text: str) -> Test:
        if not re.fullmatch(_TEST, text, re.ASCII):
            raise ValueError(
                f"expected LOCATION=RANGE,… and not {text!r}; a location is a number, then &, <<, "
                ">> or @ before others"
            )
        location, ranges = text.split("=")
        steps = re.findall(_STEP, location, re.ASCII)
        ends = ([_value(end) for end in one.split(":")] for one in ranges.split(","))
        start = re.split("[&<>@]", location, maxsplit=1)[0]
        return Test(
            _value(start),
            tuple((operator, _value(value)) for operator, value in steps),
            tuple((pair[0], pair[-1]) for pair in ends),
        )

    def write(self, value: tuple[Test, ...], family: int) -> str:
        """In quotes, numbers in hexadecimal."""
        return f'"{"&&".join(map(str, value))}"'


def _value(text: str) -> int:
    return number(text.strip().removeprefix("+"))


def _matches(o: Options, c: Context) -> Pred:
    tests: tuple[Test, ...] = o["u32"]

    def step(facts: Facts, memory: Any) -> tuple[bool | None, Any]:
        packet = seen(facts.packet)
        answers = [test.holds(packet) for test in tests]
        return (False if False in answers else None if None in answers else True), memory

    text = _Tests().write(tests, c.family)
    return o.sense("u32", fact(c, f"u32 {text}", f"its bytes fit {text}", step))


def _list(o: Options, _: Context, numeric: bool) -> str:
    return f"u32 {o.sign('u32')}{_Tests().write(o['u32'], 4)}"


MATCH = Match(
    "u32",
    _matches,
    options=(Option("u32", _Tests(), negatable=True, required=True),),
    listing=_list,
    unlist=Unlist("u32", (Shown("u32", '"', '[^"]+', '"'),)),
)
EXAMPLES = """
-m u32 --u32 0=0 ; -m u32 --u32 "0x0=0x0"
-m u32 --u32 "0x0=0x0" ; =
-m u32 ! --u32 "0>>22&0x3C@4=0x1:0x5,010" ; -m u32 ! --u32 "0x0>>0x16&0x3c@0x4=0x1:0x5,0x8"
-m u32 --u32 " 6 & 0xFF = 1 && 4 & 0x3FFF = 0 && 0 >> 22 & 0x3C @ 0 >> 24 = 0 : 9 , +7 " ; -m u32 --u32 "0x6&0xff=0x1&&0x4&0x3fff=0x0&&0x0>>0x16&0x3c@0x0>>0x18=0x0:0x9,0x7"
-m u32 --u32 0<<31>>0=4294967295 ; -m u32 --u32 "0x0<<0x1f>>0x0=0xffffffff"
-m u32 --u32 1=5:3,2:2 ; -m u32 --u32 "0x1=0x5:0x3,0x2"
-m u32 --u32 0=1&&0=1&&0=1&&0=1&&0=1&&0=1&&0=1&&0=1&&0=1&&0=1 ; -m u32 --u32 "0x0=0x1&&0x0=0x1&&0x0=0x1&&0x0=0x1&&0x0=0x1&&0x0=0x1&&0x0=0x1&&0x0=0x1&&0x0=0x1&&0x0=0x1"
-m u32 --u32 0&1&1&1&1&1&1&1&1&1=1,2,3,4,5,6,7,8,9,10 ; -m u32 --u32 "0x0&0x1&0x1&0x1&0x1&0x1&0x1&0x1&0x1&0x1=0x1,0x2,0x3,0x4,0x5,0x6,0x7,0x8,0x9,0xa"
-m u32 --u32 0=1&&0=1&&0=1&&0=1&&0=1&&0=1&&0=1&&0=1&&0=1&&0=1&&0=1 ; error
-m u32 --u32 0&1&1&1&1&1&1&1&1&1&1=1 ; error
-m u32 --u32 0=1,2,3,4,5,6,7,8,9,10,11 ; error
-m u32 --u32 0 ; error
-m u32 --u32 0= ; error
-m u32 --u32 =1 ; error
-m u32 --u32 "" ; error
-m u32 --u32 0=1, ; error
-m u32 --u32 "0=1 2" ; error
-m u32 --u32 0=1&2 ; error
-m u32 --u32 0=1&& ; error
-m u32 --u32 0=1: ; error
-m u32 --u32 0<1=1 ; error
-m u32 --u32 "0 < < 1=1" ; error
-m u32 --u32 0|1=1 ; error
-m u32 --u32 0<<32=1 ; error
-m u32 --u32 0>>0x20=1 ; error
-m u32 --u32 0&&1=1 ; error
-m u32 --u32 08=1 ; error
-m u32 --u32 -1=1 ; error
-m u32 --u32 4294967296=1 ; error
-m u32 --u32 0=0 --u32 0=0 ; error
-m u32 --u32 ; error
-m u32 ; error
"""  # noqa: E501 (an example is a line)
