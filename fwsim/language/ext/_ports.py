"""What the matches of a transport protocol share: --sport and --dport.

A whole range (0:65535) is what the kernel's record holds when nothing was asked, so it is not
written, not even with its `!`.
"""

from collections.abc import Iterator

from fwsim.language.ext._spans import list_span, save_spans
from fwsim.language.options import Context, Option, Options, Shown
from fwsim.language.types import Ports
from fwsim.language.values import service_text
from fwsim.model import fields as F
from fwsim.model.names import proto_text
from fwsim.model.pred import Pred, any_of, is_in

_WHOLE = (0, 65535)
_PAIR = ("sport", "dport")


def port_options(resolved: bool = True, service: str = "tcp") -> tuple[Option, Option]:
    """The two options; `resolved` and `service` as in Ports."""
    kind = Ports(resolved, service)
    return (
        Option("sport", kind, negatable=True, aliases=("source-port",)),
        Option("dport", kind, negatable=True, aliases=("destination-port",)),
    )


def asked_ports(o: Options) -> Iterator[Pred]:
    """What the options ask of the packet's ports."""
    for name, field in (("sport", F.SPORT), ("dport", F.DPORT)):
        if name in o:
            yield o.sense(name, is_in(field, o[name]))


def asked_pair(o: Options, c: Context) -> Iterator[Pred]:
    """As asked_ports, for tcp and udp: of two single ports, both negated, iptables-nft 1.8.9 makes
    one comparison, which any other pair of ports passes (add_nft_tcpudp)."""
    asked = tuple(asked_ports(o))
    single = all(name in o and o.negated(name) and len({*o[name]}) == 1 for name in _PAIR)
    if c.nft and single and all(o[name][0] for name in _PAIR):
        asked = (any_of(*asked),)
    yield from asked


def ports_end(o: Options) -> int:
    """How many bytes of the header the options read."""
    return 4 if "dport" in o else 2


def save_ports(o: Options) -> str:
    """` --sport 1 --dport 2`, as iptables-save writes them."""
    return save_spans(o, port_options(), _WHOLE)


def list_ports(o: Options, numeric: bool, proto: int) -> str:
    """` spt:1 dpts:!1:2`, as iptables -L lists them."""

    def show(port: int) -> str:
        return str(port) if numeric else service_text(port, proto_text(proto))

    return list_span(" spt", o, "sport", _WHOLE, show) + list_span(" dpt", o, "dport", _WHOLE, show)


SHOWN = (Shown("sport", "spts?:"), Shown("dport", "dpts?:"))  # the way back
