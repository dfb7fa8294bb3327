"""ecn: explicit congestion notification in the TOS byte and in TCP's flags, read by -m ecn; -j ECN
(IPv4) writes it.

Semantics: net/netfilter/xt_ecn.c, net/ipv4/netfilter/ipt_ECN.c. Neither asks whether there is a TCP
header: in a later fragment its data is read, and written, as if it were one, and what is too short
does not match, and is dropped by the target. Text: libxt_ecn.c, libipt_ECN.c.
"""

from collections.abc import Iterator

from fwsim.language.ext._head import WHOLE
from fwsim.language.ext._segment import TCP, segment, with_flags
from fwsim.language.options import Context, Match, Option, Options, Shown, Target, Unlist
from fwsim.language.types import UInt
from fwsim.model import fields as F
from fwsim.model.actions import Action, Assign, Rewrite
from fwsim.model.facts import Facts
from fwsim.model.names import TCP_FLAGS
from fwsim.model.packet import Packet
from fwsim.model.pred import Pred, all_of, any_of, is_in, masked

_BITS = {"ecn-tcp-ece": TCP_FLAGS["ECE"], "ecn-tcp-cwr": TCP_FLAGS["CWR"]}
_ECT, _ECT_MASK = "ecn-ip-ect", 0x03
_TOO_SHORT = 0x100
_TITLES = {"ecn-tcp-ece": "ECE", "ecn-tcp-cwr": "CWR", _ECT: "ECT codepoint"}


def _flags_read(facts: Facts) -> int:
    head = segment(facts.packet)
    return _TOO_SHORT if head is None else head.flags


_FRAGMENT = F.Field("tcp_flags_in_fragment", 9, "hex", _flags_read)


def _flags(o: Options, field: F.Field) -> Pred:
    return all_of(*(o.sense(n, masked(field, bit, bit)) for n, bit in _BITS.items() if n in o))


def _asked(o: Options) -> Iterator[Pred]:
    if _ECT in o:
        yield o.sense(_ECT, masked(F.TOS, o[_ECT], _ECT_MASK))
    if any(name in o for name in _BITS):
        fragment = all_of(is_in(_FRAGMENT, (0, _TOO_SHORT - 1)), _flags(o, _FRAGMENT))
        later = is_in(F.FRAG, (1, F.FRAG.top))
        yield any_of(all_of(WHOLE, _flags(o, F.TCP_FLAGS)), all_of(later, fragment))


def _check(o: Options, c: Context) -> None:
    if not o:
        raise ValueError("at least one option is required")
    if c.proto != TCP and any(name not in (_ECT,) for name in o):
        raise ValueError("TCP's bits need -p tcp in the same rule")


def _list_match(o: Options, _: Context, numeric: bool) -> str:
    words = ["ECN match"]
    words += (f"{o.sign(n, '!')}{n[-3:].upper()}" for n in _BITS if n in o)
    if _ECT in o:
        words.append(f"{o.sign(_ECT, '!')}ECT={o[_ECT]}")
    return " ".join(words)


# the target


def _settings(o: Options) -> dict[str, int]:
    """What is set, in the order of iptables-save; --ecn-tcp-remove undoes what stands before it."""
    found: dict[str, int] = {}
    for name, value in o.items():
        if name == "ecn-tcp-remove":
            found = dict.fromkeys(_BITS, 0)
        else:
            found[name] = value
    return {name: found[name] for name in (*_BITS, _ECT) if name in found}


def _removes(o: Options) -> bool:
    return _settings(o) == dict.fromkeys(_BITS, 0)


def _set(o: Options, _: Context) -> tuple[Action, ...]:
    settings = _settings(o)
    clear = sum(bit for name, bit in _BITS.items() if name in settings)
    flip = sum(bit for name, bit in _BITS.items() if settings.get(name))

    def change(facts: Facts) -> Packet | None:
        head = segment(facts.packet)
        return None if head is None else with_flags(facts.packet, head.flags & ~clear | flip)

    tos = (Assign(F.TOS, _ECT_MASK, settings[_ECT]),) if _ECT in settings else ()
    return (*tos, *((Rewrite("ECN", change, (F.TCP_FLAGS,)),) if clear else ()))


def _save(o: Options, _: Context) -> str:
    if _removes(o):
        return "--ecn-tcp-remove"
    return " ".join(f"--{name} {value}" for name, value in _settings(o).items())


def _list(o: Options, _: Context, numeric: bool) -> str:
    if _removes(o):
        return "ECN TCP remove"
    return " ".join(("ECN", *(f"{_TITLES[name]}={value}" for name, value in _settings(o).items())))


