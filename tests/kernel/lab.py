"""One machine of TAP devices in a fresh network namespace: load rules, put packets in, look.

    with Lab(SMALL) as lab:
        assert lab.restore(text) == ""
        before = lab.counters()
        lab.send("eth0", frames.build(packet, PEER, lab.mac("eth0")))
        moved(before, lab.counters()).matched, lab.received()

Reading a TAP right after the write needs no waiting: the kernel carries a frame through all its
hooks within the write (tun_get_user, netif_receive_skb in softirq on the same processor).
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
from collections.abc import Mapping
from pathlib import Path

from .counters import Key, Moved, counters_of, moved
from .netns import LabError, Netns, kernel_missing, require_kernel
from .snapshots import write_snapshot
from .spec import SMALL, Bridge, Neighbour, Spec, Tap, ip_commands, macs_of

__all__ = [
    "SMALL", "Bridge", "Key", "Lab", "LabError", "Moved", "Neighbour", "Spec", "Tap",
    "counters_of", "kernel_missing", "moved", "require_kernel",
]  # fmt: skip

BASE_CHAINS = {
    "raw": ("PREROUTING", "OUTPUT"),
    "mangle": ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"),
    "nat": ("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"),
    "filter": ("INPUT", "FORWARD", "OUTPUT"),
    "security": ("INPUT", "FORWARD", "OUTPUT"),
}
_PATIENCE = 500  # askings of a few milliseconds each
_SYSCTLS: Mapping[str, object] = {
    "net.ipv4.ip_forward": 1,
    "net.ipv6.conf.all.forwarding": 1,
    "net.ipv4.icmp_ratelimit": 0,
    "net.ipv4.icmp_msgs_per_sec": 1_000_000,
    "net.ipv4.icmp_msgs_burst": 1_000_000,
    "net.ipv6.icmp.ratelimit": 0,
} | {
    f"net.{setting.format(devices)}": value
    for devices in ("all", "default")  # set before any device is there
    for setting, value in (
        ("ipv4.conf.{}.rp_filter", 0),
        ("ipv4.conf.{}.send_redirects", 0),
        ("ipv6.conf.{}.accept_dad", 0),
        ("ipv6.conf.{}.addr_gen_mode", 1),
        ("ipv6.conf.{}.router_solicitations", 0),
    )
}
# Only a process's socket has an owner: what the host answers by itself has none.
_QUIET = """table inet quiet {
  chain output {
    type filter hook output priority -500;
    meta skuid 0-4294967295 accept
    ip protocol igmp drop
    icmpv6 type { mld-listener-query, mld-listener-report, mld2-listener-report,
                  nd-router-solicit } drop
    LOCAL_ANSWERS
  }
}"""


class Lab(Netns):
    """A machine built from a `Spec`. With `quiet`, what the host would send by itself (echo
    replies, errors, resets) is dropped before any table of the output hook sees it."""

    def __init__(self, spec: Spec = SMALL, quiet: bool = True) -> None:
        super().__init__()
        self.spec = spec
        self._taps: dict[str, int] = {}
        self._sockets: dict[tuple[int, int | None], socket.socket] = {}
        self._backend: dict[int, str] = {}
        self._macs = macs_of(spec)
        try:
            self._build(quiet)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        for descriptor in self._taps.values():
            os.close(descriptor)
        for opened in self._sockets.values():
            opened.close()
        self._taps, self._sockets = {}, {}
        super().close()

    def mac(self, device: str) -> str:
        """The Ethernet address of one of the machine's own devices."""
        return self._macs[device]

    # packets

    def send(self, device: str, frame: bytes) -> None:
        """Let a frame arrive at a TAP. The kernel has dealt with it when this returns."""
        os.write(self._taps[device], frame)

    def send_local(self, packet: bytes, uid: int | None = None) -> int:
        """Send an IP packet (no Ethernet header) from a process of `uid` on the machine itself.
        Returns 0, or the errno that the sender sees: EPERM where the rules drop it."""
        return self.call(self._send_raw, packet, uid)

    def received(self) -> list[tuple[str, bytes]]:
        """The frames that left since the last call: (device, frame), in order on each device."""
        return [(name, frame) for name, tap in self._taps.items() for frame in _waiting(tap)]

    # rules

    def restore(self, text: str, family: int = 4, backend: str = "legacy") -> str:
        """Make `text` the family's whole ruleset, loaded by the real iptables-restore. Returns
        its complaint if it refuses the text; then the machine has no rules of that family."""
        self.clear(family)
        self._backend[family] = backend
        done = self.attempt(_tool(family, backend, "restore"), text=text)
        if not done.returncode:
            return ""
        self.clear(family)
        return done.stderr.strip() or f"exit status {done.returncode}"

    def clear(self, family: int = 4) -> None:
        """Empty every table and reset every policy of a family. A legacy table stays registered:
        conntrack, once a nat table has asked for it, goes on."""
        if self._backend.get(family) == "nft":
            self.run("nft", "flush", "ruleset", "ip" if family == 4 else "ip6")
        names = Path(f"/proc/thread-self/net/ip{'6' if family == 6 else ''}_tables_names")
        tables = self.call(names.read_text).split()
        if tables:
            empty = "".join(map(_empty_table, tables))
            self.run(_tool(family, "legacy", "restore"), text=empty)

    def save(self, family: int = 4, counters: bool = True) -> str:
        """The rules as the real iptables-save prints them, from the backend last loaded."""
        backend = self._backend.get(family, "legacy")
        return self.run(_tool(family, backend, "save"), *(("-c",) if counters else ()))

    def counters(self, family: int = 4) -> dict[Key, int]:
        """Packets counted by every rule and every base chain's policy."""
        return counters_of(self.save(family), family)

    def forget(self) -> None:
        """Forget all connections."""
        self.run("conntrack", "-F")

    def snapshot(self, directory: Path) -> None:
        """Write the machine, as standard commands print it, into `directory`/host."""
        write_snapshot(self.run, directory)

    # building

    def _build(self, quiet: bool) -> None:
        for name, value in _SYSCTLS.items():
            self.sysctl(name, value)
        self.run("nft", "-f", "-", text=_QUIET.replace("LOCAL_ANSWERS", "drop" if quiet else ""))
        for tap in self.spec.taps:
            self._taps[tap.name] = self.call(_open_tap, tap.name)
        self.run("ip", "-batch", "-", text="\n".join(ip_commands(self.spec, self._macs)))
        entries = {(n.mac, n.port): None for n in self.spec.neighbours if n.port}
        static = (f"fdb replace {mac} dev {port} master static" for mac, port in entries)
        self.run("bridge", "-batch", "-", text="\n".join(static))
        for name, value in self.spec.sysctls.items():
            self.sysctl(name, value)
        self._await_local_routes()
        self.received()

    def _await_local_routes(self) -> None:
        """The kernel adds an IPv6 address's local route from a work queue, a moment later."""
        named = (*self.spec.taps, *self.spec.bridges)
        wanted = {a.partition("/")[0] for d in named for a in d.addresses if ":" in a}
        for _ in range(_PATIENCE):
            shown = self.run("ip", "-6", "route", "show", "table", "local").split()
            if wanted <= set(shown):
                return
        raise LabError(f"no local routes for {', '.join(sorted(wanted))}")

    def _send_raw(self, packet: bytes, uid: int | None) -> int:
        family = packet[0] >> 4
        key = (family, uid)
        if key not in self._sockets:
            self._sockets[key] = _raw_socket(family, uid)
        target = packet[16:20] if family == 4 else packet[24:40]
        kind = socket.AF_INET if family == 4 else socket.AF_INET6
        try:
            self._sockets[key].sendto(packet, (socket.inet_ntop(kind, target), 0))
        except OSError as error:
            return error.errno or -1
        return 0


