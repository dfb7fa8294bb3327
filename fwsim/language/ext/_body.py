"""What the matches that read a packet's contents share. Contents of which only the length was given
are an unknown fact."""

from collections.abc import Callable, Sequence

from fwsim.language.ext._head import CUT_OFF, FIRST
from fwsim.language.options import Context, Meaning, Options, fact
from fwsim.model.exthdr import EXTENSIONS
from fwsim.model.facts import Facts
from fwsim.model.fields import Field
from fwsim.model.packet import Packet
from fwsim.model.pred import FALSE, TRUE, Pred, all_of, any_of, is_in


def _length(facts: Facts) -> int:
    """Behind an IPv6 header that is cut off there is nothing."""
    cut_off = facts.packet.family == 6 and facts.packet.proto in EXTENSIONS
    return 0 if cut_off else facts.packet.data_len


LENGTH = Field("bytes behind the IP header", 16, project=_length)
GIVEN = Field("contents given", 1, "flag", project=lambda f: int(f.packet.contents is not None))


def number(name: str, at: int, size: int, kind: str = "number") -> Field:
    """`size` bytes of the contents as a number; 0 where there are none."""

    def project(facts: Facts) -> int:
        return int.from_bytes((facts.packet.contents or b"")[at : at + size], "big")

    return Field(name, 8 * size, kind, project)


def if_given(c: Context, pred: Pred, name: str, why: str, given: Field = GIVEN) -> Pred:
    """`pred`, where the contents that it asks for were given."""
    if pred in (TRUE, FALSE):
        return pred
    unknown = all_of(is_in(given, 0), fact(c, name, why))
    return any_of(all_of(is_in(given, 1), pred), unknown)


def behind(header: int, pred: Pred, hotdrop: Pred = FALSE) -> Meaning:
    """`pred` about a header of so many bytes behind the IP header: it has to be there."""
    whole = all_of(FIRST, is_in(LENGTH, (header, LENGTH.top)))
    cut_off = all_of(FIRST, is_in(LENGTH, (0, header - 1)))
    return Meaning(all_of(whole, pred), any_of(cut_off, hotdrop))


NO, YES, MALFORMED = range(3)


def verdict(name: str, judge: Callable[[Packet], int]) -> Field:
    """What a walk through the contents comes to: NO, YES or MALFORMED."""
    return Field(name, 2, project=lambda facts: judge(facts.packet))


def judged(o: Options, option: str, field: Field) -> Pred:
    """An option that asks for such a verdict. The kernel's `!` turns MALFORMED round as well, and
    drops the packet nevertheless."""
    return is_in(field, NO, MALFORMED) if o.negated(option) else is_in(field, YES)


def walked(asked: Sequence[Pred], holds: Pred, field: Field, given: Field = GIVEN) -> Meaning:
    """`asked`, and what such a verdict comes to, in a packet whose header is there; those for which
    it is MALFORMED are dropped at once."""
    malformed = all_of(*asked, is_in(given, 1), is_in(field, MALFORMED))
    return Meaning(all_of(*asked, holds), any_of(CUT_OFF, malformed))


def range_text(span: tuple[int, int]) -> str:
    """`5`, `5 to 9`"""
    return " to ".join(map(str, dict.fromkeys(span)))
