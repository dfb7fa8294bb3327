"""A list of recent: addresses, and when they were seen.

Semantics: net/netfilter/xt_recent.c. A list's sizes are those of a module that was told no others
(ip_list_tot, ip_pkt_list_tot): 100 addresses, and for each as many times as its rules count, 32 at
least.
"""

from collections.abc import Mapping

from fwsim.language.ext._memory import with_item, without_item
from fwsim.language.options import Options
from fwsim.model.jiffies import HZ
from fwsim.model.tuples import NamedTuple

_ADDRESSES, _TIMES = 100, 32
_U32 = 0xFFFFFFFF
Key = tuple[int, int]  # family and address


class Seen(NamedTuple):
    """An address on a list: the TTL it last had, the jiffies at which it was seen, oldest first."""

    ttl: int
    times: tuple[int, ...]


Recent = Mapping[Key, Seen]  # the address longest unseen first


class Sight(NamedTuple):
    """What a packet shows: the address, its TTL, and the jiffy of now."""

    key: Key
    ttl: int
    now: int


def times_kept(hits: int) -> int:
    """How many times a list keeps for a rule that counts so many (roundup_pow_of_two)."""
    return 1 << (hits - 1).bit_length() if hits else _TIMES


def _found(seen: Recent, one: Sight, ttl_too: bool) -> Seen | None:
    """The address's entry, where its TTL need be the same or 0 (which is any)."""
    entry = seen.get(one.key)
    same = not ttl_too or entry is None or entry.ttl == one.ttl or not (entry.ttl and one.ttl)
    return entry if same else None


def _noted(seen: Recent, one: Sight, room: int) -> Recent:
    """The list with the address seen now; a full one forgets who was longest unseen."""
    times = seen[one.key].times if one.key in seen else ()
    if one.key not in seen and len(seen) >= _ADDRESSES:
        seen = without_item(seen, next(iter(seen)))
    return with_item(seen, one.key, Seen(one.ttl, (*times, one.now)[-room:]))


def _reaped(seen: Recent, since: int, spared: Key | None) -> Recent:
    """The list without the address longest unseen, if it was not seen since."""
    oldest = next(iter(seen))
    stale = oldest != spared and seen[oldest].times[-1] < since
    return without_item(seen, oldest) if stale else seen


def asked(o: Options, seen: Recent, one: Sight, room: int) -> tuple[bool, Recent]:
    """Whether the rule holds (a `!` apart), and the list after it."""
    if "set" in o:
        return True, _noted(seen, one, room)
    entry = _found(seen, one, "rttl" in o)
    if entry is None:
        return False, seen
    if "remove" in o:
        return True, without_item(seen, one.key)
    since = one.now - (o["seconds"] * HZ & _U32) if "seconds" in o else None
    fresh = sum(since is None or time >= since for time in entry.times)
    holds = fresh >= (o.get("hitcount", 0) or 1)
    updates = "update" in o and holds != o.negated("update")
    if "reap" in o and since is not None:
        seen = _reaped(seen, since, one.key if updates else None)
    return holds, _noted(seen, one, room) if updates else seen