def _tool(family: int, backend: str, verb: str) -> str:
    return f"ip{'6' if family == 6 else ''}tables-{backend}-{verb}"


def _empty_table(table: str) -> str:
    chains = "".join(f":{chain} ACCEPT [0:0]\n" for chain in BASE_CHAINS[table])
    return f"*{table}\n{chains}COMMIT\n"


def _open_tap(name: str) -> int:
    descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    tap_without_header = 0x0002 | 0x1000  # IFF_TAP | IFF_NO_PI
    request = struct.pack("16sH22x", name.encode(), tap_without_header)
    fcntl.ioctl(descriptor, 0x400454CA, request)  # TUNSETIFF
    return descriptor


def _waiting(tap: int) -> list[bytes]:
    frames = []
    while True:
        try:
            frames.append(os.read(tap, 65600))
        except BlockingIOError:
            return frames


def _raw_socket(family: int, uid: int | None) -> socket.socket:
    """-m owner reads the file system uid that the socket's file was opened with."""
    libc = ctypes.CDLL(None)
    kind = socket.AF_INET if family == 4 else socket.AF_INET6
    libc.setfsuid(uid or 0)
    try:
        opened = socket.socket(kind, socket.SOCK_RAW, socket.IPPROTO_RAW)
    finally:
        libc.setfsuid(0)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    return opened
