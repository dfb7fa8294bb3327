"""hashlimit's table: an entry with a bucket, or a window, for each of the packets' sources.

Semantics: net/netfilter/xt_hashlimit.c, revision 3, with its arithmetic. An entry that was idle for
`expire` goes with the next collection, which comes every `collect` (the kernel's may come late).
"""

from collections.abc import Mapping
from types import MappingProxyType

from fwsim.language.ext._hashwords import (
    A_JIFFY,
    A_JIFFY_BYTES,
    SCALE,
    SECOND,
    U64,
    chunk_cost,
    chunk_octets,
    credit_for,
)
from fwsim.model.tuples import NamedTuple

Key = tuple[int, int, int, int]


class Config(NamedTuple):
    """How a table counts. The rule that makes the table says it for all that share it. Times in
    jiffies; `burst` in packets, or in units of the rate for bytes."""

    average: int
    burst: int
    octets: bool
    window: int  # --hashlimit-rate-match: its interval; 0 without
    most: int
    expire: int
    collect: int


class Entry(NamedTuple):
    """One bucket: `credit`, and `cap` its most (for bytes: how often it may be filled at once). Or
    one window: `credit` what came, `cap` whether the window before was too much."""

    expires: int
    since: int
    credit: int
    cap: int


class Table(NamedTuple):
    """The entries, and the jiffy of the last collection."""

    entries: Mapping[Key, Entry] = MappingProxyType({})
    collected: int = 0


def collected(table: Table, config: Config, now: int) -> Table:
    """The table after the collections until now."""
    last = now // config.collect * config.collect
    if last == table.collected:
        return table
    kept = {key: entry for key, entry in table.entries.items() if entry.expires > last}
    return Table(MappingProxyType(kept), last)


def count(
    table: Table, config: Config, key: Key, octets: int | None, now: int
) -> tuple[bool | None, Table]:
    """Whether a packet is within the limit, and the table after it; None where it is full.
    `octets` is its length for a rule that counts bytes."""
    table = collected(table, config, now)
    entry = table.entries.get(key)
    if entry is None:
        if not room(table, config, key, now):
            return None, table
        entry = _first(config, now)
    else:
        entry = _later(entry, config, now)
    within, entry = _charged(entry, config, octets)
    entry = entry._replace(expires=now + config.expire)
    return within, table._replace(entries=MappingProxyType({**table.entries, key: entry}))


def room(table: Table, config: Config, key: Key, now: int) -> bool:
    """Whether the table has this entry or can take it in."""
    table = collected(table, config, now)
    return key in table.entries or len(table.entries) < config.most


def _first(config: Config, now: int) -> Entry:
    if config.window:
        return Entry(0, now, 0, 0)
    if config.octets:
        return Entry(0, now, SECOND, config.burst)
    full = credit_for(config.average * config.burst)
    return Entry(0, now, full, full)


def _later(entry: Entry, config: Config, now: int) -> Entry:
    """What the time since it was last asked brings (rateinfo_recalc)."""
    elapsed = now - entry.since
    if config.window:
        if elapsed < config.window:
            return entry
        exceeded = entry.credit * config.window > elapsed * _allowed(config)
        return Entry(0, now, 0, int(exceeded))
    if config.octets:
        credit, most = entry.credit + A_JIFFY_BYTES * elapsed, SECOND
    else:
        credit, most = entry.credit + A_JIFFY * elapsed & U64, entry.cap
    return entry._replace(since=now, credit=min(credit, most))


def _allowed(config: Config) -> int:
    """What a second allows of a window."""
    return chunk_octets(config.average) if config.octets else SCALE // config.average


def _charged(entry: Entry, config: Config, octets: int | None) -> tuple[bool, Entry]:
    if config.window:
        came = entry.credit + (1 if octets is None else octets)
        rate = _allowed(config)
        most = rate * (config.burst or 1) if config.octets else rate + config.burst
        return not entry.cap and came <= most, entry._replace(credit=came)
    cost = chunk_cost(config.average) if config.octets else credit_for(config.average)
    if octets is not None:
        cost = min(((octets >> 4) + 1) * cost, SECOND)
        if entry.credit < cost and entry.cap:
            entry = entry._replace(credit=SECOND, cap=entry.cap - 1)
    within = entry.credit >= cost
    return within, entry._replace(credit=entry.credit - cost) if within else entry
