"""srh: the IPv6 segment routing header.

Semantics: net/ipv6/netfilter/ip6t_srh.c (srh1_mt6), which compares the tag in the machine's own
byte order (here a little-endian one's); text: libip6t_srh.c. The lengths to be equal to, above and
below are one number in the kernel's record, so the one given last counts for all; likewise for the
segments left and the last entry.
"""

from fwsim.language.ext._exthdr import Header
from fwsim.language.ext._spans import list_number
from fwsim.language.options import (
    Context,
    Given,
    Match,
    Option,
    Options,
    Shown,
    Unlist,
    options_text,
)
from fwsim.language.types import HostMask, UInt
from fwsim.language.values import mask_text
from fwsim.model.chain import Found
from fwsim.model.exthdr import ROUTING, octets
from fwsim.model.fields import Field
from fwsim.model.names import address_text
from fwsim.model.pred import TRUE, Pred, all_of, is_in, masked
from fwsim.model.tuples import NamedTuple

_ORDERS = ("eq", "gt", "lt")


_HEADER = Header(ROUTING, 8, "segment routing header")
_COMPARES = {
    "srh-hdr-len": _HEADER.number("length", 1, 1),
    "srh-segs-left": _HEADER.number("segments left", 3, 1),
    "srh-last-entry": _HEADER.number("last entry", 4, 1),
}
_NEXT = _HEADER.number("next header", 0, 1, "proto")
_TAG = _HEADER.field("tag", 16, lambda found: int.from_bytes(found.data[6:8], "little"))


def _sound(found: Found) -> int:
    """It is one, whole, and the segments left are among those it has."""
    data = found.data
    return int(octets(ROUTING, data) <= found.left and data[2] == 4 and data[3] <= data[4])


_SOUND = _HEADER.field("sound", 1, _sound, "flag")


def _sid(which: str, name: str) -> tuple[Field, Field]:
    """Whether the header has that segment, and which it is."""

    def number(found: Found) -> int | None:
        left, last = found.data[3:5]
        if which == "last":
            return 0
        if left == (last if which == "previous" else 0):
            return None
        return left + (1 if which == "previous" else -1)

    def there(found: Found) -> int:
        place = number(found)
        return int(place is not None and 8 + 16 * (place + 1) <= found.left)

    def value(found: Found) -> int:
        at = 8 + 16 * (number(found) or 0)
        return int.from_bytes(found.data[at : at + 16], "big")

    return (
        _HEADER.field(f"{name} there", 1, there, "flag"),
        _HEADER.field(name, 128, value, "address"),
    )


_SIDS = {
    "srh-psid": _sid("previous", "previous segment"),
    "srh-nsid": _sid("next", "next segment"),
    "srh-lsid": _sid("last", "last segment"),
}


class _Segment(NamedTuple):
    """ADDRESS[/MASK]; the mask is always written, as a length."""

    arity: int = 1

    def read(self, words: list[str], context: Context) -> tuple[int, int]:
        """(address, mask)"""
        return HostMask().read(words, context)

    def write(self, value: tuple[int, int], family: int) -> str:
        """fd00::/16"""
        return f"{address_text(value[0], 128)}/{mask_text(value[1], 128)}"


def _kept(o: Options) -> dict[str, Given]:
    """The options as the kernel's record has them."""
    given = dict(o.given)
    for group in _COMPARES:
        names = [name for name in o if name.startswith(group)]
        for name in names:
            given[name] = Given(o[names[-1]], o.negated(name))
    return given


def _compares(field: Field, order: str, value: int) -> Pred:
    span = {"eq": (value, value), "gt": (value + 1, 255), "lt": (0, value - 1)}[order]
    return is_in(field, span)


