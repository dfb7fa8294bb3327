"""What devgroup and realm share: VALUE, VALUE/MASK or a name (xtables_parse_val_mask,
xtables_print_val_mask of libxtables/xtables.c)."""

from collections.abc import Mapping

from fwsim.language.options import Context
from fwsim.language.values import number
from fwsim.model.tuples import NamedTuple

_FULL = 0xFFFFFFFF


class NamedMask(NamedTuple):
    """A number with or without a mask, 32 bits each; `names` are those that iproute2 brings along,
    since others mean something else on each host."""

    names: Mapping[str, int]
    arity: int = 1

    def read(self, words: list[str], context: Context) -> tuple[int, int]:
        """(value, mask)"""
        if words[0] in self.names:
            return self.names[words[0]], _FULL
        value, slash, mask = words[0].partition("/")
        try:
            return number(value), number(mask) if slash else _FULL
        except ValueError:
            raise ValueError(f"expected VALUE[/MASK], or {', '.join(self.names)}") from None

    def write(self, value: tuple[int, int], family: int) -> str:
        """0x5/0xff, or a name"""
        return self.listed(value, numeric=False)

    def listed(self, value: tuple[int, int], numeric: bool) -> str:
        """The same; if `numeric`, without names."""
        number_, mask = value
        if mask != _FULL:
            return f"{number_:#x}/{mask:#x}"
        names = (n for n, known in self.names.items() if known == number_ and not numeric)
        return next(names, hex(number_))
