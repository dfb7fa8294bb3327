"""TPROXY: give the packet to a local socket without changing it, and mark it.

Semantics: net/netfilter/xt_TPROXY.c: the socket must be transparent (IP_TRANSPARENT), which no
command tells; without one the packet is dropped. That it then comes to this host is up to policy
routing by the mark. Text: libxt_TPROXY.c.
"""

from fwsim.language.options import Context, Option, Options, Shown, Target, Unlist
from fwsim.language.types import Host, Masked
from fwsim.language.values import bits_of, resolved_port
from fwsim.model.actions import Divert
from fwsim.model.names import PROTOCOLS, address_text
from fwsim.model.tuples import NamedTuple


class _Port(NamedTuple):
    """XTTYPE_PORT: one port."""

    arity: int = 1

    def read(self, words: list[str], context: Context) -> int:
        """The port; past 65535 it loses its higher bits."""
        return resolved_port(words[0])

    def write(self, value: int, family: int) -> str:
        """80"""
        return str(value)


def _divert(o: Options, _: Context) -> tuple[Divert]:
    value, mask = o.get("tproxy-mark", (0, 0))
    return (Divert(o.get("on-ip", 0), o["on-port"], mask, value),)


def _texts(o: Options, c: Context) -> tuple[str, str]:
    """Address and mark."""
    value, mask = o.get("tproxy-mark", (0, 0))
    return address_text(o.get("on-ip", 0), bits_of(c.family)), f"{value:#x}/{mask:#x}"


def _save(o: Options, c: Context) -> str:
    address, mark = _texts(o, c)
    return f"--on-port {o['on-port']} --on-ip {address} --tproxy-mark {mark}"


def _list(o: Options, c: Context, numeric: bool) -> str:
    address, mark = _texts(o, c)
    return f"TPROXY redirect {address}:{o['on-port']} mark {mark}"


def _shown(text: str, _: Context) -> list[str]:
    address, _colon, port = text.rpartition(":")
    return ["--on-port", port, "--on-ip", address]


TARGET = Target(
    "TPROXY",
    _divert,
    options=(
        Option("on-port", _Port(), required=True),
        Option("on-ip", Host()),
        Option("tproxy-mark", Masked()),
    ),
    protos=(PROTOCOLS["tcp"], PROTOCOLS["udp"]),
    tables=("mangle",),
    hooks=("PREROUTING",),
    save=_save,
    listing=_list,
    unlist=Unlist(
        "TPROXY redirect",
        (Shown("on-ip", "", r"\S+:[0-9]+", words=_shown), Shown("tproxy-mark", "mark ")),
    ),
)
EXAMPLES = """
-p udp -j TPROXY ; error ; mangle PREROUTING
-p udp -j TPROXY --tproxy-mark 1 ; error ; mangle PREROUTING
-p udp -j TPROXY --on-port 0x50 ; error ; mangle PREROUTING
-p udp -j TPROXY --on-port -1 ; error ; mangle PREROUTING
-p tcp -j TPROXY --on-port 80 --tproxy-mark z ; error ; mangle PREROUTING
-p sctp -j TPROXY --on-port 80 ; error ; mangle PREROUTING
! -p tcp -j TPROXY --on-port 80 ; error ; mangle PREROUTING
-j TPROXY --on-port 80 ; error ; mangle PREROUTING
-p tcp -j TPROXY --on-port 80 ; error ; mangle INPUT
-p tcp -j TPROXY --on-port 80 ; error ; nat PREROUTING
"""
EXAMPLES4 = """
-p tcp -j TPROXY --on-port 80 --on-ip 127.0.0.1 --tproxy-mark 0x1/0xff ; = ; mangle PREROUTING
-p tcp -j TPROXY --on-port http ; \
-p tcp -j TPROXY --on-port 80 --on-ip 0.0.0.0 --tproxy-mark 0x0/0x0 ; mangle PREROUTING
-p udp -j TPROXY --tproxy-mark 1 --on-ip 10.1 --on-port 65537 ; \
-p udp -j TPROXY --on-port 1 --on-ip 10.0.0.1 --tproxy-mark 0x1/0xffffffff ; mangle PREROUTING
-p tcp -j TPROXY --on-port 80 --on-ip fd00::1 ; error ; mangle PREROUTING
"""
EXAMPLES6 = """
-p udp -j TPROXY --on-port 0 --on-ip ::1 --tproxy-mark 0x1/0xff ; = ; mangle PREROUTING
-p tcp -j TPROXY --on-port 80 ; \
-p tcp -j TPROXY --on-port 80 --on-ip :: --tproxy-mark 0x0/0x0 ; mangle PREROUTING
-p ipv6-icmp -j TPROXY --on-port 80 ; error ; mangle PREROUTING
"""
