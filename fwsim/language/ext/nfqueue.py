"""NFQUEUE: hand the packet to the program that reads a queue.

Semantics: net/netfilter/xt_NFQUEUE.c, nf_queue.c: where no program reads it, the packet is dropped,
or with --queue-bypass accepted. What a program does with it no dump tells; none is assumed. Text:
libxt_NFQUEUE.c (revision 3).
"""

from fwsim.language.options import Context, Option, Options, Shown, Target, Unlist
from fwsim.language.types import UInt, UIntRange
from fwsim.model.actions import Enqueue

_MOST_QUEUES = 65535


def _queues(o: Options) -> str:
    if "queue-balance" in o:
        return UIntRange().write(o["queue-balance"], 4)
    return str(o.get("queue-num", 0))


def _check(o: Options, _: Context) -> None:
    if "queue-balance" in o:
        first, last = o["queue-balance"]
        if "queue-num" in o:
            raise ValueError("--queue-num and --queue-balance exclude each other")
        if first >= last or last - first >= _MOST_QUEUES:
            raise ValueError("--queue-balance wants FIRST:LAST, at most 65535 queues")
    elif "queue-cpu-fanout" in o:
        raise ValueError("--queue-cpu-fanout goes with --queue-balance")


def _parts(o: Options, dash: str, number: str) -> str:
    kind = f"{dash}balance" if "queue-balance" in o else f"{dash}{number}"
    flags = [f"{dash}{flag}" for flag in ("bypass", "cpu-fanout") if f"queue-{flag}" in o]
    return " ".join([f"{kind} {_queues(o)}", *flags])


TARGET = Target(
    "NFQUEUE",
    lambda o, c: (Enqueue(_queues(o), "queue-bypass" in o),),
    options=(
        Option("queue-num", UInt(0, 0xFFFF)),
        Option("queue-balance", UIntRange(0xFFFF)),
        Option("queue-bypass"),
        Option("queue-cpu-fanout"),
    ),
    check=_check,
    save=lambda o, c: _parts(o, "--queue-", "num"),
    listing=lambda o, c, numeric: f"NFQUEUE {_parts(o, '', 'num')}",
    unlist=Unlist(
        "NFQUEUE",
        (
            Shown("queue-num", "num "),
            Shown("queue-balance", "balance "),
            Shown("queue-bypass", "bypass", ""),
            Shown("queue-cpu-fanout", "cpu-fanout", ""),
        ),
    ),
)
EXAMPLES = """
-j NFQUEUE ; -j NFQUEUE --queue-num 0
-j NFQUEUE --queue-num 65535 ; = ; mangle POSTROUTING
-j NFQUEUE --queue-num 0x10 --queue-bypass ; -j NFQUEUE --queue-num 16 --queue-bypass ; raw OUTPUT
-j NFQUEUE --queue-bypass ; -j NFQUEUE --queue-num 0 --queue-bypass ; nat PREROUTING
-j NFQUEUE --queue-balance 0:3 ; =
-j NFQUEUE --queue-balance 4: ; -j NFQUEUE --queue-balance 4:65535
-j NFQUEUE --queue-balance :4 --queue-cpu-fanout --queue-bypass ; \
-j NFQUEUE --queue-balance 0:4 --queue-bypass --queue-cpu-fanout
-j NFQUEUE --queue-num 65536 ; error
-j NFQUEUE --queue-balance 0:65535 ; error
-j NFQUEUE --queue-balance 3:3 ; error
-j NFQUEUE --queue-balance 4:3 ; error
-j NFQUEUE --queue-balance 4 ; error
-j NFQUEUE --queue-balance 1:2:3 ; error
-j NFQUEUE --queue-num 3 --queue-balance 4:5 ; error
-j NFQUEUE --queue-num 3 --queue-cpu-fanout ; error
-j NFQUEUE ! --queue-num 3 ; error
"""
