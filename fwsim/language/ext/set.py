"""set: the packet is in an address set of ipset; SET puts it in, takes it out, or takes its mark
from there.

Semantics: net/netfilter/xt_set.c (revisions 4 and 3), and fwsim.language.ipset; text: libxt_set.c,
libxt_SET.c. A set that nobody told of is a fact that nobody knows.
"""

from collections.abc import Hashable

from fwsim.language.ext._sets import (
    COUNTERS,
    SetWays,
    changes,
    counted,
    counts,
    found_in,
    shown_ways,
)
from fwsim.language.ipset.lookup import NOTHING, Found, Sets
from fwsim.language.ipset.member import is_member
from fwsim.language.ipset.seen import Question, UnknownError
from fwsim.language.ipset.store import SCOPE, Memory
from fwsim.language.options import (
    Context,
    Given,
    Match,
    Option,
    Options,
    Shown,
    Target,
    Unlist,
    fact,
    options_text,
)
from fwsim.language.types import UInt
from fwsim.model import fields as F
from fwsim.model.actions import Action, Aside, Compute, Remember
from fwsim.model.facts import Facts
from fwsim.model.pred import Pred

_COUNT = UInt(high=(1 << 64) - 1)
_MAPS = ("map-mark", "map-prio", "map-queue")


def _shares(o: Options, family: int) -> tuple[Hashable, ...]:
    return (SCOPE,)


# -- the match ------------------------------------------------------------------------------------


def _matches(o: Options, c: Context) -> Pred:
    name, ways = o["match-set"]
    if name not in c.sets:
        why = f"it is in the set {name}, of which nothing is known"
        return o.sense("match-set", fact(c, f"set {name}", why))
    if not changes(c, name):
        pred = is_member(c.sets, name, ways, c.family, exceptions="return-nomatch" in o)
        return o.sense("match-set", pred)
    question = Question(
        ways,
        c.family,
        "return-nomatch" in o,
        counted(o) if counts(o) else None,
        not o.negated("update-counters"),
        not o.negated("update-subcounters"),
    )

    def step(facts: Facts, memory: Memory | None) -> tuple[bool | None, Memory | None]:
        found, memory = found_in(c, name, question, facts, memory)
        return found and found.answer, memory

    asked = fact(c, f"set {name} {','.join(ways)}", f"it is in the set {name} now", step, SCOPE)
    return o.sense("match-set", asked)


def _check_match(o: Options, _: Context) -> None:
    for what in ("packets", "bytes"):
        if sum(option.startswith(what) for option in o) > 1:
            raise ValueError(f"--{what}-eq, --{what}-lt and --{what}-gt exclude each other")


def _told(o: Options, option: Option) -> bool:
    """Counters are counted up unless a rule says no."""
    return o.negated(option.name) or not option.name.startswith("update-")


def _words(o: Options, dashes: str) -> str:
    told = (option for option in MATCH.options if _told(o, option))
    return options_text(told, o, 4, dashes).strip()


# -- the target -----------------------------------------------------------------------------------


def _acts(o: Options, c: Context) -> tuple[Action, ...]:
    unknown = [n for n in ("add-set", "del-set", "map-set") if n in o and o[n][0] not in c.sets]
    if unknown:
        return (Aside(f"change of the set {o[unknown[0]][0]}, of which nothing is known"),)
    return (*_changes(o, c), *_maps(o, c))


def _changes(o: Options, c: Context) -> tuple[Action, ...]:
    def step(facts: Facts, memory: Memory | None) -> Memory | None:
        sets = Sets(c.sets, memory, facts)
        try:
            if "add-set" in o:
                name, ways = o["add-set"]
                sets.add(name, Question(ways, c.family), o.get("timeout"), "exist" in o)
            if "del-set" in o:
                name, ways = o["del-set"]
                sets.delete(name, Question(ways, c.family))
        except UnknownError:
            return memory
        return sets.remembered()

    names = [o[name][0] for name in ("add-set", "del-set") if name in o]
    return (Remember(f"set {' and '.join(names)}", step, SCOPE),) if names else ()


