"""CT: what conntrack is told before it looks at the packet.

Semantics: net/netfilter/xt_CT.c. A packet that has a connection already is told nothing, nor is one
twice. There must be a helper of that name for the rule's family and protocol, which -p has to name;
a timeout policy of that name, too, but no dump tells those. With --notrack neither matters. Which
events are announced changes no packet. Text: libxt_CT.c, whose record holds one zone: the last of
--zone, --zone-orig and --zone-reply gives the number, and `mark` stays once it was said.
"""

from fwsim.language.options import Context, Option, Options, Shown, Target, Unlist
from fwsim.language.types import Text
from fwsim.language.values import number
from fwsim.model.actions import Template
from fwsim.model.names import PROTOCOLS
from fwsim.model.tuples import NamedTuple

_TCP, _UDP = PROTOCOLS["tcp"], PROTOCOLS["udp"]
# The helpers of Linux 6.18 for their usual ports; H.245's says that it is for udp.
_HELPERS = {
    "amanda": (_UDP,), "ftp": (_TCP,), "H.245": (_UDP,), "irc": (_TCP,), "netbios-ns": (_UDP,),
    "pptp": (_TCP,), "Q.931": (_TCP,), "RAS": (_UDP,), "sane": (_TCP,), "sip": (_TCP, _UDP),
    "snmp": (_UDP,), "snmp_trap": (_UDP,), "tftp": (_UDP,),
}  # fmt: skip
_ONLY_IPV4 = frozenset({"irc", "netbios-ns", "pptp", "snmp", "snmp_trap"})
_CT_EVENTS = (
    "new", "related", "destroy", "reply", "assured", "protoinfo", "helper", "mark", "natseqinfo",
    "secmark",
)  # fmt: skip
_ZONES = ("zone", "zone-orig", "zone-reply")


class _Events(NamedTuple):
    """Names of events, separated by commas."""

    names: tuple[str, ...]
    arity: int = 1

    def read(self, words: list[str], context: Context) -> frozenset[str]:
        """The events."""
        given = words[0].split(",")
        if not set(given) <= set(self.names):
            raise ValueError(f"expected events out of {', '.join(self.names)}")
        return frozenset(given)

    def write(self, value: frozenset[str], family: int) -> str:
        """In the table's order."""
        return ",".join(name for name in self.names if name in value)


class _Zone(NamedTuple):
    """A number, or `mark`: the packet's mark (None)."""

    arity: int = 1

    def read(self, words: list[str], context: Context) -> int | None:
        """The zone."""
        return None if words[0].lower() == "mark" else number(words[0], 0, 0xFFFF)

    def write(self, value: int | None, family: int) -> str:
        """5, or mark"""
        return "mark" if value is None else str(value)


def _template(o: Options, _: Context) -> tuple[Template]:
    given = [name for name in o if name in _ZONES]
    one_way = "zone-orig" in o or "zone-reply" in o
    return (
        Template(
            notrack="notrack" in o,
            zone=(o[given[-1]] or 0) if given else 0,
            zone_from_mark=any(o[name] is None for name in given),
            original="zone-orig" in o or not one_way,
            reply="zone-reply" in o or not one_way,
            helper=o.get("helper", ""),
            timeout=o.get("timeout", ""),
        ),
    )


def _check(o: Options, c: Context) -> None:
    helper, timeout = o.get("helper"), o.get("timeout")
    if "notrack" in o or not (helper or timeout):
        return
    if not c.proto:
        raise ValueError("a helper or a timeout policy needs -p PROTOCOL in the same rule")
    there = c.family == 4 or helper not in _ONLY_IPV4
    if helper and not (there and c.proto in _HELPERS.get(helper, ())):
        raise ValueError(
            f"the kernel has no helper {helper!r} for this protocol; known: {', '.join(_HELPERS)}"
        )


def _parts(o: Options, c: Context, dash: str) -> str:
    """What is written, with `--` before names in iptables-save."""
    (template,) = _template(o, c)
    parts = [f"{dash}notrack"] if template.notrack else []
    parts += [f"{dash}{name} {o[name]}" for name in ("helper", "timeout") if o.get(name)]
    for name, names in (("ctevents", _CT_EVENTS), ("expevents", ("new",))):
        if name in o:
            parts.append(f"{dash}{name} {_Events(names).write(o[name], 4)}")
    if template.zone_from_mark or template.zone:
        way = {(True, False): "-orig", (False, True): "-reply"}
        where = "mark" if template.zone_from_mark else template.zone
        parts.append(f"{dash}zone{way.get((template.original, template.reply), '')} {where}")
    return " ".join(parts)


