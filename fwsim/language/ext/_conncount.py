"""The connections of a network, as nf_conncount counts them.

Semantics: net/netfilter/nf_conncount.c of Linux 6.18. A list for each network (and zone) holds the
connections that it was asked about, until they are ASSURED: by their original tuple, or where there
is none yet by the packet's own. One is taken off once conntrack has forgotten it, or TCP has closed
it. A list is looked through but once a tick: in the same, what is not confirmed yet is put on it
again. So is each time a reply that is in no zone, of a connection whose requests are in one.
"""

from collections.abc import Iterator, Mapping

from fwsim.model.facts import Facts, Tracked, TrackKey
from fwsim.model.jiffies import jiffies
from fwsim.model.names import STATUS
from fwsim.model.tuples import NamedTuple


class _List(NamedTuple):
    """The connections of a network, and the tick in which they were last looked through."""

    keys: tuple[TrackKey, ...]
    tick: int


class Counted(NamedTuple):
    """The lists by (network, zone), and how many the last packet found there."""

    lists: Mapping[tuple[int, int], _List]
    found: int


def count(memory: Counted | None, network: int, facts: Facts) -> Counted:
    """The memory once the packet's connection is on its network's list, and how many are there; a
    packet that shows no tuple finds none."""
    own, lists = facts.track_key, memory.lists if memory else {}
    if own is None:
        return Counted(lists, 0)
    place = (network, own.zone.number)
    listed = _listed(lists.get(place), own, facts)
    return Counted({**lists, place: listed}, len(listed.keys))


def _listed(known: _List | None, own: TrackKey, facts: Facts) -> _List:
    """The list after the packet; what stands behind its own connection is not looked at."""
    now = jiffies(facts)
    if known is None:
        return _List((own,), now)
    keys, there = known.keys, _alive(own, facts)
    if there is not None and there.status & STATUS["ASSURED"]:
        return known if known.tick == now else _List(tuple(_kept(keys, facts)), now)
    if there is not None and own in keys and there.zone.of(False) == own.zone.of(False):
        at = keys.index(own)
        return known._replace(keys=(*_kept(keys[:at], facts), *keys[at:]))
    if there is None and known.tick == now:
        return known._replace(keys=(*keys, own))
    return _List((*_kept(keys, facts), own), now)


def _alive(own: TrackKey, facts: Facts) -> Tracked | None:
    """The packet's connection; another one may have its tuple once it is forgotten."""
    mine, found = facts.connection, facts.alive(own)
    return None if mine and mine.original == own.tuple and found is not mine else found


def _kept(keys: tuple[TrackKey, ...], facts: Facts) -> Iterator[TrackKey]:
    for key in keys:
        connection = facts.alive(key)
        if connection is not None and not connection.closed:
            yield key
