"""Answers to every exercise of the course: some that are right, and some that are not, each with
the hint that it gets (a key of its exercise, or of all)."""

from __future__ import annotations

from typing import Any, NamedTuple


class Answers(NamedTuple):
    right: list[Any]
    wrong: list[tuple[Any, str]]


DROP_ALL = "iptables -P FORWARD DROP"
OPEN = "iptables -P FORWARD ACCEPT"
A = "iptables -A FORWARD"
INSIDE = f"{A} -i docker1 -o docker1 -j ACCEPT"
OUTBOUND = f"{A} -i docker1 ! -o docker1 -j ACCEPT"
BACK = f"{A} -o docker1 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"
CONTAINER = {"in": "docker0", "src": "172.17.0.2", "dst": "8.8.8.8"}
OWN = {"in": "docker1", "src": "172.18.0.3", "dst": "8.8.8.8"}
USER = "iptables -I DOCKER-USER -s 172.18.0.3"

ANSWERS = {
    "1.1": Answers(["yes", " Yes. "], [("no", "wrong"), ("maybe", "answer.choice")]),
    "1.2": Answers(
        [
            [f"{A} -s 172.18.0.3 -d 8.8.8.8 -j DROP"],
            f"$ sudo {A} -s 172.18.0.3 ! -d 172.18.0.0/16 -j DROP",
            [f"{A} -i eth0 -d 172.18.0.3 -j DROP"],  # the answer is stopped, which is good enough
            f"# ns1 stays at home\n{A} -i docker1 -o eth0 -s 172.18.0.3 -j DROP",
        ],
        [
            ([DROP_ALL], "policy"),
            (["iptables -A INPUT -s 172.18.0.3 -j DROP"], "chain"),
            ([f"{A} -d 172.18.0.3 -s 8.8.4.4 -j DROP"], "goes_on"),
            ([f"{A} -s 172.18.0.3 -j DROP"], "others"),
            ([f"{A} -d 8.8.8.8 -j DROP"], "others"),
            ([f"{A} -s ns1 -j DROP"], "check.command"),
            (["-A FORWARD -j DROP"], "answer.no_program"),
            ("ufw deny from 172.18.0.3", "answer.other_program"),
            ([], "answer.no_commands"),
            (["iptables"] * 1000, "answer.too_much"),
            (3, "answer.commands"),
        ],
    ),
    "1.3": Answers([2, "2"], [(1, "misses"), (3, "later"), (4, "none"), ("two", "answer.number")]),
    "1.4": Answers(
        [
            ["iptables -I FORWARD 1 -s 172.18.0.3 -j ACCEPT"],
            "iptables -I FORWARD 2 -s 172.18.0.3 -d 8.8.8.8 -j ACCEPT",
        ],
        [
            ([f"{A} -s 172.18.0.3 -j ACCEPT"], "late"),
            (["iptables -D FORWARD 2"], "deleted"),
            (["iptables -I FORWARD 1 -j ACCEPT"], "open"),
        ],
    ),
    "1.5": Answers(
        [
            [DROP_ALL, f"{A} -s 172.18.0.0/16 -d 172.18.0.0/16 -j ACCEPT"],
            [DROP_ALL, INSIDE],
            [
                f"{A} -s 172.18.0.3 -d 172.18.0.2 -j ACCEPT",
                f"{A} -s 172.18.0.2 -d 172.18.0.3 -j ACCEPT",
                DROP_ALL,
            ],
        ],
        [
            ([INSIDE], "policy"),
            ([DROP_ALL], "request"),
            ([DROP_ALL, f"{A} -s 172.18.0.3 -j ACCEPT"], "reply"),
            ([DROP_ALL, f"{A} -s 172.18.0.0/16 -j ACCEPT"], "out"),
            ([DROP_ALL, f"{A} -d 172.18.0.0/16 -j ACCEPT"], "in"),
        ],
    ),
    "2.1": Answers([6], [(11, "all"), (7, "chains"), (5, "wrong")]),
    "2.2": Answers(
        [[OPEN], ["iptables -F", "iptables -X", OPEN]],
        [
            ([A + " -i docker1 -j ACCEPT"], "differs"),
            ([f"{A} -m statistic --mode random --probability 0.5 -j ACCEPT"], "unsure"),
        ],
    ),
    "2.3": Answers(
        [CONTAINER],
        [
            (OWN, "lost"),
            ({"src": "8.8.8.8", "dst": "192.0.2.10", "in": "eth0"}, "elsewhere"),
            ({**CONTAINER, "dst": "172.17.0.9"}, "neither"),
            ({"src": "8.8.8.8"}, "answer.packet_without"),
            ({**CONTAINER, "in": "docker7"}, "check.question"),
            ("172.17.0.2", "answer.packet"),
        ],
    ),
    "3.1": Answers(
        [
            ["FORWARD", "DOCKER-USER", "DOCKER-ISOLATION-STAGE-1"],
            "forward → docker-user → forward → docker-isolation-stage-1 → forward",
        ],
        [
            (["FORWARD", "DOCKER-USER", "DOCKER"], "foreign"),
            (["FORWARD", "DOCKER-USER"], "missing"),
            (["DOCKER-USER", "FORWARD", "DOCKER-ISOLATION-STAGE-1"], "order"),
            ([1, 2], "answer.names"),
        ],
    ),
    "3.2": Answers([3], [(1, "top"), (2, "same"), (8, "wrong")]),
    "3.3": Answers(
        [CONTAINER, {"in": "docker0", "src": "172.17.0.2", "dst": "172.18.0.3"}],
        [(OWN, "misses"), ({"in": "eth0", "src": "8.8.8.8", "dst": "192.0.2.10"}, "elsewhere")],
    ),
    "3.4": Answers(["no"], [("yes", "wrong")]),
    "3.5": Answers(
        [[f"{USER} -d 8.8.8.8 -j DROP"], [f"{USER} -o eth0 -j DROP"]],
        [
            (["iptables -A DOCKER-USER -s 172.18.0.3 -d 8.8.8.8 -j DROP"], "late"),
            (["iptables -I FORWARD -s 172.18.0.3 -d 8.8.8.8 -j DROP"], "elsewhere"),
            (["iptables -S"], "nothing"),
            ([f"{USER} -j DROP"], "others"),
        ],
    ),
    "4.1": Answers(
        [[INSIDE], [f"{A} -s 172.18.0.0/16 -d 172.18.0.0/16 -j ACCEPT"]],
        [
            ([OPEN], "policy"),
            ([f"{A} -i docker0 -o docker1 -j ACCEPT"], "lost"),
            ([f"{A} -i docker1 -j ACCEPT"], "out"),
        ],
    ),
    "4.2": Answers(["reply"], [("request", "wrong")]),
    "4.3": Answers(["established"], [("NEW", "request"), ("RELATED", "wrong")]),
    "4.4": Answers(
        [["eth0", "docker1"], "eth0, docker1"],
        [
            (["docker1", "eth0"], "request"),
            (["docker0", "docker1"], "wrong"),
            (["e+", "d+"], "wrong"),
            (["-j", "a b"], "devices"),
            (["eth0"], "two"),
        ],
    ),
    "4.5": Answers(
        [[BACK], [f"{A} -i eth0 -m state --state ESTABLISHED -j ACCEPT"]],
        [
            ([OPEN], "policy"),
            ([f"{A} -i docker1 -m conntrack --ctstate ESTABLISHED -j ACCEPT"], "lost"),
            ([f"{A} -o docker1 -j ACCEPT"], "open"),
        ],
    ),
    "4.6": Answers(
        [[f"{A} -i docker1 -j ACCEPT", BACK]],
        [([INSIDE, OUTBOUND], "differs"), ([INSIDE, OUTBOUND, BACK], "long")],
    ),
}
