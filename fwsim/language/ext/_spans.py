"""What matches of numbers and of ranges of numbers share, as libxt_esp, libip6t_rt and others print
them.

A whole range is what the kernel's record holds when nothing was asked, so it is not written, not
even with its `!`, and listed only with one.
"""

from collections.abc import Callable, Iterable

from fwsim.language.options import Option, Options, options_text
from fwsim.model.fields import Field
from fwsim.model.pred import Pred, is_in

WHOLE = (0, 0xFFFFFFFF)


def within(field: Field, span: tuple[int, int]) -> Pred:
    """The field is in a span, which may reach beyond what it can hold."""
    return is_in(field, (span[0], min(span[1], field.top)))


def save_spans(o: Options, options: Iterable[Option], whole: tuple[int, int] = WHOLE) -> str:
    """` --espspi 5:9`, as iptables-save writes these options."""
    kept = (option for option in options if option.name in o and o[option.name] != whole)
    return options_text(kept, o, 6)


def list_span(
    title: str,
    o: Options,
    name: str,
    whole: tuple[int, int] = WHOLE,
    show: Callable[[int], str] = str,
) -> str:
    """`spi:5`, `spis:!5:9`, as iptables -L lists an option; empty where it was not given."""
    if name not in o or (o[name] == whole and not o.negated(name)):
        return ""
    ends = [show(value) for value in dict.fromkeys(o[name])]
    plural = "s" if len(ends) > 1 else ""
    return f"{title}{plural}:{o.sign(name, '!')}{':'.join(ends)}"


def list_number(title: str, o: Options, name: str, show: Callable[[int], str] = str) -> str:
    """`length:!5`; empty where the option was not given."""
    if name not in o:
        return ""
    return f"{title}:{o.sign(name, '!')}{show(o[name])}"
