"""How long questions about every packet take on the firewall of a university department: made after
the one that fffuu (Diekmann and others, "Verified iptables Firewall Analysis", 2016: 67 s for its
service matrices) and FWShift (2.1 s for its audit) were measured with, 4,841 rules published at
github.com/diekmann/net-network (configs_chair_for_Network_Architectures_and_Services, 2015-05-15).

What is like there: some twenty VLANs with a network each; of each VLAN a chain that says which MAC
may use which address (half of all rules), one that refuses foreign sources, and one of services,
by hosts, networks, ports and lists of ports; what is known passes first, a rule remembers who came
(recent). The addresses, hosts and services are random ones.

A place may be named to be measured instead: benchmarks/university.py PLACE. CPU time of whole
processes, reading included, and the same divided by that of `import lark`, which runs in between:
a busy machine moves both. Exit status 1 if one is above LIMIT.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory

LIMIT, ROUNDS = 1.0, 5  # seconds of CPU
LARK = 0.060  # seconds that `import lark` takes on the machine that LIMIT is meant for
VLANS, MACS, SERVICES = 20, 2500, 2180
_PORTS = (22, 25, 53, 80, 123, 143, 389, 443, 636, 993, 1194, 3389, 5060, 8080)
QUESTIONS = {
    "ssh from one network": ("reach", "--in", "eth1.96", "--proto", "tcp", "--dport", "22"),
    "ssh, all networks": ("reach", "--proto", "tcp", "--dport", "22"),
    "ssh, of which answers come": ("reach", "--proto", "tcp", "--dport", "22", "--answered"),
    "every packet": ("reach",),
    "audit": ("lint",),
}


def university(rng: Random) -> str:
    """The dump."""
    vlans = [(f"eth1.{96 + n}", f"10.14.{n}") for n in range(VLANS)]
    chains = [f"{kind}_{n}" for n in range(VLANS) for kind in ("mac", "ranges", "filter")]
    lines = [
        "*filter", ":INPUT DROP [0:0]", ":FORWARD DROP [0:0]", ":OUTPUT ACCEPT [0:0]",
        *(f":{chain} - [0:0]" for chain in chains),
        "-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT",
        "-A FORWARD -m state --state RELATED,ESTABLISHED,UNTRACKED -j ACCEPT",
        "-A FORWARD -m recent --update --seconds 60 --name DEFAULT --mask 255.255.255.255 --rsource"
        " -j DROP",
        "-A FORWARD -s 127.0.0.0/8 -j DROP",
    ]  # fmt: skip
    for number, (dev, net) in enumerate(vlans):
        lines.append(f"-A FORWARD -s {net}.0/24 -i {dev} -j mac_{number}")
        lines.append(f"-A FORWARD -i {dev} -j ranges_{number}")
    for number, (dev, net) in enumerate(vlans):
        lines.append(f"-A FORWARD -d {net}.0/24 -o {dev} -j filter_{number}")
    for number, (_, net) in enumerate(vlans):
        lines += [f"-A ranges_{number} -s {net}.0/24 -j RETURN", f"-A ranges_{number} -j DROP"]
    for number in range(MACS // 2):
        vlan = number % VLANS
        host = f"{vlans[vlan][1]}.{2 + number // VLANS}"
        mac = ":".join(f"{rng.randrange(256):02x}" for _ in range(5))
        lines.append(f"-A mac_{vlan} -s {host}/32 -m mac --mac-source 02:{mac} -j RETURN")
        lines.append(f"-A mac_{vlan} -s {host}/32 -j DROP")
    lines += [
        f"-A filter_{n} {_service(rng, vlans)}"
        for n in (rng.randrange(VLANS) for _ in range(SERVICES))
    ]
    return "\n".join([*lines, "COMMIT\n"])


def _service(rng: Random, vlans: list[tuple[str, str]]) -> str:
    net = rng.choice(vlans)[1]
    source = rng.choice(("", f"-s {net}.0/24 ", f"-s {net}.{rng.randrange(2, 250)}/32 "))
    target = f"-d {rng.choice(vlans)[1]}.{rng.randrange(2, 64)}/32 "
    proto = rng.choice(("tcp", "tcp", "udp"))
    syn = " --tcp-flags FIN,SYN,RST,ACK SYN" if proto == "tcp" else ""
    ports = sorted(rng.sample(_PORTS, rng.randrange(1, 5)))
    if len(ports) == 1:
        match = f"-m {proto} --dport {ports[0]}{syn}"
    else:
        listed = ",".join(map(str, ports))
        match = (f"-m tcp{syn} " if syn else "") + f"-m multiport --dports {listed}"
    return f"{source}{target}-p {proto} -m state --state NEW {match} -j ACCEPT"


def snapshot(folder: Path) -> None:
    """The router with its networks, under these rules."""
    (folder / "iptables-save").write_text(university(Random(11)))
    devices = [("lo", "127.0.0.1", 8), ("eth1.110", "192.0.2.2", 24)]
    devices += [(f"eth1.{96 + n}", f"10.14.{n}.1", 24) for n in range(VLANS) if 96 + n != 110]
    (folder / "ip-addr.json").write_text(
        json.dumps([
            {
                "ifname": name, "flags": ["UP"], "mtu": 1500,
                "link_type": "loopback" if name == "lo" else "ether",
                "addr_info": [{"family": "inet", "local": own, "prefixlen": length}],
            }
            for name, own, length in devices
        ])
    )  # fmt: skip
    routes = [{"dst": "default", "gateway": "192.0.2.1", "dev": "eth1.110"}]
    routes += [
        {"dst": f"{own.rpartition('.')[0]}.0/{length}", "dev": name}
        for name, own, length in devices[1:]
    ]
    (folder / "ip-route.json").write_text(json.dumps(routes))
    (folder / "sysctl").write_text("net.ipv4.ip_forward = 1\n")


def cpu(*command: str) -> tuple[float, int]:
    """Seconds of CPU, and the exit status."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run = subprocess.run(
        [sys.executable, *command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    took = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return took, run.returncode


def measured(place: str) -> bool:
    """Tell how long each question takes; all are below the limit."""
    fine = True
    for name, question in QUESTIONS.items():
        times, ratios, status = [], [], 0
        for _ in range(ROUNDS):
            lark, _ = cpu("-c", "import lark")
            seconds, status = cpu("-m", "fwsim", *question, "--from", place)
            times.append(seconds)
            ratios.append(seconds / lark)
        told = "refused" if status == 2 else f"{median(ratios) * LARK:.2f} s where lark takes 60 ms"
        print(f"{name:28} {min(times):6.2f} s CPU, {median(ratios):5.1f} times lark: {told}")
        fine = fine and status != 2 and median(ratios) * LARK <= LIMIT
    return fine


def main() -> int:
    if len(sys.argv) > 1:
        return int(not measured(sys.argv[1]))
    with TemporaryDirectory() as folder:
        snapshot(Path(folder))
        rules = (Path(folder) / "iptables-save").read_text().count("\n-A ")
        print(f"{rules} rules; limit: {LIMIT} s, the median of {ROUNDS} rounds")
        return int(not measured(folder))


if __name__ == "__main__":
    sys.exit(main())