def _maps(o: Options, c: Context) -> tuple[Action, ...]:
    if "map-set" not in o:
        return ()
    name, ways = o["map-set"]
    question = Question(ways, c.family)

    def look(facts: Facts, memory: Memory | None) -> Found:
        return found_in(c, name, question, facts, memory)[0] or NOTHING

    def remember(facts: Facts, memory: Memory | None) -> Memory | None:
        return found_in(c, name, question, facts, memory)[1]

    def mark(facts: Facts, memory: Memory | None) -> int | None:
        answer, entry = look(facts, memory)
        value, mask = (entry.mark if answer and entry else None) or (0, 0)
        return (facts["mark"] & ~mask) ^ value

    def priority(facts: Facts, memory: Memory | None) -> int | None:
        answer, entry = look(facts, memory)
        return entry.priority if answer and entry else None

    acts: list[Action] = []
    if changes(c, name):
        acts.append(Remember(f"look into the set {name}", remember, SCOPE))
    if "map-prio" in o:
        acts.append(Compute(f"priority from the set {name}", F.PRIORITY, priority, SCOPE))
    if "map-mark" in o:  # last: a set may be of marks
        acts.append(Compute(f"mark from the set {name}", F.MARK, mark, SCOPE))
    return tuple(acts)


def _check_target(o: Options, _: Context) -> None:
    if not any(name in o for name in ("add-set", "del-set", "map-set")):
        raise ValueError("--add-set, --del-set or --map-set is needed")
    for option in ("exist", "timeout"):
        if option in o and "add-set" not in o:
            raise ValueError(f"--{option} goes with --add-set")
    given = [option for option in _MAPS if option in o]
    if given and "map-set" not in o:
        raise ValueError(f"--{given[0]} goes with --map-set")
    if "map-set" in o and not given:
        raise ValueError(f"--map-set needs one of --{', --'.join(_MAPS)}")


def _hooks(o: Options) -> tuple[str, ...]:
    if "map-set" in o and ("map-prio" in o or "map-queue" in o):
        return ("FORWARD", "OUTPUT", "POSTROUTING")
    return ()


def _target_words(o: Options, dashes: str) -> str:
    plain = Options({name: Given(given.value) for name, given in o.given.items()})
    return options_text(TARGET.options, plain, 4, dashes).strip()


