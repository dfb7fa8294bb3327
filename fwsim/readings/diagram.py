"""Where each field's bits stand in the diagrams, and how values become diagrams.

The diagrams are oxidd's BDDs with complement edges. The order of their variables decides the size
of everything: protocol, ports, ICMP and flags come first, then the destination, then the source,
then the rest as it is asked for. Moving a field that is new up to its place is cheap.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from oxidd.bcdd import BCDDFunction, BCDDManager

from fwsim.model.fields import Field
from fwsim.model.pred import Free, In
from fwsim.model.tuples import NamedTuple
from fwsim.readings.concrete import free_key
from fwsim.readings.spans import free_bits

FIRST = ("proto", "dport", "sport", "icmp_type", "icmp_code", "tcp_flags", "dst", "src", "mac_src")
_CACHE = 1 << 18  # entries of oxidd's cache of operations; clearing it is most of a collection


def is_free(name: str) -> bool:
    """It names a free fact, not a field of packets."""
    return name.startswith(free_key(""))


class Question(NamedTuple):
    """What a node asks first: a field's bit, and what is left if it is set and if it is not."""

    field: Field
    bit: int
    yes: BCDDFunction
    no: BCDDFunction


class Diagrams:
    """The fields known so far and a manager that holds at most `nodes` nodes; MemoryError beyond.
    `first` are the names of those that come first, in order. It is an algebra over `fold`. A `Free`
    is a field of one bit, named by `free_key`."""

    def __init__(self, nodes: int, first: tuple[str, ...] = FIRST) -> None:
        self._first = first
        self._manager = BCDDManager(nodes, min(nodes, _CACHE), 1)
        self._atoms: dict[In, BCDDFunction] = {}
        self._bytes: dict[tuple[str, int, int, int], BCDDFunction] = {}
        self._bits: dict[str, list[BCDDFunction]] = {}
        self._variables: dict[str, range] = {}
        self._places: list[tuple[Field, int]] = []  # of each variable: its field and bit
        self.fields: dict[str, Field] = {}
        self.true, self.false = self._manager.true(), self._manager.false()

    @property
    def order(self) -> list[Field]:
        """The fields in the order in which diagrams ask for them."""
        return [self.fields[name] for name in sorted(self.fields, key=self._rank)]

    def inside(self, atom: In) -> BCDDFunction:
        """The values of an atom; remembered, since rules repeat themselves."""
        if atom not in self._atoms:
            self._atoms[atom] = self.within(atom, self.bits(atom.field))
        return self._atoms[atom]

    def within(self, atom: In, bits: Sequence[BCDDFunction]) -> BCDDFunction:
        """When an atom holds of a field whose bits are these, the least significant first."""
        if (mask := atom.mask) is not None:
            bits = [bit if mask >> place & 1 else self.false for place, bit in enumerate(bits)]
        own = atom.field.name if bits is self._bits.get(atom.field.name) else ""
        return self.either([self._span(bits, own, *span) for span in atom.spans])

    def free(self, atom: Free) -> BCDDFunction:
        """The bit that stands for a free fact, unless a field tells it."""
        if atom.told is not None:
            return self.inside(atom.told)
        return self.bits(Field(free_key(atom.name), 1, "flag"))[0]

    def negate(self, value: BCDDFunction) -> BCDDFunction:
        """The complement."""
        return ~value

    def all_of(self, values: Iterator[BCDDFunction]) -> BCDDFunction:
        """The intersection."""
        found = self.true
        for value in values:
            found = value & found
            if not found.satisfiable():
                break
        return found

    def any_of(self, values: Iterator[BCDDFunction]) -> BCDDFunction:
        """The union."""
        return self.either(list(values))

    def either(self, parts: list[BCDDFunction]) -> BCDDFunction:
        """The union, by halves: far cheaper for many parts than one after another."""
        if len(parts) < 2:
            return parts[0] if parts else self.false
        half = len(parts) // 2
        return self.either(parts[:half]) | self.either(parts[half:])

    def bits(self, field: Field) -> list[BCDDFunction]:
        """The field's bits, the least significant first. ValueError if a field of this name has
        another width here: one universe is of one address family."""
        known = self.fields.get(field.name)
        if known is None:
            self._add(field)
        elif known.bits != field.bits:
            raise ValueError(f"{field.name} has {known.bits} bits in this space, not {field.bits}")
        return self._bits[field.name]

    def cube(self, chosen: Callable[[str], bool]) -> BCDDFunction:
        """All bits of the fields whose name is chosen, to quantify over."""
        return self.all_of(bit for name in filter(chosen, self.fields) for bit in self._bits[name])

    def flip(self, bits: Iterable[tuple[Field, int]], node: BCDDFunction) -> BCDDFunction:
        """The same with these bits of fields turned over."""
        turned = [
            (self._variables[f.name][f.bits - 1 - bit], ~self._bits[f.name][bit]) for f, bit in bits
        ]
        return node.substitute(BCDDFunction.make_substitution(turned))

    def question(self, node: BCDDFunction) -> Question | None:
        """What a node asks first; None if there is nothing left to ask."""
        variable, branches = node.node_var(), node.cofactors()
        if variable is None or branches is None:
            return None
        return Question(*self._places[variable], *branches)

    def together_with(self, node: BCDDFunction) -> range:
        """The variables of the field that a node asks for first; none if it asks for nothing."""
        variable = node.node_var()
        return range(0) if variable is None else self._variables[self._places[variable][0].name]

    def one_of(self, node: BCDDFunction, fields: Iterable[Field]) -> dict[Field, int]:
        """The values of these fields in one packet of a set that is not empty."""
        chosen = node.pick_cube() or []
        return {
            f: sum(
                1 << f.bits - 1 - at for at, v in enumerate(self._variables[f.name]) if chosen[v]
            )
            for f in fields
        }

    def having(self, values: Mapping[Field, int]) -> BCDDFunction:
        """The packets of which these fields have these values."""
        return self.all_of(self.inside(In(f, ((v, v),))) for f, v in values.items())

    def valuation(self, view: Mapping[str, int]) -> Iterator[tuple[int, bool]]:
        """Each variable with its value in a view; what the view does not hold is 0."""
        for variable, (field, bit) in enumerate(self._places):
            yield variable, bool(view.get(field.name, 0) >> bit & 1)

    def relieve(self) -> None:
        """Forget what is only remembered. A collection in the background makes `gc` return at
        once, and `add_vars` waits for it: so one is over that began after the forgetting."""
        self._atoms.clear()
        self._bytes.clear()
        self._manager.add_vars(0)
        self._manager.gc()
        self._manager.add_vars(0)

    def _span(self, bits: Sequence[BCDDFunction], own: str, low: int, high: int) -> BCDDFunction:
        """The values from low to high, in one node or two for each bit. `own` is the name of the
        field whose own bits these are."""
        host = free_bits(low, high)
        if host is not None:
            return self._block(bits, own, low, host)
        above = below = self.true
        for place, bit in enumerate(bits):
            above = bit & above if low >> place & 1 else bit | above
            below = bit.imp(below) if high >> place & 1 else bit.imp_strict(below)
        return above & below

    def _block(self, bits: Sequence[BCDDFunction], own: str, value: int, host: int) -> BCDDFunction:
        """The values that share all bits from `host` on with one, a byte at a time: those of
        networks and the ends of names are seen again and again."""
        found = self.true
        for low in range(host & ~7, len(bits), 8):
            key = own, low, value >> low & 255, max(host - low, 0)
            byte = self._bytes.get(key) if own else None
            if byte is None:
                byte = self._byte(bits, *key[1:])
                if own:
                    self._bytes[key] = byte
            found = byte & found
        return found

    def _byte(self, bits: Sequence[BCDDFunction], low: int, value: int, host: int) -> BCDDFunction:
        found = self.true
        for place, bit in enumerate(bits[low + host : low + 8], host):
            found = bit & found if value >> place & 1 else bit.imp_strict(found)
        return found

    def _add(self, field: Field) -> None:
        new = self._manager.add_vars(field.bits)
        self.fields[field.name] = field
        self._variables[field.name] = new
        self._places += [(field, bit) for bit in reversed(range(field.bits))]
        self._bits[field.name] = [self._manager.var(v) for v in reversed(new)]
        if field.name in self._first:
            names = (field.name for field in self.order)
            self._manager.set_var_order(v for name in names for v in self._variables[name])

    def _rank(self, name: str) -> int:
        return self._first.index(name) if name in self._first else len(self._first)
