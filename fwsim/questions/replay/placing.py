"""Where a captured packet came in: by which device, or whether it is one that the host sent.

An interface shows what came in by it and what left by it. What the file says of that is believed;
else the frame's MACs tell, then its source address, then the way back to it (docs/replay.md).
"""

from __future__ import annotations

from fwsim.machine import routing
from fwsim.machine.infer import with_device
from fwsim.machine.policy import LOOPBACK, Flow
from fwsim.machine.wires import is_shared
from fwsim.machine.world import Namespace, World
from fwsim.model.errors import QuestionError
from fwsim.model.packet import Packet
from fwsim.model.tuples import NamedTuple
from fwsim.questions.replay.frames import Frame, Interface
from fwsim.questions.replay.links import Heard, Other

_REMEMBERED = 1 << 16


class Asked(NamedTuple):
    """What the user says of a capture: the device that it was taken on, and that MACs are to be
    looked at by nobody."""

    dev: str = ""
    any_mac: bool = False


class Placed(NamedTuple):
    """A packet's part: it came "in" by `dev`, or it was seen as it "left" by `dev`: then it came in
    by `back`, or if that is "" the host itself sent it. `how` is what tells the device that it came
    in by: it was "told", the "mac" or the "route" back to the source. `mac_dst`: to whom its frame
    was addressed, where that tells anything."""

    part: str
    dev: str = ""
    back: str = ""
    how: str = ""
    mac_dst: str | None = None


class Places:
    """What a place knows that tells where packets came in."""

    def __init__(self, world: World, asked: Asked) -> None:
        self.world, self.asked = with_device(world, asked.dev) if asked.dev else world, asked
        host = self.host
        self._macs = {d.mac: d.name for d in host.devices.values() if d.mac and d.ethernet}
        self._indexes = {d.index: d.name for d in host.devices.values() if d.index}
        self._own = {
            (family, a.value) for family in (4, 6) for _, a in host.addresses(family)
        }  # fmt: skip
        self._backs: dict[tuple[int, int], str] = {}
        self._named: dict[Interface, str] = {}

    @property
    def host(self) -> Namespace:
        """The host that the packets came to."""
        return self.world.namespaces[self.world.host]

    def place(self, frame: Frame, link: Heard, packet: Packet) -> Placed | Other:
        """Which part a packet has."""
        captured = self._captured(frame, link)
        if isinstance(captured, Other):
            return captured
        back = self.way_back(packet.family, packet.src)
        direction = self._direction(frame, link, captured, back)
        own = self.is_own(packet.family, packet.src)
        if own and (direction != "in" or captured == LOOPBACK):
            return Placed("left", captured)
        if direction == "elsewhere":
            return Other("elsewhere")
        if direction == "out":
            return Placed("left", captured, back, "route") if back else Other("no_way")
        named = self._macs.get(link.mac_dst or "", "")
        dev, how = (captured, "told") if captured else (named, "mac") if named else (back, "route")
        return self._by_port(dev, link, how) if dev else Other("no_way")

    def is_own(self, family: int, address: int) -> bool:
        """The host's own address."""
        loopback = address >> 24 == 127 if family == 4 else address == 1
        return loopback or (family, address) in self._own

    def way_back(self, family: int, src: int) -> str:
        """The device that leads to an address; "" if none does."""
        key = family, src
        dev = self._backs.get(key)
        if dev is None:
            if len(self._backs) > _REMEMBERED:
                self._backs.clear()
            way = routing.lookup(self.host, Flow(family, src))
            dev = self._backs[key] = way.dev if way.kind == "unicast" else ""
        return dev

    def _captured(self, frame: Frame, link: Heard) -> str | Other:
        """The device that showed the frame, "" if nobody tells."""
        if self.asked.dev:
            return self.asked.dev
        dev = self._indexes.get(link.dev, "") if link.dev else self._name(frame.interface)
        if not link.vlan:
            return dev
        devices = self.host.devices.values()
        tagged = [d.name for d in devices if d.kind == "vlan" and d.tag == link.vlan]
        above = [name for name in tagged if not dev or self._lies_over(name, dev)]
        named = f"{dev}.{link.vlan}"
        if named in self.host.devices:
            above.insert(0, named)
        return above[0] if above else Other("vlan", str(link.vlan))

    def _lies_over(self, name: str, dev: str) -> bool:
        return self.host.devices[name].lower == (self.host.name, dev)

    def _name(self, interface: Interface) -> str:
        """The device of an interface's name: one that the host has or, where only rules are known,
        may have."""
        if not interface.name:
            return ""
        if interface not in self._named:
            name = interface.name
            try:
                if name != "any":
                    self.world = with_device(self.world, name)
                self._named[interface] = name if name != "any" else ""
            except QuestionError:
                self._named[interface] = ""
        return self._named[interface]

    def _direction(self, frame: Frame, link: Heard, captured: str, back: str) -> str:
        """Which way a frame went: "in", "out", "elsewhere" if the host is not concerned; "" if
        nothing says that it did not come in."""
        direction = frame.direction or link.direction
        if not direction and link.mac_src and self._macs and not self.asked.any_mac:
            direction = self._by_mac(link.mac_src, link.mac_dst or "", captured)
        if not direction and captured and not self.asked.dev and back not in ("", captured):
            direction = "out"
        return direction

    def _by_mac(self, source: str, target: str, captured: str) -> str:
        if source in self._macs:
            return "out"
        if target in self._macs or is_shared(target):
            return "in"
        device = self.host.devices.get(captured)
        alone = device is not None and device.mac and device.kind != "bridge" and not device.master
        return "elsewhere" if alone else ""

    def _by_port(self, dev: str, link: Heard, how: str) -> Placed:
        """What a bridge shows came in by one of its ports, if anybody told which. Where none is
        known, a frame from one to another is taken to go by the bridge's own rules."""
        host, mac = self.host, None if self.asked.any_mac else link.mac_dst
        device = host.devices.get(dev)
        bridge = device is not None and device.kind == "bridge"
        if mac and not is_shared(mac) and (bridge or how == "route") and mac not in self._macs:
            mac = None
        port = host.fdb.get((dev, link.mac_src or ""), "") if bridge else ""
        if port in host.devices and port != dev:
            return Placed("in", port, "", how, None if self.asked.any_mac else link.mac_dst)
        return Placed("in", dev, "", how, mac)
