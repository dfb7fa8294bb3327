"""The way of an exchange's packets as a plan for pictures: hosts in a row, a lane for each packet,
what happened to it at each host in a few words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fwsim.machine.world import World
from fwsim.model.trace import PASSED, Exchange, Leg, Step
from fwsim.model.tuples import NamedTuple
from fwsim.show.hosts import FIRST, LAST
from fwsim.show.phrases import Links, change
from fwsim.show.rules import Decision, verdict
from fwsim.show.words import say

FORWARD = "request"  # this lane goes from left to right, all others back


class Visit(NamedTuple):
    """A packet at a host: the devices it came in and left by ("": none), what is said of it there,
    each with a style, and, if it ended there, how: good, bad or unsure."""

    column: int
    enter: str = ""
    leave: str = ""
    said: tuple[tuple[str, str], ...] = ()
    end: str = ""


class Lane(NamedTuple):
    """One packet's way; its visits in its own order."""

    direction: str
    title: str
    visits: tuple[Visit, ...]

    @property
    def onward(self) -> bool:
        """It goes from left to right."""
        return self.direction == FORWARD


class Path(NamedTuple):
    """Hosts in the order in which the request meets them, and the packets' lanes. Of `known` hosts
    the place tells; the others are addresses beyond it, or stand for many that are left out.
    `label` says it all in a sentence, `description` in as many as it takes."""

    hosts: tuple[str, ...]
    known: tuple[bool, ...]
    lanes: tuple[Lane, ...]
    label: str
    description: str


def path_of(world: World, exchange: Exchange, decision: Decision, label: str) -> Path:
    """The plan of an exchange's pictures."""
    columns: list[list[str]] = []  # each a list of its own, so that it can be told from its equals
    ways = []
    for leg in exchange.legs:
        hops = [*_stations(leg)]
        names = [hop if isinstance(hop, str) else hop.text for hop in hops]
        back = leg.direction != FORWARD
        met = merged(columns, names[::-1] if back else names)
        ways.append((leg, hops, met[::-1] if back else met))
    places = {id(column): at for at, column in enumerate(columns)}
    links = Links(world)
    lanes = tuple(
        Lane(
            leg.direction,
            _title(leg),
            tuple(
                _visit(links, leg, hop, places[id(column)], decision)
                for hop, column in zip(hops, met, strict=True)
            ),
        )
        for leg, hops, met in ways
    )
    hosts = tuple(column[0] for column in columns)
    known = tuple(host in world.namespaces for host in hosts)
    return Path(hosts, known, lanes, label, " ".join(_told(lane, hosts) for lane in lanes))


def _stations(leg: Leg) -> Iterator[Step | str]:
    """The hosts that a packet comes by, and the addresses beyond them that it is from and for; of a
    long way those in the middle as a word."""
    hops, arrived = leg.hops, leg.arrived or leg.packet
    if any(step.kind == "enter" for step in hops[0].children):
        yield leg.packet.text(leg.packet.src)
    left_out = len(hops) - FIRST - LAST
    if left_out > 0:
        yield from hops[:FIRST]
        yield say("more_hosts", count=left_out)
        yield from hops[-LAST:]
    else:
        yield from hops
    if _goes_beyond(leg):
        yield arrived.text(arrived.dst)


def _goes_beyond(leg: Leg) -> bool:
    last = leg.hops[-1]
    return last.data["fate"] in PASSED - {"delivered"} and not last.data["reason"]


def merged(columns: list[list[str]], names: Sequence[str]) -> list[list[str]]:
    """The columns of these names; where there is none in that order, one is put in."""
    longest = _longest(columns, names)
    met, at, nth = [], 0, 0
    while nth < len(names):
        same = at < len(columns) and columns[at][0] == names[nth]
        if same and longest[at][nth] == 1 + longest[at + 1][nth + 1]:
            nth += 1
        elif at < len(columns) and longest[at + 1][nth] >= longest[at][nth + 1]:
            at += 1
            continue
        else:
            columns.insert(at, [names[nth]])
            longest.insert(at, longest[at])
            nth += 1
        met.append(columns[at])
        at += 1
    return met


def _longest(columns: list[list[str]], names: Sequence[str]) -> list[list[int]]:
    """How many of both can be matched in order, from each place on."""
    table = [[0] * (len(names) + 1) for _ in range(len(columns) + 1)]
    for at in range(len(columns) - 1, -1, -1):
        for nth in range(len(names) - 1, -1, -1):
            skipped = max(table[at + 1][nth], table[at][nth + 1])
            same = columns[at][0] == names[nth]
            table[at][nth] = max(skipped, 1 + table[at + 1][nth + 1]) if same else skipped
    return table


def _title(leg: Leg) -> str:
    direction = say(f"direction.{leg.direction}")
    return f"{direction} {leg.ctstate}" if leg.ctstate else direction


def _visit(links: Links, leg: Leg, hop: Step | str, column: int, decision: Decision) -> Visit:
    if isinstance(hop, str):
        begins = hop == leg.packet.text(leg.packet.src)
        return Visit(column, end="good" if _goes_beyond(leg) and not begins else "")
    devices = {
        s.kind: links.name(hop.text, s.data["dev"])
        for s in hop.children if s.kind in ("enter", "leave")
    }  # fmt: skip
    ends = hop is leg.hops[-1] and not _goes_beyond(leg)
    end = _END.get(leg.verdict, "unsure") if ends else ""
    leave = "" if end else devices.get("leave", "")
    said = tuple(_said(links, hop, decision, end))
    return Visit(column, devices.get("enter", ""), leave, said, end)


_END = {"ACCEPT": "good", "DROP": "bad", "REJECT": "bad"}


def _said(links: Links, hop: Step, decision: Decision, end: str) -> Iterator[tuple[str, str]]:
    for step in hop.children:
        if step.kind == "nat":
            yield change(step), ""
        elif step.kind == "table" and step.ref is not None:
            decides = bool(decision.mark(step.ref))
            if decides or step.data["table"] == "filter" or step.data["verdict"] != "ACCEPT":
                table, hook = step.data["table"], step.data["hook"]
                by = say("page.table", table=table, hook=hook, verdict=verdict(step))
                yield by, end if decides else ""
    for text in links.end(hop) if end else ():
        yield text, end


def _told(lane: Lane, hosts: Sequence[str]) -> str:
    """The lane in words."""
    stations = []
    for visit in lane.visits:
        said = say("comma").join(text for text, _ in visit.said)
        stations.append(hosts[visit.column] + (f" ({said})" if said else ""))
    return say("page.lane", lane=lane.title, stations=say("page.then").join(stations))
