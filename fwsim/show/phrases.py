"""The phrases that tell what a host did to a packet, one a step; every rendering of a trace has
its words from here."""

from __future__ import annotations

from collections.abc import Iterator

from fwsim.machine.wires import Reach, reach
from fwsim.machine.world import Namespace, World
from fwsim.model.packet import Packet
from fwsim.model.trace import Step
from fwsim.model.tuples import NamedTuple
from fwsim.show.rules import reason
from fwsim.show.words import say


class Links(NamedTuple):
    """How packets come to the hosts of a world and leave them."""

    world: World

    def step(self, host: str, step: Step) -> Iterator[str]:
        """All that is said of a step, but for tables."""
        match step.kind:
            case "enter":
                yield self.come_in(host, step.data["dev"])
            case "conntrack":
                yield say(
                    "state.reply" if step.data["reply"] else "state", state=step.data["state"]
                )
                if step.data["known"]:
                    yield known(step)
            case "nat":
                yield say("nat", hook=step.data["hook"]) + change(step)
            case "route":
                yield route(step)
            case "bridge" | "copy" | "helper":
                yield said(step)
            case "leave":
                yield self.go_out(host, step.data["dev"])

    def end(self, hop: Step) -> Iterator[str]:
        """What became of it there, if that has to be said."""
        fate, why = hop.data["fate"], hop.data["reason"]
        if fate == "delivered":
            yield say("delivered")
        elif why:
            yield f"{say(f'fate.{fate}')}: {reason(why)}"
        else:
            for step in hop.children:
                if step.kind == "leave" and self._reach(hop.text, step.data["dev"]).open:
                    yield say("out.beyond", dev=step.data["dev"])

    def come_in(self, host: str, dev: str) -> str:
        """By which device it came."""
        device = self._ns(host).devices.get(dev)
        bridge = device.master if device else ""
        return say("in.port", dev=dev, bridge=bridge) if bridge else say("in", dev=dev)

    def name(self, host: str, dev: str) -> str:
        """A device, and the bridge whose port it is."""
        device = self._ns(host).devices.get(dev)
        return say("page.port", dev=dev, bridge=device.master) if device and device.master else dev

    def go_out(self, host: str, dev: str) -> str:
        """By which device it left, and where that leads."""
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

    def _ns(self, name: str) -> Namespace:
        return self.world.namespaces[name]

    def _reach(self, host: str, dev: str) -> Reach:
        device = self._ns(host).devices.get(dev)
        return reach(self.world, self._ns(host), device) if device else Reach([], True)


def said(step: Step) -> str:
    """What a bridge or a helper did, where a copy went."""
    if step.kind == "copy":
        return _copy(step)
    key = f"helper.{step.data['what']}" if step.kind == "helper" else "bridged"
    return say(key, **step.data)


def known(step: Step) -> str:
    """Whence the connection is known."""
    origin = step.data["known"]
    return say(f"known.{origin}" if origin else "known")


def route(step: Step) -> str:
    """Where routing sends it."""
    if step.data["kind"] == "local":
        return say("route.local", **step.data)
    return say("route.via" if step.data["via"] else "route", **step.data)


def _copy(step: Step) -> str:
    if step.data["back"]:
        return say("copy.back")
    devices = [inner.data["dev"] for inner in step.children if inner.kind == "leave"]
    return say("copy", devices=say("comma").join(devices)) if devices else say("copy.lost")


def chosen(hop: Step, at: int) -> bool:
    """A translation that the nat table's rules chose just now; it is told behind the rule."""
    return at > 0 and _is_nat_rule(hop.children[at - 1], hop.children[at])


def _is_nat_rule(table: Step, nat: Step) -> bool:
    return (
        table.kind == "table"
        and (table.data["table"], table.data["hook"]) == ("nat", nat.data["hook"])
        and table.ref is not None
        and table.ref.rule != "policy"
    )


def effect_of(hop: Step, at: int) -> str:
    """What NAT did upon the rule that a table ended with."""
    following = hop.children[at + 1 : at + 2]
    if following and following[0].kind == "nat" and _is_nat_rule(hop.children[at], following[0]):
        return change(following[0])
    return ""


def change(step: Step) -> str:
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
