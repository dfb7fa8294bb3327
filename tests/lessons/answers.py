"""Answers to every exercise of the course: some that are right, and some that are not, each with
the hint that it gets (a key of its exercise, or of all)."""

from __future__ import annotations

from typing import Any, NamedTuple

from fwsim.lessons.lesson6 import ISOLATED


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

TO_NS1 = "iptables -t nat -A PREROUTING -i eth0 -p tcp --dport 8080 -j DNAT --to"
TO_80 = f"{A} -d 172.18.0.3 -p tcp --dport 80 -j ACCEPT"
KEEP_OUT = "iptables -I DOCKER-USER -s 203.0.113.0/24"
LAST = "iptables -t nat -A POSTROUTING"
TO_WEB = {"in": "docker1", "src": "172.18.0.3", "dst": "172.17.0.2"}
FIRST_STAGE, SECOND_STAGE = ISOLATED
BETWEEN = "iptables -I DOCKER-USER -i {} -o {} -j DROP"
ONLY_WEB = "iptables -I DOCKER-USER -s 172.18.0.3 -d 172.17.0.2 -p tcp --dport 80 -j ACCEPT"
KNOWN = "iptables -I DOCKER-USER -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"
NO_DATABASE = "iptables -I DOCKER-USER -i eth0 -p tcp --dport 5432 -j DROP"

QUIET = {
    "in": "docker1", "src": "172.18.0.2", "dst": "8.8.8.8",
    "proto": "udp", "sport": 50000, "dport": 53,
}  # fmt: skip


def never_at_web(net: Any, packet: Any) -> bool:
    trace = net.trace(packet, one_way=True)
    return trace.verdict != "ACCEPT" or trace.legs[0].where != "web"


def by_others(net: Any, packet: Any) -> bool:
    return packet["src"] == "172.18.0.2" or never_at_web(net, packet)


