"""What the matches of a transport protocol share: --sport and --dport.

A whole range (0:65535) is what the kernel's record holds when nothing was asked, so it is not
written, not even with its `!`.
"""

from collections.abc import Iterator

from fwsim.language.options import Option, Options, Shown, option_text
from fwsim.language.types import Ports
from fwsim.language.values import service_text
from fwsim.model import fields as F
from fwsim.model.names import proto_text
from fwsim.model.pred import Pred, is_in

_WHOLE = (0, 65535)


def port_options(resolved: bool = True) -> tuple[Option, Option]:
    """The two options; `resolved` as in Ports."""
    kind = Ports(resolved)
    return (
        Option("sport", kind, negatable=True, aliases=("source-port",)),
        Option("dport", kind, negatable=True, aliases=("destination-port",)),
    )


def asked_ports(o: Options) -> Iterator[Pred]:
    """What the options ask of the packet's ports."""
    for name, field in (("sport", F.SPORT), ("dport", F.DPORT)):
        if name in o:
            yield o.sense(name, is_in(field, o[name]))


def save_ports(o: Options) -> str:
    """` --sport 1 --dport 2`, as iptables-save writes them."""
    kept = (option for option in port_options() if o.get(option.name, _WHOLE) != _WHOLE)
    return "".join(option_text(option, o.given[option.name], 4) for option in kept)


def list_ports(o: Options, numeric: bool, proto: int) -> str:
    """` spt:1 dpts:!1:2`, as iptables -L lists them."""
    text = ""
    for name, title in (("sport", "spt"), ("dport", "dpt")):
        span = o.get(name, _WHOLE)
        if span != _WHOLE or o.negated(name):
            ports = [_port_text(value, numeric, proto) for value in dict.fromkeys(span)]
            plural = "s" if len(ports) > 1 else ""
            text += f" {title}{plural}:{'!' if o.negated(name) else ''}{':'.join(ports)}"
    return text


SHOWN = (Shown("sport", "spts?:"), Shown("dport", "dpts?:"))  # the way back


def _port_text(value: int, numeric: bool, proto: int) -> str:
    return str(value) if numeric else service_text(value, proto_text(proto))
