"""The rows of one packet's way, host by host."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fwsim.machine.wires import Reach, reach
from fwsim.machine.world import Namespace, World
from fwsim.model.packet import Packet
from fwsim.model.trace import Leg, Step
from fwsim.show.layout import Row
from fwsim.show.rules import Decision, Told, every_rule, reason, table_rows
from fwsim.show.words import say

_FIRST, _LAST = 8, 4  # the hosts of a long way that are told in short


class Teller:
    """Tells the legs of an exchange in order; what an earlier leg told is said shorter."""

    def __init__(self, world: World, decision: Decision, verbose: bool) -> None:
        self.world, self.decision, self.verbose = world, decision, verbose
        self.told = Told()

    def leg(self, leg: Leg) -> Iterator[Row]:
        """The rows of a leg."""
        left_out = range(_FIRST, len(leg.hops) - _LAST) if not self.verbose else range(0)
        for number, hop in enumerate(leg.hops):
            if number in left_out:
                if number == _FIRST:
                    yield Row(where=say("more_hosts", count=len(left_out)))
                continue
            rows = self._everything(hop) if self.verbose else self._digest(leg, number, hop)
            yield from (row._replace(host="" if n else hop.text) for n, row in enumerate(rows))

    # -- in short -------------------------------------------------------------------------------

    def _digest(self, leg: Leg, number: int, hop: Step) -> list[Row]:
        middle = self._middle(hop)
        if not middle and hop.data["fate"] == "sent":
            return self._sender(leg, hop)
        announced = number > 0 and leg.direction == "request"
        lead = list(self._lead(hop, announced))
        end = list(self._end(hop))
        if not middle and end:
            lead = [phrase for phrase in lead if not phrase.startswith(say("in", dev=""))]
        return [*_spans([say("semicolon").join(lead)] if lead else []), *middle, *_spans(end)]

    def _sender(self, leg: Leg, hop: Step) -> list[Row]:
        """A host that only sends: told once, at the head of the request."""
        if leg.direction != "request" and leg.hops[1:]:
            return []
        return _spans(self._out(hop.text, s.data["dev"]) for s in hop.children if s.kind == "leave")

    def _lead(self, hop: Step, announced: bool) -> Iterator[str]:
        for at, step in enumerate(hop.children):
            if step.kind == "enter" and not announced:
                yield self._in(hop.text, step.data["dev"])
            elif step.kind == "conntrack" and (step.data["known"] or step.data["reply"]):
                yield _known(step)
            elif step.kind == "nat" and step.data["hook"] == "PREROUTING" and not _chosen(hop, at):
                yield _change(step)

    def _middle(self, hop: Step) -> list[Row]:
        rows: list[Row] = []
        routes: list[Row] = []
        for at, step in enumerate(hop.children):
            match step.kind:
                case "route":
                    routes = [Row(where=_route(step))]
                    if hop.data["fate"] != "sent":
                        rows += routes
                case "table":
                    effect = _effect(hop, at)
                    rows += table_rows(self.world, step, self.decision, effect, self.told)
                case "bridge" | "copy" | "helper":
                    rows.append(Row(where=_said(step)))
                case "nat" if step.data["hook"] != "PREROUTING" and not _chosen(hop, at):
                    rows.append(Row(where=say("nat", hook=step.data["hook"]) + _change(step)))
        return [*routes, *rows] if rows and hop.data["fate"] == "sent" else rows

    def _end(self, hop: Step) -> Iterator[str]:
        fate, why = hop.data["fate"], hop.data["reason"]
        if fate == "delivered":
            yield say("delivered")
        elif why:
            yield f"{say(f'fate.{fate}')}: {reason(why)}"
        else:
            for step in hop.children:
                if step.kind == "leave" and self._reach(hop.text, step.data["dev"]).open:
                    yield say("out.beyond", dev=step.data["dev"])

    def _ns(self, name: str) -> Namespace:
        return self.world.namespaces[name]

    def _in(self, host: str, dev: str) -> str:
        device = self._ns(host).devices.get(dev)
        bridge = device.master if device else ""
        return say("in.port", dev=dev, bridge=bridge) if bridge else say("in", dev=dev)

    def _out(self, host: str, dev: str) -> str:
        device = self._ns(host).devices.get(dev)
        if device is not None and device.lower is not None:
            return say(
                "out.over", dev=dev, kind=device.kind, lower=device.lower[1], host=device.lower[0]
            )
        ends = self._reach(host, dev).inside
        if not ends or device is None or device.peer is None:
            return say("out", dev=dev)
        ns, end = ends[0]
        return say("out.veth", dev=dev, to=end.master or end.name, host=ns.name)

    def _reach(self, host: str, dev: str) -> Reach:
        device = self._ns(host).devices.get(dev)
        return reach(self.world, self._ns(host), device) if device else Reach([], True)

    # -- in full --------------------------------------------------------------------------------

    def _everything(self, hop: Step) -> list[Row]:
        rows: list[Row] = []
        for step in hop.children:
            match step.kind:
                case "enter":
                    rows.append(Row(where=self._in(hop.text, step.data["dev"])))
                case "conntrack":
                    key = "state.reply" if step.data["reply"] else "state"
                    rows.append(Row(where=say(key, state=step.data["state"])))
                    rows += [Row(where=_known(step))] if step.data["known"] else []
                case "table":
                    rows += every_rule(step, self.decision)
                case "nat":
                    rows.append(Row(where=say("nat", hook=step.data["hook"]) + _change(step)))
                case "route":
                    rows.append(Row(where=_route(step)))
                case "bridge" | "copy" | "helper":
                    rows.append(Row(where=_said(step)))
                case "leave":
                    rows.append(Row(where=self._out(hop.text, step.data["dev"])))
                case _:
                    pass
        ends = [] if any(s.kind == "leave" for s in hop.children) else self._end(hop)
        return [*rows, *_spans(ends)]


def _said(step: Step) -> str:
    """What a bridge or a helper did, where a copy went."""
    if step.kind == "copy":
        return _copy(step)
    key = f"helper.{step.data['what']}" if step.kind == "helper" else "bridged"
    return say(key, **step.data)


def _known(step: Step) -> str:
    """Whence the connection is known."""
    origin = step.data["known"]
    return say(f"known.{origin}" if origin else "known")


def _spans(texts: Iterable[str]) -> list[Row]:
    return [Row(where=text) for text in texts]


def _route(step: Step) -> str:
    if step.data["kind"] == "local":
        return say("route.local", **step.data)
    return say("route.via" if step.data["via"] else "route", **step.data)


def _copy(step: Step) -> str:
    if step.data["back"]:
        return say("copy.back")
    devices = [inner.data["dev"] for inner in step.children if inner.kind == "leave"]
    return say("copy", devices=say("comma").join(devices)) if devices else say("copy.lost")


def _chosen(hop: Step, at: int) -> bool:
    """A translation that the nat table's rules chose just now; it is told behind the rule."""
    return at > 0 and _is_nat_rule(hop.children[at - 1], hop.children[at])


def _is_nat_rule(table: Step, nat: Step) -> bool:
    return (
        table.kind == "table"
        and (table.data["table"], table.data["hook"]) == ("nat", nat.data["hook"])
        and table.ref is not None
        and table.ref.rule != "policy"
    )


def _effect(hop: Step, at: int) -> str:
    following = hop.children[at + 1 : at + 2]
    if following and following[0].kind == "nat" and _is_nat_rule(hop.children[at], following[0]):
        return _change(following[0])
    return ""


def _change(step: Step) -> str:
    """What a translation changed."""
    before, after = step.before, step.after
    assert before is not None
    assert after is not None
    parts = []
    if (before.src, before.sport) != (after.src, after.sport):
        parts.append(say("source", value=_end_of(after, after.src, before.sport, after.sport)))
    if (before.dst, before.dport) != (after.dst, after.dport):
        parts.append(say("destination", value=_end_of(after, after.dst, before.dport, after.dport)))
    return say("comma").join(parts) or say("quoted")


def _end_of(packet: Packet, address: int, was: int, port: int) -> str:
    text = packet.text(address)
    if was == port:
        return text
    return f"[{text}]:{port}" if packet.family == 6 else f"{text}:{port}"
