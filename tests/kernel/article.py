"""The article's world, for real: Docker's bridge network made by hand from veth pairs.

    internet 192.0.2.1, 8.8.8.8 ── eth0 192.0.2.10  host  docker1 172.18.0.1 ──┬─ ns0 172.18.0.2
                                                          docker0 172.17.0.1   └─ ns1 172.18.0.3

The host may forward, bridged frames pass through iptables, and what leaves 172.18.0.0/16 is
masqueraded. Neighbours are known beforehand and IPv6 is off, so that only pings move counters.
"""

from __future__ import annotations

from pathlib import Path

from .counters import Key, counters_of
from .netns import Netns
from .snapshots import write_snapshot

NAT = """*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 172.18.0.0/16 ! -o docker1 -j MASQUERADE
COMMIT
"""
BEFORE_DOCKER = """*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
COMMIT
"""
AFTER_DOCKER = """*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-ISOLATION-STAGE-1 - [0:0]
:DOCKER-ISOLATION-STAGE-2 - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-ISOLATION-STAGE-1
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A FORWARD -i docker0 -o docker0 -j ACCEPT
{}-A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-1 -j RETURN
-A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP
-A DOCKER-ISOLATION-STAGE-2 -j RETURN
-A DOCKER-USER -j RETURN
COMMIT
"""
ADDED = (
    "-A FORWARD -i docker1 -o docker1 -j ACCEPT\n",
    "-A FORWARD -i docker1 ! -o docker1 -j ACCEPT\n",
    "-A FORWARD -o docker1 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n",
)
_AFTER = ("article-after-docker", "article-containers", "article-outbound-only", "article-complete")
STAGES = {"article-before-docker": BEFORE_DOCKER + NAT} | {
    name: AFTER_DOCKER.format("".join(ADDED[:rules])) + NAT for rules, name in enumerate(_AFTER)
}
"""The whole ruleset of each of the article's stages."""

MACS = {
    "docker0": "02:42:ac:11:00:01",
    "docker1": "02:42:ac:12:00:01",
    "veth0": "02:42:00:00:00:10",
    "veth1": "02:42:00:00:00:11",
    "eth0": "02:42:c0:00:02:0a",
    "ns0": "02:42:ac:12:00:02",
    "ns1": "02:42:ac:12:00:03",
    "internet": "02:42:c0:00:02:01",
}
_INSIDE = {  # namespace: addresses of its eth0, whom it knows, its way out
    "ns0": ("172.18.0.2/16", {"172.18.0.1": "docker1", "172.18.0.3": "ns1"}, "172.18.0.1"),
    "ns1": ("172.18.0.3/16", {"172.18.0.1": "docker1", "172.18.0.2": "ns0"}, "172.18.0.1"),
    "internet": ("192.0.2.1/24", {"192.0.2.10": "eth0"}, None),
}
_CABLES = {"ns0": "veth0", "ns1": "veth1", "internet": "eth0"}  # the host's end of each veth pair


class Article(Netns):
    """The host of the article; `ns0`, `ns1` and `internet` are named namespaces of its own."""

    def __init__(self, stage: str | None = None) -> None:
        super().__init__()
        try:
            self._build()
            if stage:
                self.restore(STAGES[stage])
        except BaseException:
            self.close()
            raise

    def ping(self, source: str, address: str, wait: float = 0.5) -> bool:
        """Whether one real ping from a namespace (or `host`) is answered within `wait` seconds;
        an answer takes well under a millisecond."""
        command = ("ping", "-n", "-c1", f"-W{wait}", address)
        return not self.attempt(*self._inside(source), *command).returncode

    def restore(self, text: str) -> None:
        """Make `text` the host's whole ruleset. LabError if iptables refuses it."""
        self.run("iptables-legacy-restore", text=text)

    def save(self) -> str:
        """What `iptables-legacy-save -c` prints on the host."""
        return self.run("iptables-legacy-save", "-c")

    def counters(self) -> dict[Key, int]:
        """Packets counted by the host's rules and policies."""
        return counters_of(self.save())

    def snapshot(self, directory: Path) -> None:
        """Write the whole network down, as `fwsim snapshot --all` does."""
        write_snapshot(self.run, directory, "--all")

    @staticmethod
    def _inside(name: str) -> tuple[str, ...]:
        return () if name == "host" else ("ip", "netns", "exec", name)

    def _build(self) -> None:
        self._without_ipv6("host")
        self.sysctl("net.ipv4.ip_forward", 1)
        self.sysctl("net.bridge.bridge-nf-call-iptables", 1)
        for name in _INSIDE:
            self.run("ip", "netns", "add", name)
            self._without_ipv6(name)
        self.run("ip", "-batch", "-", text="\n".join(_host_commands()))
        for name in _INSIDE:
            self.run("ip", "-n", name, "-batch", "-", text="\n".join(_guest_commands(name)))
        fdb = (f"fdb replace {MACS[ns]} dev {_CABLES[ns]} master static" for ns in ("ns0", "ns1"))
        self.run("bridge", "-batch", "-", text="\n".join(fdb))
        # Asking for one link makes the kernel finish its carrier change now, not a second later.
        for name, device in [(n, "eth0") for n in _INSIDE] + [("host", d) for d in _host_devices()]:
            self.run(*self._inside(name), "ip", "link", "show", "dev", device)

    def _without_ipv6(self, name: str) -> None:
        settings = (f"net.ipv6.conf.{devices}.disable_ipv6=1" for devices in ("all", "default"))
        self.run(*self._inside(name), "sysctl", "-w", *settings)


def _host_devices() -> tuple[str, ...]:
    return ("veth0", "veth1", "docker0", "docker1", "eth0")


def _host_commands() -> list[str]:
    bridge = "type bridge stp_state 0 forward_delay 0 mcast_snooping 0"
    out = [f"link add {name} {bridge}" for name in ("docker0", "docker1")]
    out += [f"link add {d} type veth peer name eth0 netns {ns}" for ns, d in _CABLES.items()]
    out += [f"link set {name} address {MACS[name]}" for name in _host_devices()]
    out += [f"link set {name} master docker1" for name in ("veth0", "veth1")]
    out += ["address add 172.17.0.1/16 dev docker0", "address add 172.18.0.1/16 dev docker1"]
    out += ["address add 192.0.2.10/24 dev eth0"]
    out += [f"link set {name} up" for name in ("lo", *_host_devices())]
    known = (("172.18.0.2", "ns0", "docker1"), ("172.18.0.3", "ns1", "docker1"))
    for address, owner, device in (*known, ("192.0.2.1", "internet", "eth0")):
        out.append(f"neigh replace {address} lladdr {MACS[owner]} dev {device} nud permanent")
    return [*out, "route add default via 192.0.2.1"]


def _guest_commands(name: str) -> list[str]:
    address, known, gateway = _INSIDE[name]
    out = [f"link set eth0 address {MACS[name]}", f"address add {address} dev eth0"]
    if name == "internet":
        out.append("address add 8.8.8.8/32 dev lo")
    out += ["link set lo up", "link set eth0 up"]
    for neighbour, owner in known.items():
        out.append(f"neigh replace {neighbour} lladdr {MACS[owner]} dev eth0 nud permanent")
    return out + ([f"route add default via {gateway}"] if gateway else [])
