"""Classic BPF: which programs the kernel takes, and what one answers for a packet.

Semantics: net/core/filter.c (bpf_check_classic, check_load_and_stores, bpf_convert_filter). There
are no loops: jumps only go forward.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fwsim.model.hidden import Bits, Seen
from fwsim.model.tuples import NamedTuple

LD, LDX, ST, STX, ALU, JMP, RET, MISC = range(8)
_W, _H, _B = 0x00, 0x08, 0x10
_IMM, _ABS, _IND, _MEM, _LEN, _MSH = 0x00, 0x20, 0x40, 0x60, 0x80, 0xA0
_SIZES = {_W: 4, _H: 2, _B: 1}
_ADD, _SUB, _MUL, _DIV, _OR, _AND, _LSH, _RSH, _NEG, _MOD, _XOR = range(0x00, 0xB0, 0x10)
_JA, _JEQ, _JGT, _JGE, _JSET = range(0x00, 0x50, 0x10)
_X = 0x08
_RET_A, _TAX, _TXA = RET | 0x10, MISC | 0x00, MISC | 0x80
_CELLS = 16
_WORD = 0xFFFFFFFF
_EXTRA = 0xFFFFF000  # from here on, a load asks the kernel and not the packet
_EXTRAS = frozenset(range(0, 64, 4))
PROTOCOL, MARK, _XOR_X = 0, 20, 40

_JUMPS = {JMP | kind | x for kind in (_JEQ, _JGT, _JGE, _JSET) for x in (0, _X)}
_LOADS = {LD | size | mode for size in _SIZES for mode in (_ABS, _IND)}
_CELL_USERS = (LD | _MEM, LDX | _MEM, ST, STX)
_KNOWN = (
    {ALU | kind | x for kind in range(0x00, 0xB0, 0x10) for x in (0, _X)} - {ALU | _NEG | _X}
    | _JUMPS | _LOADS
    | {LD | _LEN, LD | _IMM, LDX | _LEN, LDX | _B | _MSH, LDX | _IMM, *_CELL_USERS}
    | {_TAX, _TXA, RET, _RET_A, JMP | _JA}
)  # fmt: skip


class Instruction(NamedTuple):
    """One instruction; `jt` and `jf` are how many to skip if a test holds or not."""

    code: int
    jt: int
    jf: int
    k: int


Program = tuple[Instruction, ...]


def check(program: Program) -> None:
    """ValueError, saying at which instruction, where the kernel refuses the program."""
    for at, instruction in enumerate(program):
        if complaint := _complaint(instruction, len(program) - at - 1):
            raise ValueError(f"instruction {at}: {complaint}")
    if program[-1].code not in (RET, _RET_A):
        raise ValueError("the last instruction must return")
    _cells_are_filled(program)


def _complaint(one: Instruction, behind: int) -> str:
    """What is wrong with an instruction that has so many behind it."""
    if one.code not in _KNOWN:
        return f"there is no instruction {one.code}"
    if one.code in (ALU | _DIV, ALU | _MOD) and not one.k:
        return "division by zero"
    if one.code in (ALU | _LSH, ALU | _RSH) and one.k > 31:
        return "shift by more than 31 bits"
    if one.code in _CELL_USERS and one.k >= _CELLS:
        return f"there are {_CELLS} cells of memory"
    if any(skipped >= behind for skipped in _targets(one)):
        return "jump behind the end"
    if one.code in _LOADS and one.code & _ABS and one.k >= _EXTRA and one.k - _EXTRA not in _EXTRAS:
        return "the kernel knows nothing of that number"
    return ""


def _targets(one: Instruction) -> tuple[int, ...]:
    """How many instructions a jump may skip."""
    if one.code == JMP | _JA:
        return (one.k,)
    return (one.jt, one.jf) if one.code in _JUMPS else ()


def _cells_are_filled(program: Program) -> None:
    """Every cell that is read was written on every way there."""
    everything = (1 << _CELLS) - 1
    at_entry = [everything] * len(program)
    filled = 0
    for at, one in enumerate(program):
        filled &= at_entry[at]
        if one.code in (ST, STX):
            filled |= 1 << one.k
        elif one.code in (LD | _MEM, LDX | _MEM) and not filled >> one.k & 1:
            raise ValueError(f"instruction {at}: cell {one.k} may not be filled yet")
        for skipped in (jumps := _targets(one)):
            at_entry[at + 1 + skipped] &= filled
        if jumps:
            filled = everything


_ALU: dict[int, Callable[[int, int], int]] = {
    _ADD: lambda a, b: a + b, _SUB: lambda a, b: a - b, _MUL: lambda a, b: a * b,
    _DIV: lambda a, b: a // b, _MOD: lambda a, b: a % b, _OR: lambda a, b: a | b,
    _XOR: lambda a, b: a ^ b, _NEG: lambda a, _: -a,
}  # fmt: skip


class _StopError(Exception):
    """The program ends: its answer, None where nobody knows."""

    def __init__(self, answer: int | None) -> None:
        super().__init__()
        self.answer = answer


def run(program: Program, packet: Seen, beside: Mapping[int, int]) -> int | None:
    """What the program returns for a packet; None where bits that nobody told decide, or numbers
    that the kernel has beside the packet and `beside` (PROTOCOL, MARK) has not. A load out of range
    and a division by zero end it with 0."""
    try:
        _Machine(program, packet, beside).run()
    except _StopError as stop:
        return stop.answer
    raise AssertionError("a checked program returns")


class _Machine:
    def __init__(self, program: Program, packet: Seen, beside: Mapping[int, int]) -> None:
        self.program, self.packet, self.beside = program, packet, beside
        self.a = self.x = Bits(0)
        self.cells = [Bits(0)] * _CELLS

    def run(self) -> None:
        at = 0
        while at < len(self.program):
            at += 1 + self._step(self.program[at])

    def _step(self, one: Instruction) -> int:
        """Do it; how many to skip."""
        match one.code & 7:
            case 0:
                self.a = self._loaded(one)
            case 1:
                self.x = self._loaded(one)
            case 2:
                self.cells[one.k] = self.a
            case 3:
                self.cells[one.k] = self.x
            case 4:
                self.a = self._computed(one)
            case 5:
                return self._jump(one)
            case 6:
                raise _StopError(_known(self.a) if one.code == _RET_A else one.k)
            case _:
                self.a, self.x = (self.x, self.x) if one.code == _TXA else (self.a, self.a)
        return 0

    def _operand(self, one: Instruction) -> int:
        return _known(self.x) if one.code & _X else one.k

    def _computed(self, one: Instruction) -> Bits:
        kind = one.code & 0xF0
        operand = 0 if kind == _NEG else self._operand(one)
        if kind == _AND:
            return self.a & operand
        if kind in (_LSH, _RSH):
            return self.a.shifted((operand & 31) * (1 if kind == _LSH else -1))
        if kind in (_DIV, _MOD) and not operand:
            raise _StopError(0)
        return Bits(_ALU[kind](_known(self.a), operand) & _WORD)

    def _jump(self, one: Instruction) -> int:
        if one.code == JMP | _JA:
            return one.k
        holds = self._test(one.code & 0xF0, self._operand(one))
        if holds is None:
            raise _StopError(None)
        return one.jt if holds else one.jf

    def _test(self, kind: int, operand: int) -> bool | None:
        if kind == _JSET:
            some = self.a & operand
            return True if some.value else None if some.hidden else False
        low = operand + 1 if kind == _JGT else operand
        return self.a.within(low, operand if kind == _JEQ else _WORD)

    def _loaded(self, one: Instruction) -> Bits:
        size, mode = _SIZES[one.code & 0x18], one.code & 0xE0
        if mode == _IMM:
            return Bits(one.k)
        if mode == _MEM:
            return self.cells[one.k]
        if mode == _LEN:
            return Bits(len(self.packet.data))
        if mode == _MSH:
            return (self._read(one.k, 1) & 15).shifted(2)
        if mode == _IND:
            return self._read(_known(self.x) + one.k & _WORD, size)
        return self._read(one.k, size) if one.k < _EXTRA else Bits(self._asked(one.k - _EXTRA))

    def _read(self, offset: int, size: int) -> Bits:
        """Bytes counted from the IP header; from -0x100000 on the kernel counts from there again,
        from -0x200000 on from the Ethernet header, of which we know nothing."""
        if offset > _WORD - 0x200000:
            offset -= _WORD + 1 - 0x100000
            if offset < 0:
                raise _StopError(None)
        found = self.packet.read(offset, size)
        if found is None:
            raise _StopError(0)
        return found

    def _asked(self, number: int) -> int:
        if number == _XOR_X:
            return _known(self.a) ^ _known(self.x)
        if number not in self.beside:
            raise _StopError(None)
        return self.beside[number]


def _known(bits: Bits) -> int:
    if bits.hidden:
        raise _StopError(None)
    return bits.value