_OPTIONS = (
    Option("notrack"),
    Option("helper", Text(15)),
    Option("timeout", Text(31)),
    Option("ctevents", _Events(_CT_EVENTS)),
    Option("expevents", _Events(("new",))),
    *(Option(name, _Zone()) for name in _ZONES),
)
TARGET = Target(
    "CT",
    _template,
    options=_OPTIONS,
    tables=("raw",),
    check=_check,
    save=lambda o, c: _parts(o, c, "--"),
    listing=lambda o, c, numeric: f"CT {_parts(o, c, '')}".rstrip(),
    unlist=Unlist(
        "CT",
        (
            *(
                Shown(
                    option.name,
                    option.name + " " * option.type.arity,
                    r"\S+" if option.type.arity else "",
                )
                for option in _OPTIONS
            ),
        ),
    ),
)
EXAMPLES = """
-j CT ; = ; raw PREROUTING
-j CT --notrack ; = ; raw PREROUTING
-j CT --zone 0x5 ; -j CT --zone 5 ; raw OUTPUT
-j CT --zone 0 ; -j CT ; raw OUTPUT
-j CT --zone MARK ; -j CT --zone mark ; raw OUTPUT
-j CT --zone-orig 65535 ; = ; raw OUTPUT
-j CT --zone-reply 6 ; = ; raw PREROUTING
-j CT --zone-orig mark ; = ; raw OUTPUT
-j CT --zone-orig 5 --zone-reply 6 ; -j CT --zone 6 ; raw OUTPUT
-j CT --zone mark --zone-reply 6 ; -j CT --zone-reply mark ; raw OUTPUT
-j CT --zone-reply 6 --zone 7 ; -j CT --zone-reply 7 ; raw OUTPUT
-p tcp -j CT --helper ftp ; = ; raw PREROUTING
-p udp --dport 69 -j CT --helper tftp ; -p udp -m udp --dport 69 -j CT --helper tftp ; raw OUTPUT
-p tcp -j CT --helper sip --zone 3 ; = ; raw OUTPUT
-p udp -j CT --helper H.245 ; = ; raw OUTPUT
-p udp -j CT --helper amanda --notrack ; -p udp -j CT --notrack --helper amanda ; raw OUTPUT
-p tcp -j CT --helper "" --timeout "" ; -p tcp -j CT ; raw OUTPUT
-j CT --notrack --helper nosuch --timeout mine ; = ; raw OUTPUT
-j CT --ctevents mark,new,new ; -j CT --ctevents new,mark ; raw OUTPUT
-j CT --ctevents new,related,destroy,reply,assured,protoinfo,helper,mark,natseqinfo,secmark ; = ; \
raw OUTPUT
-j CT --zone 7 --expevents new --ctevents reply ; \
-j CT --ctevents reply --expevents new --zone 7 ; raw OUTPUT
-j CT --notrack ; error ; mangle PREROUTING
-j CT --helper ftp ; error ; raw OUTPUT
! -p tcp -j CT --helper ftp ; error ; raw OUTPUT
-p udp -j CT --helper ftp ; error ; raw OUTPUT
-p tcp -j CT --helper H.245 ; error ; raw OUTPUT
-p tcp -j CT --helper nosuch ; error ; raw OUTPUT
-p tcp -j CT --helper FTP ; error ; raw OUTPUT
-j CT --timeout mine ; error ; raw OUTPUT
-j CT --zone 65536 ; error ; raw OUTPUT
-j CT --zone here ; error ; raw OUTPUT
-j CT --zone 5 --zone 6 ; error ; raw OUTPUT
-j CT ! --zone 5 ; error ; raw OUTPUT
-j CT --ctevents new, ; error ; raw OUTPUT
-j CT --ctevents NEW ; error ; raw OUTPUT
-j CT --expevents related ; error ; raw OUTPUT
"""
EXAMPLES4 = """
-p tcp -j CT --helper irc ; = ; raw PREROUTING
-p udp -j CT --helper snmp_trap ; = ; raw PREROUTING
"""
EXAMPLES6 = """
-p tcp -j CT --helper irc ; error ; raw PREROUTING
-p udp -j CT --helper netbios-ns ; error ; raw PREROUTING
"""
