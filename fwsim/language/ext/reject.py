"""REJECT: drop the packet and say so to its sender.

Semantics: net/ipv4/netfilter/ipt_REJECT.c, net/ipv6/netfilter/ip6t_REJECT.c; text:
libipt_REJECT.c, libip6t_REJECT.c. A reason may be cut short: the first that begins so is meant.
"""

from fwsim.language.options import Context, Option, Options, Shown, Target, Unlist
from fwsim.model.actions import Reject
from fwsim.model.names import PROTOCOLS
from fwsim.model.tuples import NamedTuple

_RESET = "tcp-reset"
_REASONS = {
    4: {
        "icmp-net-unreachable": "net-unreach",
        "icmp-host-unreachable": "host-unreach",
        "icmp-proto-unreachable": "proto-unreach",
        "icmp-port-unreachable": "port-unreach",
        "icmp-net-prohibited": "net-prohib",
        "icmp-host-prohibited": "host-prohib",
        _RESET: "tcp-rst",
        "icmp-admin-prohibited": "admin-prohib",
    },
    6: {
        "icmp6-no-route": "no-route",
        "icmp6-adm-prohibited": "adm-prohibited",
        "icmp6-addr-unreachable": "addr-unreach",
        "icmp6-port-unreachable": "port-unreach",
        _RESET: _RESET,
        "icmp6-policy-fail": "policy-fail",
        "icmp6-reject-route": "reject-route",
    },
}
_DEFAULT = {4: "icmp-port-unreachable", 6: "icmp6-port-unreachable"}


class _Reason(NamedTuple):
    """What the sender is told, by its full name."""

    arity: int = 1

    def read(self, words: list[str], context: Context) -> str:
        """The full name."""
        word = words[0].lower()
        for name, alias in _REASONS[context.family].items():
            if name.startswith(word) or alias.startswith(word):
                return name
        raise ValueError(f"expected {', '.join(_REASONS[context.family])}")

    def write(self, value: str, family: int) -> str:
        """The full name."""
        return value


def _reason(o: Options, c: Context) -> str:
    return str(o.get("reject-with", _DEFAULT[c.family]))


def _check(o: Options, c: Context) -> None:
    if _reason(o, c) == _RESET and c.proto != PROTOCOLS["tcp"]:
        raise ValueError("a reset needs -p tcp in the same rule")


TARGET = Target(
    "REJECT",
    lambda o, c: (Reject(_reason(o, c)),),
    options=(Option("reject-with", _Reason()),),
    tables=("filter",),
    hooks=("INPUT", "FORWARD", "OUTPUT"),
    check=_check,
    save=lambda o, c: f"--reject-with {_reason(o, c)}",
    listing=lambda o, c, numeric: f"reject-with {_reason(o, c)}",
    unlist=Unlist("", (Shown("reject-with", "reject-with "),)),
)
EXAMPLES = """
-p tcp -j REJECT --reject-with tcp-reset ; =
-j REJECT --reject-with tcp-reset ; error
! -p tcp -j REJECT --reject-with tcp-reset ; error
-j REJECT --reject-with echo-reply ; error
-j REJECT --reject-with nonsense ; error
-j REJECT ; error ; mangle INPUT
-j REJECT ; error ; raw PREROUTING
"""
EXAMPLES4 = """
-j REJECT ; -j REJECT --reject-with icmp-port-unreachable
-j REJECT --reject-with net-unreach ; -j REJECT --reject-with icmp-net-unreachable
-j REJECT --reject-with icmp-host-unreachable ; = ; filter FORWARD
-j REJECT --reject-with p ; -j REJECT --reject-with icmp-proto-unreachable
-j REJECT --reject-with host-prohib ; -j REJECT --reject-with icmp-host-prohibited ; filter OUTPUT
-j REJECT --reject-with ICMP-NET-PRO ; -j REJECT --reject-with icmp-net-prohibited
-j REJECT --reject-with icmp-admin-prohibited ; =
-p tcp -j REJECT --reject-with tcp-rst ; -p tcp -j REJECT --reject-with tcp-reset
-j REJECT --reject-with "" ; -j REJECT --reject-with icmp-net-unreachable
-j REJECT --reject-with icmp6-no-route ; error
"""
EXAMPLES6 = """
-j REJECT ; -j REJECT --reject-with icmp6-port-unreachable
-j REJECT --reject-with no-route ; -j REJECT --reject-with icmp6-no-route
-j REJECT --reject-with icmp6-adm-prohibited ; =
-j REJECT --reject-with addr-unreach ; -j REJECT --reject-with icmp6-addr-unreachable
-j REJECT --reject-with policy-fail ; -j REJECT --reject-with icmp6-policy-fail
-j REJECT --reject-with icmp6-rej ; -j REJECT --reject-with icmp6-reject-route
-j REJECT --reject-with icmp-port-unreachable ; error
"""
