"""Which ends of veth pairs belong together: each names the other's index, and a number for the
other's namespace that only its own namespace can resolve (rtnetlink's IFLA_LINK and
IFLA_LINK_NETNSID)."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from fwsim.model.frozen import Frozen


class End(Frozen):
    """One end: its own index, the other's index `link`, and the number of the other's namespace as
    seen from here, None if it is the same one."""

    ns: str
    name: str
    index: int
    link: int
    nsid: int | None
    mac: str

    @property
    def key(self) -> tuple[str, str]:
        """Namespace and device."""
        return self.ns, self.name


Evidence = Callable[[End, End], int]
Options = dict[End, list[End]]


def pair(ends: Iterable[End], evidence: Evidence) -> tuple[dict[End, End], list[str]]:
    """The pairs, both ways round, and a note for each end that could be joined in several ways.

    `evidence(a, b)` is 1 where what a's side learned says that b is behind it, -1 where it says
    that b is elsewhere, 0 where it knows nothing."""
    options = _options(list(ends))
    _weigh(options, evidence)
    while _prune(options):
        pass
    sure = {a: found[0] for a, found in options.items() if len(found) == 1}
    pairs = {a: b for a, b in sure.items() if sure.get(b) == a}
    notes = [
        f"{a.ns}: {a.name} could be joined to {_listed(found)}: left unconnected"
        for a, found in options.items()
        if found and a not in pairs
    ]
    return pairs, notes


def _listed(ends: list[End]) -> str:
    return " or ".join(f"{end.name} of {end.ns}" for end in ends)


def _options(ends: list[End]) -> Options:
    places: dict[tuple[int, int], list[End]] = {}
    for end in ends:
        places.setdefault((end.index, end.link), []).append(end)
    return {a: [b for b in places.get((a.link, a.index), []) if _may_be(a, b)] for a in ends}


def _may_be(a: End, b: End) -> bool:
    same = a.ns == b.ns
    return a != b and same == (a.nsid is None) and same == (b.nsid is None)


def _weigh(options: Options, evidence: Evidence) -> None:
    for a, found in options.items():
        weights = {b: evidence(a, b) + evidence(b, a) for b in found}
        best = max(weights.values(), default=0)
        least = 1 if best > 0 else 0
        options[a] = [b for b in found if weights[b] >= least]


def _prune(options: Options) -> bool:
    """Take out what the pairs already sure rule out. True if there was any."""
    names: dict[tuple[str, int | None], str] = {}
    numbers: dict[tuple[str, str], int | None] = {}
    taken: dict[End, End] = {}
    for a, found in options.items():
        if len(found) == 1 and options[found[0]] == [a]:
            names[a.ns, a.nsid] = found[0].ns
            numbers[a.ns, found[0].ns] = a.nsid
            taken[a] = found[0]
    changed = False
    for a, found in options.items():
        left = [
            b
            for b in found
            if a in options[b]
            and taken.get(b, a) == a
            and names.get((a.ns, a.nsid), b.ns) == b.ns
            and numbers.get((a.ns, b.ns), a.nsid) == a.nsid
        ]
        changed |= left != found
        options[a] = left
    return changed
