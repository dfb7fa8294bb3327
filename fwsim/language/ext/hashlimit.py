"""hashlimit: a limit for each source, destination or port by itself.

Semantics: net/netfilter/xt_hashlimit.c (revision 3), which drops at once what finds the table full,
or ends before the ports that are asked for; text: libxt_hashlimit.c. Rules that name the same table
share it, and the first one's numbers count.
"""

from collections.abc import Hashable, Iterator

from fwsim.language.ext._buckets import Config, Table, count, room
from fwsim.language.ext._hashkey import is_cut_off, key_of
from fwsim.language.ext._hashwords import (
    COLLECT,
    MODES,
    AmountWord,
    BurstWord,
    Interval,
    Length,
    Modes,
    amount_text,
    asked_of,
    check,
    chunk_octets,
    octets_text,
)
from fwsim.language.ext._memory import ListName
from fwsim.language.options import Context, Match, Meaning, Option, Options, fact
from fwsim.language.types import UInt
from fwsim.language.values import bits_of
from fwsim.model.facts import Facts
from fwsim.model.jiffies import HZ, jiffies

_BUCKETS, _MOST_BUCKETS = 8192, 1 << 20


def _ticks(milliseconds: int) -> int:
    return -(-milliseconds * HZ // 1000)


def _config(o: Options) -> Config:
    asked = asked_of(o)
    buckets = min(o.get("hashlimit-htable-size", 0), _MOST_BUCKETS) or _BUCKETS
    most = min(o.get("hashlimit-htable-max", 0), _MOST_BUCKETS) or 8 * buckets
    return Config(
        asked.amount.average,
        asked.burst,
        asked.amount.octets,
        asked.interval * HZ if "hashlimit-rate-match" in o else 0,
        max(most, buckets),
        _ticks(asked.expire),
        max(1, _ticks(o.get("hashlimit-htable-gcinterval", COLLECT))),
    )


def _shares(o: Options, family: int) -> tuple[Hashable, ...]:
    return (("hashlimit", family, o["hashlimit-name"]),)


def _matches(o: Options, c: Context) -> Meaning:
    (scope,) = _shares(o, c.family)
    first: Options = c.kin[scope][0].options if scope in c.kin else o
    above, octets, config = asked_of(o).above, asked_of(o).amount.octets, _config(first)

    def step(facts: Facts, table: Table | None) -> tuple[bool | None, Table | None]:
        if is_cut_off(first, facts.packet):
            return False, table
        key = key_of(first, facts)
        if key is None:
            return None, table
        length = facts["length"] if octets else None
        within, table = count(table or Table(), config, key, length, jiffies(facts))
        return (within is not None and within != above), table

    def full(facts: Facts, table: Table | None) -> tuple[bool | None, Table | None]:
        if is_cut_off(first, facts.packet):
            return True, table
        key = key_of(first, facts)
        if key is None:
            return None, table
        return not room(table or Table(), config, key, jiffies(facts)), table

    name = o["hashlimit-name"]
    rate = f"{_direction(o)} {_rate_words(o)[0]}"
    of = " and ".join(MODES[mode] for mode in first.get("hashlimit-mode", ())) or "all packets"
    return Meaning(
        fact(c, f"hashlimit {name} {rate}", f"the rate of its {of} is {rate}", step, scope,
             once=False),
        fact(c, f"hashlimit {name} full", f"the hashlimit table {name} is full", full, scope),
    )  # fmt: skip


def _rate_words(o: Options, prefix: str = "", stretched: bool = False) -> tuple[str, int]:
    """The rate and the burst, and how long an idle entry stays with them, in milliseconds. A
    listing stretches the rate over the interval."""
    asked = asked_of(o)
    amount = asked.amount
    if stretched and not amount.octets:
        amount = amount._replace(average=amount.average * (asked.interval or 1))
    text, seconds = amount_text(amount)
    if not amount.octets:
        return f"{text} {prefix}burst {asked.burst}", seconds * 1000
    if not asked.burst:
        return text, 15_000
    return f"{text} {prefix}burst {octets_text(asked.burst * chunk_octets(amount.average))}", 60_000


def _words(o: Options, listed: bool, family: int) -> Iterator[str]:
    """All but what a listing and a dump say differently."""
    asked, bits = asked_of(o), bits_of(family)
    _, idle = _rate_words(o, stretched=listed)
    matching = "hashlimit-rate-match" in o
    limits = (min(o.get(f"hashlimit-{n}", 0), _MOST_BUCKETS) for n in ("htable-size", "htable-max"))
    for name, value, usual in (
        *zip(("htable-size", "htable-max"), limits, (0, 0), strict=True),
        ("htable-gcinterval", o.get("hashlimit-htable-gcinterval", COLLECT), COLLECT),
        ("htable-expire", asked.expire, idle),
        ("srcmask", o.get("hashlimit-srcmask", bits), bits),
        ("dstmask", o.get("hashlimit-dstmask", bits), bits),
        ("rate-match", "", None if matching else ""),
        ("rate-interval", asked.interval if matching else 1, 1),
    ):
        if value != usual:
            yield f"{'' if listed else '--hashlimit-'}{name} {value}".rstrip()


def _save(o: Options, c: Context) -> str:
    modes = ",".join(o.get("hashlimit-mode", ()))
    head = (
        f"--hashlimit-{'above' if asked_of(o).above else 'upto'}",
        _rate_words(o, "--hashlimit-")[0],
        modes and f"--hashlimit-mode {modes}",
        f"--hashlimit-name {o['hashlimit-name']}",
    )
    return " ".join(filter(None, (*head, *_words(o, listed=False, family=c.family))))


def _list(o: Options, c: Context, numeric: bool) -> str:
    modes = "-".join(o.get("hashlimit-mode", ()))
    head = f"limit: {_direction(o)} {_rate_words(o, stretched=True)[0]}"
    words = _words(o, listed=True, family=c.family)
    return " ".join(filter(None, (head, modes and f"mode {modes}", *words)))


def _direction(o: Options) -> str:
    return "above" if asked_of(o).above else "up to"


MATCH = Match(
    "hashlimit",
    _matches,
    options=(
        Option("hashlimit-upto", AmountWord(), True, choice="rate", aliases=("hashlimit",)),
        Option("hashlimit-above", AmountWord(), True, choice="rate"),
        Option("hashlimit-srcmask", Length()),
        Option("hashlimit-dstmask", Length()),
        Option("hashlimit-burst", BurstWord()),
        Option("hashlimit-htable-size", UInt()),
        Option("hashlimit-htable-max", UInt()),
        Option("hashlimit-htable-gcinterval", UInt()),
        Option("hashlimit-htable-expire", UInt()),
        Option("hashlimit-mode", Modes()),
        Option("hashlimit-name", ListName(254), required=True),
        Option("hashlimit-rate-match"),
        Option("hashlimit-rate-interval", Interval()),
    ),
    check=check,
    shares=_shares,
    save=_save,
    listing=_list,
)
H = "--hashlimit"
EXAMPLES = f"""
-m hashlimit {H}-upto 5/min {H}-name a ; -m hashlimit {H}-upto 5/min {H}-burst 5 {H}-name a
-m hashlimit {H} 5/min {H}-name a ; -m hashlimit {H}-upto 5/min {H}-burst 5 {H}-name a
-m hashlimit ! {H}-upto 5/min {H}-name a ; -m hashlimit {H}-above 5/min {H}-burst 5 {H}-name a
-m hashlimit ! {H}-above 5/min {H}-name a ; -m hashlimit {H}-upto 5/min {H}-burst 5 {H}-name a
-m hashlimit {H}-above 90/hour {H}-name a {H}-mode srcip,dstport {H}-burst 7 ; \
-m hashlimit {H}-above 90/hour {H}-burst 7 {H}-mode srcip,dstport {H}-name a
-m hashlimit {H}-above 1/d {H}-name a {H}-mode "dstport|srcip,dstip,,srcport" ; error
-m hashlimit {H}-above 1/d {H}-name a {H}-mode "" ; error
-m hashlimit {H}-above 5/sec {H}-upto 5/sec {H}-name a ; error
-m hashlimit {H}-above 5/sec {H}-mode srcip {H}-srcmask 24 {H}-dstmask 16 {H}-name a ; \
-m hashlimit {H}-above 5/sec {H}-burst 5 {H}-mode srcip {H}-name a {H}-srcmask 24 {H}-dstmask 16
-m hashlimit {H}-above 5/sec {H}-name a {H}-htable-size 0 ; \
-m hashlimit {H}-above 5/sec {H}-burst 5 {H}-name a
-m hashlimit {H}-above 5/sec {H}-name a {H}-htable-size 10 {H}-htable-max 5 ; \
-m hashlimit {H}-above 5/sec {H}-burst 5 {H}-name a {H}-htable-size 10 {H}-htable-max 5
-m hashlimit {H}-above 5/sec {H}-name a {H}-htable-size 4000000 {H}-htable-max 4000000 ; \
-m hashlimit {H}-above 5/sec {H}-burst 5 {H}-name a {H}-htable-size 1048576 {H}-htable-max 1048576
-m hashlimit {H}-above 5/sec {H}-name a {H}-htable-gcinterval 1000 {H}-htable-expire 1000 ; \
-m hashlimit {H}-above 5/sec {H}-burst 5 {H}-name a
-m hashlimit {H}-above 5/sec {H}-name a {H}-htable-expire 0 ; error
-m hashlimit {H}-above 5/sec {H}-name a {H}-htable-gcinterval 500 {H}-htable-expire 3000 ; \
-m hashlimit {H}-above 5/sec {H}-burst 5 {H}-name a {H}-htable-gcinterval 500 {H}-htable-expire 3000
-m hashlimit {H}-above 5/min {H}-name a {H}-burst 0 ; error
-m hashlimit {H}-above 5/min {H}-name a {H}-burst 1000000 ; \
-m hashlimit {H}-above 5/min {H}-burst 1000000 {H}-name a
-m hashlimit {H}-above 5/min {H}-name a {H}-burst 1000001 ; error
-m hashlimit {H}-above 5/min {H}-name a {H}-burst 1k ; \
-m hashlimit {H}-above 5/min {H}-burst 1024 {H}-name a
-m hashlimit {H}-above 5/min {H}-name a {H}-burst 1m ; error
-m hashlimit {H}-above 5/min {H}-name a {H}-burst 010 ; \
-m hashlimit {H}-above 5/min {H}-burst 8 {H}-name a
-m hashlimit {H}-above -1/s {H}-name a ; error
-m hashlimit {H}-upto 96b/s {H}-burst 5 {H}-name a ; error
-m hashlimit {H}-upto 1000b/s {H}-burst 100000 {H}-name a ; \
-m hashlimit {H}-upto 992b/s {H}-burst 97kb {H}-name a
-m hashlimit {H}-upto 70000mb/s {H}-name a ; -m hashlimit {H}-upto 4908534032b/s {H}-name a
-m hashlimit {H}-upto b/s {H}-name a ; error
-m hashlimit {H}-upto 0b/s {H}-name a ; error
-m hashlimit {H}-name a ; error
-m hashlimit {H}-upto 1/sec ; error
-m hashlimit {H}-upto 1/sec {H}-name "" ; error
-m hashlimit {H}-upto 1/sec {H}-name a/b ; error
-m hashlimit {H}-upto 1/sec {H}-name . ; error
-m hashlimit {H}-upto 40/sec {H}-burst 20 {H}-mode srcip {H}-name r {H}-rate-match ; =
-m hashlimit {H}-upto 40/min {H}-burst 20 {H}-mode srcip {H}-name r {H}-rate-match ; \
-m hashlimit {H}-upto 40/sec {H}-burst 20 {H}-mode srcip {H}-name r {H}-htable-expire 60000 \
{H}-rate-match {H}-rate-interval 60
-m hashlimit {H}-upto 40mb/s {H}-mode srcip {H}-name r {H}-rate-match {H}-rate-interval 10 ; =
-m hashlimit {H}-upto 40/sec {H}-mode srcip {H}-name a {H}-rate-interval 10 ; \
-m hashlimit {H}-upto 40/sec {H}-burst 5 {H}-mode srcip {H}-name a
-m hashlimit {H}-upto 40/sec {H}-mode srcip {H}-name r {H}-rate-match {H}-rate-interval 0 ; error
-m hashlimit {H}-upto 1/hour {H}-mode srcip {H}-name r {H}-rate-match {H}-rate-interval 1 ; \
-m hashlimit {H}-upto 1/sec {H}-burst 5 {H}-mode srcip {H}-name r {H}-htable-expire 3600000 \
{H}-rate-match
-m hashlimit {H}-upto 60000000/min {H}-mode srcip {H}-name r {H}-rate-match ; error
-m hashlimit {H}-upto 60000000/min {H}-mode srcip {H}-name a ; \
-m hashlimit {H}-upto 1000000/sec {H}-burst 5 {H}-mode srcip {H}-name a {H}-htable-expire 60000
-m hashlimit {H}-above 1/day {H}-burst 1000000 {H}-name a ; error
-m hashlimit {H}-upto 5/min {H}-burst 5 {H}-mode srcip {H}-name x {H}-htable-expire 60001 ; =
-m hashlimit {H}-upto 40000mb/s {H}-name a ; error
-m hashlimit {H}-upto 123456b/s {H}-burst 1mb {H}-name a ; =
-m hashlimit {H}-upto 1b/s {H}-burst 1000 {H}-name a ; error
-m hashlimit {H}-upto 16b/s {H}-burst 5000mb {H}-name a ; \
-m hashlimit {H}-upto 16b/s {H}-burst 904mb {H}-name a
-m hashlimit {H}-upto 5/s {H}-name a {H}-name b ; error
-m hashlimit {H}-upto 5/s {H}-name ; error
-m hashlimit {H}-upto 5/s ! {H}-name a ; error
-m hashlimit {H}-upto 5/s {H}-burst x {H}-name a ; error
-m hashlimit {H}-upto 5/s {H}-burst 08 {H}-name a ; error
-m hashlimit {H}-upto 5/s {H}-rate-match {H}-rate-interval 1x {H}-name r ; \
-m hashlimit {H}-upto 5/sec {H}-burst 5 {H}-name r {H}-rate-match
-m hashlimit --hashlimit-upto 1b/s --hashlimit-name a ; \
-m hashlimit --hashlimit-upto 0b/s --hashlimit-name a ; filter INPUT lost
-m hashlimit --hashlimit-upto 15b/s --hashlimit-name a ; \
-m hashlimit --hashlimit-upto 0b/s --hashlimit-name a ; filter INPUT lost
-m hashlimit --hashlimit-upto 1gb/s --hashlimit-name a ; \
-m hashlimit --hashlimit-upto 0b/s --hashlimit-name a ; filter INPUT lost
-m hashlimit --hashlimit-upto 5xb/s --hashlimit-name a ; \
-m hashlimit --hashlimit-upto 0b/s --hashlimit-name a ; filter INPUT lost
-m hashlimit --hashlimit-upto 1/sec --hashlimit-name "a b" ; \
-m hashlimit --hashlimit-upto 1/sec --hashlimit-burst 5 --hashlimit-name a b ; filter INPUT lost
"""
EXAMPLES4 = f"""
-m hashlimit {H}-above 5/sec {H}-mode srcip {H}-srcmask 33 {H}-name a ; error
-m hashlimit {H}-above 5/sec {H}-mode srcip {H}-srcmask 255.255.0.0 {H}-name a ; \
-m hashlimit {H}-above 5/sec {H}-burst 5 {H}-mode srcip {H}-name a {H}-srcmask 16
-m hashlimit {H}-above 5/sec {H}-mode srcip {H}-srcmask 255.0.255.0 {H}-name a ; error
-m hashlimit {H}-above 5/sec {H}-mode srcip {H}-srcmask 32 {H}-name a ; \
-m hashlimit {H}-above 5/sec {H}-burst 5 {H}-mode srcip {H}-name a
"""