MATCH = Match(
    "set",
    _matches,
    options=(
        Option("match-set", SetWays(), negatable=True, required=True, aliases=("set",)),
        Option("return-nomatch", again=True),
        Option("update-counters", negatable=True, again=True),
        Option("update-subcounters", negatable=True, again=True),
        *(Option(name, _COUNT, negatable=name.endswith("eq")) for name in COUNTERS),
    ),
    check=_check_match,
    shares=_shares,
    save=lambda o, _: _words(o, "--"),
    listing=lambda o, _, numeric: _words(o, ""),
    unlist=Unlist(
        "",
        (
            shown_ways("match-set"),
            *(Shown(f, f, "") for f in ("return-nomatch", "update-counters", "update-subcounters")),
            *(Shown(name, f"{name} ") for name in COUNTERS),
        ),
    ),
)
TARGET = Target(
    "SET",
    _acts,
    options=(
        Option("add-set", SetWays(), negatable=True),  # a ! that says nothing
        Option("exist", negatable=True, again=True),
        Option("timeout", UInt(high=(1 << 32) - 2), negatable=True, again=True),
        Option("del-set", SetWays(), negatable=True),
        Option("map-set", SetWays(), negatable=True),
        *(Option(name, negatable=True, again=True) for name in _MAPS),
    ),
    tables=lambda o: ("mangle",) if "map-set" in o else (),
    hooks=_hooks,
    check=_check_target,
    shares=_shares,
    save=lambda o, _: _target_words(o, "--"),
    listing=lambda o, _, numeric: _target_words(o, ""),
    unlist=Unlist(
        "",
        (
            *(shown_ways(name) for name in ("add-set", "del-set", "map-set")),
            Shown("timeout", "timeout "),
            *(Shown(name, name, "") for name in ("exist", *_MAPS)),
        ),
    ),
)
EXAMPLES = """
-m set --match-set several src ; =
-m set ! --match-set several src,dst ; =
-m set --set several srcx,dstfoo ; -m set --match-set several src,dst
-m set --match-set several src,dst,src,dst,src,dst ; =
-m set --return-nomatch --match-set several src ; -m set --match-set several src --return-nomatch
-m set --match-set several src ! --update-subcounters ! --update-counters ; \
-m set --match-set several src ! --update-counters ! --update-subcounters
-m set --match-set several src --update-counters --update-subcounters ; \
-m set --match-set several src
-m set --match-set several src --packets-eq 5 --bytes-gt 10 ; =
-m set --match-set several src ! --packets-eq 5 ! --bytes-eq 0x10 ; \
-m set --match-set several src ! --packets-eq 5 ! --bytes-eq 16
-m set --match-set several src --bytes-lt 3 --packets-lt 5 ; \
-m set --match-set several src --packets-lt 5 --bytes-lt 3
-m set --match-set several src --packets-gt 18446744073709551615 ; =
-m set --match-set several src --return-nomatch --return-nomatch ; \
-m set --match-set several src --return-nomatch
-m set --match-set several src ! --update-counters --update-counters ; \
-m set --match-set several src ! --update-counters
-m set --match-set several src,dst,src,dst,src,dst,src ; error
-m set --match-set several SRC ; error
-m set --match-set several "" ; error
-m set --match-set several src, ; error
-m set --match-set several -src ; error
-m set --match-set several ; error
-m set --match-set several src --match-set several dst ; error
-m set --match-set several src ! --return-nomatch ; error
-m set --match-set several src --packets-gt 18446744073709551616 ; error
-m set --match-set several src ! --packets-gt 5 ; error
-m set --match-set several src ! --bytes-lt 5 ; error
-m set --match-set several src --packets-gt 5 --packets-lt 9 ; error
-m set --match-set averyveryverylongnameof33characters src ; error
-m set --return-nomatch ; error
-m set ; error
-j SET --add-set several src ; =
-j SET --del-set several src,dst --add-set several dst ; \
-j SET --add-set several dst --del-set several src,dst
-j SET ! --add-set several src ; -j SET --add-set several src
-j SET --add-set several src ! --exist --exist --timeout 5 ! --timeout 6 ; \
-j SET --add-set several src --exist --timeout 6
-j SET --timeout 0x5 --add-set several src --exist ; \
-j SET --add-set several src --exist --timeout 5
-j SET --add-set several src --timeout 4294967294 ; =
-j SET --map-set several src --map-mark ; = ; mangle INPUT
-j SET ! --map-set several src --map-queue --map-prio --map-mark ; \
-j SET --map-set several src --map-mark --map-prio --map-queue ; mangle POSTROUTING
-m set --match-set several src -j SET --del-set several src ; =
-j SET --add-set several src --timeout 4294967295 ; error
-j SET --add-set several src --add-set several src ; error
-j SET --add-set several ; error
-j SET --add-set several src,dst,src,dst,src,dst,src ; error
-j SET --del-set several src --exist ; error
-j SET --del-set several src --timeout 5 ; error
-j SET --add-set several src --map-mark ; error
-j SET --map-mark ; error
-j SET --map-set several src ; error ; mangle FORWARD
-j SET --map-set several src --map-mark ; error
-j SET --map-set several src --map-prio ; error ; mangle PREROUTING
-j SET --map-set several src --map-queue ; error ; mangle INPUT
-j SET ; error
"""
EXAMPLES4 = """
-m set --match-set addresses src ; =
-m set --match-set sockets dst,dst ; =
-m set --match-set counted src --packets-gt 5 ; =
-j SET --add-set sockets src,dst --timeout 0 ; =
-j SET --map-set marks src --map-mark ; = ; mangle OUTPUT
"""
EXAMPLES6 = """
-m set --match-set six-addresses src ; =
-m set --match-set six-sockets dst,dst ; =
-j SET --add-set six-sockets src,dst ; =
"""