def by_destination(net: Any, packet: Any) -> bool:
    return packet["dst"] != "172.17.0.2" or never_at_web(net, packet)


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
            ([f"{A} -s 172.18.0.3 -d 8.8.8.8"], "answer.no_target"),
            ([f"{A} -s 172.18.0.3 -j drop"], "answer.capitals"),
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
            (["iptables -I FORWARD 1 -s 172.18.0.0/25 -j ACCEPT"], "open"),
            (["iptables -I FORWARD 1 -s 172.18.0.3 -j ACCEPT"] * 2, "one"),
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
    "5.1": Answers(
        ["192.0.2.10", " 192.0.2.10 "],
        [("172.18.0.3", "own"), ("8.8.8.8", "wrong"), ("eth0", "answer.address")],
    ),
    "5.2": Answers(["reply"], [("request", "wrong")]),
    "5.3": Answers(
        [
            [f"{TO_NS1} 172.18.0.3:80", TO_80],
            [
                f"{TO_NS1} 172.18.0.3:80",
                f"{A} -o docker1 -p tcp --dport 80 -m conntrack --ctstate DNAT -j ACCEPT",
            ],
        ],
        [
            ([TO_80], "nat"),
            ([f"{TO_NS1} 172.18.0.3", TO_80], "elsewhere"),
            ([f"{TO_NS1} 172.18.0.3:80"], "lost"),
            ([f"{TO_NS1} 172.18.0.3:80", f"{A} -p tcp --dport 8080 -j ACCEPT"], "lost"),
            ([f"{TO_NS1} 172.18.0.3:80", f"{A} -d 172.18.0.3 -j ACCEPT"], "open"),
        ],
    ),
    "5.4": Answers([80], [(8080, "before"), (40000, "wrong"), (99999, "wrong")]),
    "5.5": Answers(
        [
            [f"{KEEP_OUT} -p tcp --dport 80 -j DROP"],
            [f"{KEEP_OUT} -p tcp -m conntrack --ctorigdstport 8080 -j DROP"],
        ],
        [
            ([f"{KEEP_OUT} -p tcp --dport 8080 -j DROP"], "port"),
            ([f"{KEEP_OUT} -p udp -j DROP"], "goes_on"),
            ([f"{KEEP_OUT} -j DROP".replace("-I", "-A")], "late"),
            (["iptables -I DOCKER-USER -p tcp --dport 80 -j DROP"], "others"),
            (["iptables -I INPUT -s 203.0.113.0/24 -j DROP"], "chain"),
        ],
    ),
    "5.6": Answers(
        [
            [f"{LAST} -s 172.17.0.2 -d 172.17.0.2 -j MASQUERADE"],
            [f"{LAST} -s 172.17.0.0/16 -o docker0 -j SNAT --to 172.17.0.1"],
        ],
        [
            ([f"{LAST} -s 172.17.0.2 -d 192.0.2.10 -j MASQUERADE"], "lost"),
            ([f"{LAST} -o docker0 -j MASQUERADE"], "hides"),
            (
                [
                    f"{LAST} -s 172.17.0.2 -d 172.17.0.2 -j MASQUERADE",
                    "iptables -I FORWARD -i eth0 -j DROP",
                ],
                "broken",
            ),
        ],
    ),
    "6.1": Answers(
        [TO_WEB, {**TO_WEB, "in": "veth0", "src": "172.18.0.2", "proto": "udp", "dport": 53}],
        [
            ({**TO_WEB, "in": "eth0"}, "in"),
            ({**TO_WEB, "dst": "172.18.0.1"}, "elsewhere"),
            ({**TO_WEB, "dst": "172.17.0.9"}, "lost"),
            ({**TO_WEB, "dst": "8.8.8.8"}, "not_web"),
        ],
    ),
    "6.2": Answers(["docker0 to docker1"], [("both", "wrong"), ("docker1 to docker0", "wrong")]),
    "6.3": Answers(
        [
            [*ISOLATED],
            [BETWEEN.format("docker0", "docker1"), BETWEEN.format("docker1", "docker0")],
        ],
        [
            ([FIRST_STAGE], "open"),
            ([SECOND_STAGE], "open"),
            ([*ISOLATED, "iptables -I DOCKER-USER -i docker1 -o eth0 -j DROP"], "changed"),
            ([*ISOLATED, "iptables -D FORWARD 9"], "answers"),
        ],
    ),
    "6.4": Answers(
        [[ONLY_WEB, KNOWN]],
        [
            ([ONLY_WEB], "reply"),
            ([KNOWN], "request"),
            ([ONLY_WEB.replace(" -s 172.18.0.3", ""), KNOWN], "open"),
            ([ONLY_WEB.replace(" -p tcp --dport 80", ""), KNOWN], "open"),
            ([ONLY_WEB, KNOWN, "iptables -I FORWARD -i eth0 -j DROP"], "answers"),
        ],
    ),
    "7.1": Answers(
        [QUIET, {**QUIET, "sport": 50009, "dst": "192.0.2.1"}],
        [
            ({**QUIET, "sport": 50010}, "passes"),
            ({**QUIET, "dst": "172.18.0.1"}, "elsewhere"),
            ({**QUIET, "dst": "172.17.0.9"}, "always"),
        ],
    ),
    "7.2": Answers(
        [never_at_web],
        [
            (lambda net, packet: True, "misses_none"),
            (
                lambda net, packet: packet["proto"] != "tcp" or never_at_web(net, packet),
                "misses_tcp",
            ),
            (by_others, "misses_sender"),
            (by_destination, "misses_published"),
            (lambda net, packet: False, "alarm"),
            (lambda net, packet: 1 / 0, "raises"),
            (lambda: True, "raises"),
            (lambda net, packet: None, "not_bool"),
            (7, "answer.function"),
        ],
    ),
    "7.3": Answers(
        [[f"{A} -s 172.18.0.3 -j DROP", f"{A} -s 172.18.0.0/16 -j ACCEPT"]],
        [
            ([f"{A} -j DROP"], "two"),
            ([f"{A} -j DROP", OPEN], "append"),
            ([f"{A} -s 172.18.0.2 -j DROP", f"{A} -j ACCEPT"], "same"),
        ],
    ),
    "8.1": Answers(
        [[22, 443, 5432], "5432, 443, 22"],
        [
            ([22, 443], "database"),
            ([5432], "more"),
            ([22, 80], "shut"),
            ([], "answer.ports"),
            (["ssh"], "answer.number"),
        ],
    ),
    "8.2": Answers(["FORWARD"], [("input", "wrong")]),
    "8.3": Answers(
        [
            [NO_DATABASE],
            ["iptables -I DOCKER-USER ! -i docker0 -o docker0 -p tcp --dport 5432 -j DROP"],
        ],
        [
            (["iptables -I INPUT -p tcp --dport 5432 -j DROP"], "input"),
            ([NO_DATABASE.replace("-I", "-A")], "late"),
            ([NO_DATABASE.replace("eth0", "docker0")], "open"),
            (["iptables -D DOCKER 1"], "rewritten"),
            ([NO_DATABASE, "iptables -I DOCKER-USER -i eth0 -j DROP"], "outward"),
        ],
    ),
    "8.4": Answers(
        [
            ["iptables -I ufw-user-input -s 203.0.113.66 -j DROP"],
            ["iptables -I INPUT -s 203.0.113.66 -p tcp --dport 22 -j REJECT"],
        ],
        [
            (["iptables -A ufw-user-input -s 203.0.113.66 -j DROP"], "open"),
            (["iptables -D ufw-user-input 1"], "others"),
        ],
    ),
}
