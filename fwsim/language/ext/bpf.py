"""bpf: a program in classic BPF bytecode looks at the IP packet, or one pinned in the kernel does.

Semantics: net/netfilter/xt_bpf.c, and _bpf.py beside this; text: libxt_bpf.c, which prints a
listing without a blank before it and a zero byte behind it. What a pinned program does is not in
the rules.
"""

import re
from typing import Any

from fwsim.language.ext._bpf import MARK, PROTOCOL, Instruction, Program, check, run
from fwsim.language.options import Context, Glued, Match, Option, Options, Shown, Unlist, fact
from fwsim.language.types import Text
from fwsim.model.facts import Facts
from fwsim.model.hidden import seen
from fwsim.model.pred import Pred
from fwsim.model.tuples import NamedTuple

_MOST = 64
_HEAD = re.compile(r"\s*([+-]?\d+),", re.ASCII)
_INSTRUCTION = re.compile(r"\s*([+-]?\d+)\s*([+-]?\d+)\s*([+-]?\d+)\s*([+-]?\d+)", re.ASCII)
_TOPS = (0xFFFF, 0xFF, 0xFF, 0xFFFFFFFF)


class _Bytecode(NamedTuple):
    """LENGTH,CODE JT JF K,… in decimal, as sscanf reads it: numbers lose their higher bits, and
    what else stands before a comma counts for nothing."""

    arity: int = 1

    def read(self, words: list[str], context: Context) -> Program:
        """The instructions."""
        head = _HEAD.match(words[0])
        length = int(head[1]) & 0xFFFF if head else 0
        if not head or not 0 < length <= _MOST:
            raise ValueError(f"expected the number of instructions, 1 to {_MOST}, and a comma")
        parts = words[0][head.end() :].split(",")
        found = list(map(_INSTRUCTION.match, parts if parts[-1] else parts[:-1]))
        if len(found) != length:
            raise ValueError(f"expected {length} instructions, but there are {len(found)}")
        if None in found:
            raise ValueError(f"instruction {found.index(None)} is not CODE JT JF K")
        return tuple(
            Instruction(*(int(text) & top for text, top in zip(one.groups(), _TOPS, strict=True)))
            for one in found
            if one
        )

    def write(self, value: Program, family: int) -> str:
        """In quotes, the length first."""
        return f'"{len(value)},{_instructions(value)}"'


class _Path(NamedTuple):
    """A path, cut to 511 bytes and never quoted."""

    arity: int = 1

    def read(self, words: list[str], context: Context) -> str:
        """The path."""
        return Text(511).read(words, context)

    def write(self, value: str, family: int) -> str:
        """/sys/fs/bpf/name"""
        return value


def _instructions(program: Program) -> str:
    return ",".join(" ".join(map(str, one)) for one in program)


def _check(o: Options, _: Context) -> None:
    if "bytecode" in o:
        check(o["bytecode"])


_ETHERTYPES = {4: 0x0800, 6: 0x86DD}


def _matches(o: Options, c: Context) -> Pred:
    if "object-pinned" in o:
        path = o["object-pinned"]
        return fact(c, f"bpf {path}", f"the BPF program {path} takes it")
    program: Program = o["bytecode"]

    def step(facts: Facts, memory: Any) -> tuple[bool | None, Any]:
        beside = {PROTOCOL: _ETHERTYPES[facts.packet.family], MARK: facts["mark"]}
        answer = run(program, seen(facts.packet), beside)
        return (None if answer is None else answer != 0), memory

    text = _instructions(program)
    return fact(c, f"bpf {text}", f"the BPF program {text} takes it", step)


def _list(o: Options, _: Context, numeric: bool) -> str:
    if "object-pinned" in o:
        return Glued(f"match bpf pinned {o['object-pinned']}")
    return Glued(f"match bpf {_instructions(o['bytecode'])}\0")


def _shown_code(text: str, _: Context) -> list[str]:
    return ["--bytecode", f"{text.count(',') + 1},{text.rstrip(chr(0))}"]


