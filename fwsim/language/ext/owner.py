"""owner: who on this host sends the packet.

Semantics: net/netfilter/xt_owner.c. A packet without a socket (forwarded, or a reset by REJECT)
matches if every option is negated; one by a socket of the kernel's own (echo replies, errors) has
no user and no group. Text: libxt_owner.c.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from fwsim.language.ext._accounts import GROUPS, USERS
from fwsim.language.options import Context, Match, Option, Options, Shown, Unlist, fact
from fwsim.language.types import Flag
from fwsim.language.values import number
from fwsim.model import fields as F
from fwsim.model.facts import Facts
from fwsim.model.names import KERNEL_SOCKET, NO_SOCKET, PROCESS
from fwsim.model.pred import FALSE, TRUE, Pred, all_of, any_of, is_in
from fwsim.model.tuples import NamedTuple

_NO_SOCKET, _KERNEL, _PROCESS = (
    is_in(F.SENDER, sender) for sender in (NO_SOCKET, KERNEL_SOCKET, PROCESS)
)


class _Ids(NamedTuple):
    """A name, a number or a range FIRST-LAST (or FIRST:LAST)."""

    names: Mapping[str, int]
    arity: int = 1

    def read(self, words: list[str], context: Context) -> tuple[int, int]:
        """(first, last)"""
        if words[0] in self.names:
            return (self.names[words[0]],) * 2
        first, sign, last = (*re.split("([-:])", words[0], maxsplit=1), "", "")[:3]
        try:
            low = number(first, 0, 0xFFFFFFFE)
            high = number(last, 0, 0xFFFFFFFE) if sign else low
        except ValueError:
            known = "the names of Debian's own accounts are known, no others"
            raise ValueError(f"expected a number or a range such as 0-99; {known}") from None
        if high < low:
            raise ValueError("the range ends before it begins")
        return low, high

    def write(self, value: tuple[int, int], family: int) -> str:
        """1000, or 0-99"""
        return self.listed(value, numeric=True)

    def listed(self, value: tuple[int, int], numeric: bool) -> str:
        """The same; unless `numeric`, one number by its name."""
        low, high = value
        names = (n for n, known in self.names.items() if known == low == high and not numeric)
        return next(names, "-".join(map(str, dict.fromkeys(value))))


def _asked(o: Options, c: Context) -> Iterator[Pred]:
    """What is asked of the user and the group of the process that sends it."""
    for option, who in (("uid-owner", "user"), ("gid-owner", "group")):
        if option in o:
            ids = _Ids({}).write(o[option], 4)

            def step(facts: Facts, memory: Any, option: str = option) -> tuple[bool | None, Any]:
                uid = facts.packet.uid
                if uid is None or option == "gid-owner":
                    return None, memory
                return o[option][0] <= uid <= o[option][1], memory

            name = f"owner {option[:3]} {ids}"
            yield o.sense(option, fact(c, name, f"{who} {ids} sends it", step))


def _matches(o: Options, c: Context) -> Pred:
    people = [name for name in ("uid-owner", "gid-owner") if name in o]
    never = o.negated("socket-exists")
    return any_of(
        all_of(_NO_SOCKET, TRUE if all(map(o.negated, o)) else FALSE),
        all_of(_KERNEL, TRUE if not never and all(map(o.negated, people)) else FALSE),
        all_of(_PROCESS, FALSE if never else all_of(*_asked(o, c))),
    )


def _check(o: Options, _: Context) -> None:
    if not o:
        raise ValueError("--uid-owner, --gid-owner or --socket-exists is needed")
    names = list(o)
    if "suppl-groups" in names and "gid-owner" not in names[: names.index("suppl-groups")]:
        raise ValueError("--gid-owner is needed before --suppl-groups")


_TITLES = {
    "socket-exists": "owner socket exists",
    "uid-owner": "owner UID match",
    "gid-owner": "owner GID match",
    "suppl-groups": "incl. suppl. groups",
}


def _list(o: Options, _: Context, numeric: bool) -> str:
    words = []
    for option in (option for option in MATCH.options if option.name in o):
        words += ["!"] * o.negated(option.name) + [_TITLES[option.name]]
        if isinstance(option.type, _Ids):
            words.append(option.type.listed(o[option.name], numeric))
    return " ".join(words)


MATCH = Match(
    "owner",
    _matches,
    options=(
        Option("socket-exists", Flag(), negatable=True),
        Option("uid-owner", _Ids(USERS), negatable=True),
        Option("gid-owner", _Ids(GROUPS), negatable=True),
        Option("suppl-groups"),
    ),
    hooks=("OUTPUT", "POSTROUTING"),
    check=_check,
    listing=_list,
    unlist=Unlist(
        "(?=(?:! )?owner )",
        (
            Shown("socket-exists", "owner socket exists", ""),
            Shown("uid-owner", "owner UID match "),
            Shown("gid-owner", "owner GID match "),
            Shown("suppl-groups", "incl. suppl. groups", ""),
        ),
    ),
)
EXAMPLES = """
-m owner --uid-owner 70000 ; = ; filter OUTPUT
-m owner --uid-owner root ; -m owner --uid-owner 0 ; mangle POSTROUTING
-m owner ! --uid-owner 0x10:99 ; -m owner ! --uid-owner 16-99 ; nat OUTPUT
-m owner --uid-owner www-data ; -m owner --uid-owner 33 ; filter OUTPUT
-m owner --gid-owner 5 --uid-owner 0-0 ; -m owner --uid-owner 0 --gid-owner 5 ; filter OUTPUT
-m owner ! --gid-owner nogroup ; -m owner ! --gid-owner 65534 ; filter OUTPUT
-m owner --gid-owner 5-9 --suppl-groups ; = ; raw OUTPUT
-m owner --socket-exists ; = ; filter OUTPUT
-m owner ! --socket-exists ! --uid-owner 65534 ; = ; filter OUTPUT
-m owner --uid-owner 4294967294 ; = ; filter OUTPUT
-m owner --uid-owner 4294967295 ; error ; filter OUTPUT
-m owner --uid-owner 9-5 ; error ; filter OUTPUT
-m owner --uid-owner 5- ; error ; filter OUTPUT
-m owner --uid-owner 1-2-3 ; error ; filter OUTPUT
-m owner --uid-owner nosuchuser ; error ; filter OUTPUT
-m owner --uid-owner 1 --uid-owner 2 ; error ; filter OUTPUT
-m owner --suppl-groups --gid-owner 5 ; error ; filter OUTPUT
-m owner --suppl-groups ; error ; filter OUTPUT
-m owner --gid-owner 5 ! --suppl-groups ; error ; filter OUTPUT
-m owner --pid-owner 5 ; error ; filter OUTPUT
-m owner ; error ; filter OUTPUT
-m owner --uid-owner 0 ; error
-m owner --uid-owner 0 ; error ; filter FORWARD
"""