def _matches(o: Options, _: Context) -> Pred:
    kept = Options(_kept(o))
    asked: list[Pred] = [is_in(_SOUND, 1)]
    for name, field in (("srh-next-hdr", _NEXT), ("srh-tag", _TAG)):
        if name in o:
            asked.append(o.sense(name, is_in(field, o[name])))
    for group, field in _COMPARES.items():
        for order in _ORDERS:
            if (name := f"{group}-{order}") in o:
                asked.append(o.sense(name, _compares(field, order, kept[name])))
    for name, (there, segment) in _SIDS.items():
        if name in o:
            value, mask = o[name]
            pred = masked(segment, value & mask, mask) if mask else TRUE
            asked += (is_in(there, 1), o.sense(name, pred))
    return all_of(*asked)


def _save(o: Options, c: Context) -> str:
    return options_text(_OPTIONS, Options(_kept(o)), c.family).strip()


def _list(o: Options, _: Context, numeric: bool) -> str:
    kept = Options(_kept(o))
    text = "srh"
    for name in (option.name for option in _OPTIONS if option.name in o):
        title = name.removeprefix("srh-")
        if name in _SIDS:
            text += f" {title} {o.sign(name, '!')} {_Segment().write(o[name], 6)}"
        else:
            text += list_number(f" {title}", kept, name)
    return text


_OPTIONS = (
    Option("srh-next-hdr", UInt(0, 255), negatable=True),
    *(Option(f"{n}-{order}", UInt(0, 255), True) for n in _COMPARES for order in _ORDERS),
    Option("srh-tag", UInt(0, 0xFFFF), negatable=True),
    *(Option(name, _Segment(), negatable=True) for name in _SIDS),
)
MATCH = Match(
    "srh",
    _matches,
    options=_OPTIONS,
    families=(6,),
    save=_save,
    listing=_list,
    unlist=Unlist(
        "srh",
        tuple(
            Shown(name, f"{name.removeprefix('srh-')}{' +' if name in _SIDS else ':'}")
            for name in (option.name for option in _OPTIONS)
        ),
    ),
)
EXAMPLES6 = """
-m srh ; =
-m srh --srh-next-hdr 17 ; =
-m srh ! --srh-hdr-len-eq 8 ! --srh-segs-left-eq 2 ! --srh-last-entry-eq 4 ; =
-m srh --srh-last-entry-lt 5 --srh-segs-left-gt 1 --srh-hdr-len-lt 0x9 ; -m srh --srh-hdr-len-lt 9 --srh-segs-left-gt 1 --srh-last-entry-lt 5
-m srh --srh-hdr-len-lt 9 ! --srh-hdr-len-gt 5 ; -m srh ! --srh-hdr-len-gt 5 --srh-hdr-len-lt 5
-m srh --srh-segs-left-eq 1 --srh-segs-left-lt 2 ; -m srh --srh-segs-left-eq 2 --srh-segs-left-lt 2
-m srh --srh-last-entry-gt 3 --srh-last-entry-eq 0 ; -m srh --srh-last-entry-eq 0 --srh-last-entry-gt 0
-m srh ! --srh-tag 65535 ! --srh-next-hdr 0 ; -m srh ! --srh-next-hdr 0 ! --srh-tag 65535
-m srh --srh-psid FD00::1 ; -m srh --srh-psid fd00::1/128
-m srh --srh-lsid fd00::1/16 ! --srh-nsid :: ! --srh-psid ::/0 ; -m srh ! --srh-psid ::/0 ! --srh-nsid ::/128 --srh-lsid fd00::1/16
-m srh --srh-nsid fd00::1/ffff:: --srh-psid ::1/ff:: ; -m srh --srh-psid ::1/128 --srh-nsid fd00::1/16
-m srh --srh-next-hdr 256 ; error
-m srh --srh-tag 65536 ; error
-m srh --srh-hdr-len-eq 1:2 ; error
-m srh --srh-hdr-len 1 ; error
-m srh --srh-psid 10.0.0.1 ; error
-m srh --srh-psid fd00::1/129 ; error
-m srh --srh-tag ; error
-m srh --srh-tag 1 --srh-tag 1 ; error
"""  # noqa: E501 (an example is a line)