MATCH = Match(
    "bpf",
    _matches,
    options=(
        Option("bytecode", _Bytecode(), choice="program"),
        Option("object-pinned", _Path(), choice="program"),
    ),
    check=_check,
    listing=_list,
    unlist=Unlist(
        "match bpf",
        (
            Shown("object-pinned", "pinned "),
            Shown("bytecode", "", r"\d+ \d+ \d+ \d+(?:,\d+ \d+ \d+ \d+)*\0?", words=_shown_code),
        ),
    ),
)
EXAMPLES = r"""
-m bpf --bytecode "1,6 0 0 1" ; =
-m bpf --bytecode "4,48 0 0 9,21 0 1 6,6 0 0 1,6 0 0 0" ; =
-m bpf --bytecode " +2,6 0 0 4294967295 and so on, 6  0-1-1," ; -m bpf --bytecode "2,6 0 0 4294967295,6 0 255 4294967295"
-m bpf --bytecode "1,6 0 0 0x10" ; -m bpf --bytecode "1,6 0 0 0"
-m bpf --bytecode "65537,65542 256 257 4294967297" ; -m bpf --bytecode "1,6 0 1 1"
-m bpf --bytecode "3,32 0 0 4294963220,21 0 0 1,22 0 0 0" ; =
-m bpf --bytecode "3,32 0 0 4294963199,21 0 0 1,22 0 0 0" ; =
-m bpf --bytecode "3,0 0 0 5,2 0 0 15,22 0 0 0" ; =
-m bpf --bytecode "3,5 0 0 0,6 0 0 0,6 0 0 0" ; =
-m bpf --bytecode "1,6 0 0" ; error
-m bpf --bytecode "1 6 0 0 1" ; error
-m bpf --bytecode "1,6,0,0,1" ; error
-m bpf --bytecode "1" ; error
-m bpf --bytecode "" ; error
-m bpf --bytecode "0," ; error
-m bpf --bytecode "2,6 0 0 1" ; error
-m bpf --bytecode "1,6 0 0 1,6 0 0 1" ; error
-m bpf --bytecode "1,6 0 0 1,,6 0 0 1" ; error
-m bpf --bytecode "65,6 0 0 1" ; error
-m bpf --bytecode "-1,6 0 0 1" ; error
-m bpf --bytecode "1,48 0 0 1" ; error
-m bpf --bytecode "1,14 0 0 1" ; error
-m bpf --bytecode "2,5 0 0 1,6 0 0 1" ; error
-m bpf --bytecode "2,21 0 1 1,6 0 0 1" ; error
-m bpf --bytecode "2,21 1 0 1,6 0 0 1" ; error
-m bpf --bytecode "2,8 0 0 1,6 0 0 1" ; error
-m bpf --bytecode "2,140 0 0 0,6 0 0 1" ; error
-m bpf --bytecode "2,52 0 0 0,6 0 0 1" ; error
-m bpf --bytecode "2,148 0 0 0,6 0 0 1" ; error
-m bpf --bytecode "2,100 0 0 32,6 0 0 1" ; error
-m bpf --bytecode "2,2 0 0 16,6 0 0 1" ; error
-m bpf --bytecode "2,96 0 0 0,6 0 0 1" ; error
-m bpf --bytecode "4,21 0 1 0,2 0 0 3,96 0 0 3,6 0 0 1" ; error
-m bpf --bytecode "2,32 0 0 4294963201,6 0 0 1" ; error
-m bpf --bytecode "2,32 0 0 4294963264,6 0 0 1" ; error
-m bpf --bytecode ; error
! -m bpf --bytecode "1,6 0 0 1" ; error
-m bpf ! --bytecode "1,6 0 0 1" ; error
-m bpf --bytecode "1,6 0 0 1" --bytecode "1,6 0 0 1" ; error
-m bpf --bytecode "1,6 0 0 1" --object-pinned /sys/fs/bpf/x ; error
-m bpf ; error
"""  # noqa: E501 (an example is a line)