def _check_target(o: Options, c: Context) -> None:
    _check(o, c)
    if "ecn-tcp-remove" in o and any(name in o for name in _BITS):
        raise ValueError("--ecn-tcp-remove excludes the other options of TCP's bits")


MATCH = Match(
    "ecn",
    lambda o, _: all_of(*_asked(o)),
    options=(
        Option("ecn-tcp-ece", negatable=True),
        Option("ecn-tcp-cwr", negatable=True),
        Option(_ECT, UInt(0, 3), negatable=True),
    ),
    check=_check,
    listing=_list_match,
    unlist=Unlist(
        "ECN match",
        (
            *(Shown(name, name[-3:].upper(), "") for name in _BITS),
            Shown(_ECT, "ECT="),
        ),
    ),
)
TARGET = Target(
    "ECN",
    _set,
    options=(
        Option("ecn-tcp-remove"),
        Option("ecn-tcp-cwr", UInt(0, 1)),
        Option("ecn-tcp-ece", UInt(0, 1)),
        Option(_ECT, UInt(0, 3)),
    ),
    families=(4,),
    tables=("mangle",),
    check=_check_target,
    save=_save,
    listing=_list,
    unlist=Unlist(
        "ECN",
        (
            Shown("ecn-tcp-remove", "TCP remove", ""),
            *(Shown(name, f"{title}=") for name, title in _TITLES.items()),
        ),
    ),
)
EXAMPLES = """
-m ecn --ecn-ip-ect 2 ; =
-m ecn ! --ecn-ip-ect 0x3 ; -m ecn ! --ecn-ip-ect 3 ; raw PREROUTING
-p tcp -m ecn --ecn-tcp-ece ; =
-p tcp -m ecn --ecn-tcp-cwr ! --ecn-tcp-ece ! --ecn-ip-ect 3 ; \
-p tcp -m ecn ! --ecn-tcp-ece --ecn-tcp-cwr ! --ecn-ip-ect 3
-p 6 -m ecn ! --ecn-tcp-cwr ; -p tcp -m ecn ! --ecn-tcp-cwr
-m ecn --ecn-ip-ect 4 ; error
-m ecn --ecn-ip-ect ; error
-m ecn --ecn-tcp-cwr ; error
! -p tcp -m ecn --ecn-tcp-cwr ; error
-p udp -m ecn --ecn-tcp-ece --ecn-ip-ect 1 ; error
-p tcp -m ecn --ecn-tcp-ece --ecn-tcp-ece ; error
-p tcp -m ecn --ecn-tcp-ece=1 ; error
-m ecn ; error
"""
EXAMPLES4 = """
-j ECN --ecn-ip-ect 1 ; = ; mangle PREROUTING
-p tcp -j ECN --ecn-tcp-remove ; = ; mangle POSTROUTING
-p tcp -j ECN --ecn-tcp-remove --ecn-ip-ect 2 ; \
-p tcp -j ECN --ecn-tcp-ece 0 --ecn-tcp-cwr 0 --ecn-ip-ect 2 ; mangle OUTPUT
-p tcp -j ECN --ecn-ip-ect 2 --ecn-tcp-remove ; -p tcp -j ECN --ecn-tcp-remove ; mangle OUTPUT
-p tcp -j ECN --ecn-tcp-cwr 0 --ecn-tcp-ece 0 ; -p tcp -j ECN --ecn-tcp-remove ; mangle FORWARD
-p tcp -j ECN --ecn-tcp-cwr 1 --ecn-tcp-ece 0 ; -p tcp -j ECN --ecn-tcp-ece 0 --ecn-tcp-cwr 1 ; \
mangle FORWARD
-p tcp -j ECN --ecn-tcp-cwr 1 ; = ; mangle INPUT
-p tcp -j ECN --ecn-tcp-ece 1 --ecn-ip-ect 0 ; = ; mangle INPUT
-j ECN --ecn-tcp-cwr 1 ; error ; mangle PREROUTING
! -p tcp -j ECN --ecn-tcp-cwr 1 ; error ; mangle PREROUTING
-j ECN --ecn-tcp-remove ; error ; mangle PREROUTING
-p tcp -j ECN --ecn-tcp-remove --ecn-tcp-cwr 1 ; error ; mangle PREROUTING
-p tcp -j ECN --ecn-tcp-cwr 2 ; error ; mangle PREROUTING
-j ECN --ecn-ip-ect 4 ; error ; mangle PREROUTING
-j ECN ; error ; mangle PREROUTING
-j ECN --ecn-ip-ect 1 ; error
"""
