"""Rulesets with one fault each, and near misses that are right; a host like the article's has them.

A fault is a code, rules, and where it is found; rules without a table are the filter table's."""

from __future__ import annotations

_USUAL = ("INPUT", "FORWARD", "OUTPUT")


def _filter(*rules: str, drop: tuple[str, ...] = (), chains: tuple[str, ...] = ()) -> str:
    heads = [f":{name} {'DROP' if name in drop else 'ACCEPT'} [0:0]" for name in _USUAL]
    heads += [f":{name} - [0:0]" for name in chains]
    return "\n".join(["*filter", *heads, *rules, "COMMIT\n"])


def _nat(*rules: str) -> str:
    names = ("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING")
    return "\n".join(["*nat", *(f":{n} ACCEPT [0:0]" for n in names), *rules, "COMMIT\n"])


KNOWN = "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"
_PUBLISHED = _nat(
    "-A PREROUTING ! -i docker1 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.18.0.2:80"
)

FAULTS: list[tuple[str, str, list[str]]] = [
    # shadowed
    ("shadowed", _filter("-A INPUT -s 10.0.0.0/8 -j DROP", "-A INPUT -s 10.1.0.0/16 -j ACCEPT"),
     ["INPUT 2"]),
    ("shadowed", _filter("-A INPUT -p tcp --dport 22 -j ACCEPT", "-A INPUT -p udp -j ACCEPT",
                         "-A INPUT -p tcp --dport 22 -j ACCEPT"), ["INPUT 3"]),
    ("shadowed", _filter("-A INPUT -s 0.0.0.0/1 -j DROP", "-A INPUT -s 128.0.0.0/1 -j DROP",
                         "-A INPUT -p tcp -j ACCEPT"), ["INPUT 3"]),
    ("shadowed", _filter("-A INPUT -p tcp -j DROP", "-A INPUT -j mine",
                         "-A mine -p tcp --dport 22 -j ACCEPT", "-A mine -p udp -j DROP",
                         chains=("mine",)), ["mine 1"]),
    ("shadowed", _filter("-A INPUT -j mine", "-A INPUT -p tcp --dport 22 -j ACCEPT",
                         "-A mine -p tcp -j DROP", chains=("mine",)), ["INPUT 2"]),
    # contradictory
    ("contradictory", _filter("-A INPUT -p tcp -m multiport ! --dports 1:65535 -m tcp --dport 80"
                              " -j DROP"), ["INPUT 1"]),
    ("contradictory", _filter("-A INPUT -s 10.0.0.1 -m iprange --src-range 10.0.0.2-10.0.0.9"
                              " -j DROP"), ["INPUT 1"]),
    ("contradictory", _filter("-A INPUT -p tcp -j mine", "-A mine -p udp -j DROP",
                              chains=("mine",)), ["mine 1"]),
    # unreached
    ("unreached", _filter("-A mine -j DROP", chains=("mine",)), ["mine 1"]),
    ("unreached", _filter("-A INPUT -j DROP", "-A INPUT -p tcp -j mine", "-A mine -j LOG",
                          chains=("mine",)), ["mine 1"]),
    # redundant
    ("redundant", _filter("-A INPUT -s 10.1.0.0/16 -j DROP", "-A INPUT -s 10.0.0.0/8 -j DROP"),
     ["INPUT 1"]),
    ("redundant", _filter("-A INPUT -s 10.1.0.0/16 -j DROP", drop=("INPUT",)), ["INPUT 1"]),
    ("redundant", _filter("-A INPUT -j mine", "-A INPUT -p tcp -j ACCEPT", "-A INPUT -j DROP",
                          "-A mine -p tcp --dport 22 -j ACCEPT", "-A mine -p udp -j RETURN",
                          chains=("mine",)), ["mine 1"]),
    ("redundant", _filter("-A INPUT -s 10.1.0.0/16 -j ACCEPT", "-A INPUT -s 10.0.0.0/8 -j ACCEPT",
                          "-A INPUT -m iprange ! --src-range 10.1.0.0-10.1.255.255 -j ACCEPT",
                          drop=("INPUT",)), ["INPUT 2"]),  # 1 too, but not both
    # accept-first
    ("accept-first", _filter("-A INPUT -p tcp -j ACCEPT", "-A INPUT -p tcp --dport 23 -j DROP"),
     ["INPUT 2"]),
    ("accept-first", _filter("-A INPUT -s 10.0.0.0/8 -j ACCEPT",
                             "-A INPUT -s 10.9.9.9 -p udp -j REJECT"), ["INPUT 2"]),
    # partly-accepted
    ("partly-accepted", _filter("-A INPUT -p tcp --dport 22 -j ACCEPT",
                                "-A INPUT -s 10.9.9.9 -j DROP"), ["INPUT 2"]),
    # policy-unreached
    ("policy-unreached", _filter("-A INPUT -p tcp -j ACCEPT", "-A INPUT -j DROP"),
     ["INPUT policy"]),
    ("policy-unreached", _filter("-A INPUT -s 0.0.0.0/1 -j DROP",
                                 "-A INPUT ! -s 0.0.0.0/1 -j DROP"),
     ["INPUT policy"]),
    # no-way-back
    ("no-way-back", _filter("-A FORWARD -i docker1 -o eth0 -j ACCEPT", drop=("FORWARD",)),
     ["FORWARD 1"]),
    ("no-way-back", _filter("-A INPUT -p tcp --dport 22 -j ACCEPT", drop=("INPUT", "OUTPUT")),
     ["INPUT 1"]),
    ("no-way-back", _filter("-A INPUT -p tcp --dport 22 -j ACCEPT", drop=("INPUT",)),
     ["OUTPUT policy"]),
    ("no-way-back", _filter("-A FORWARD -i docker1 -o eth0 -j ACCEPT",
                            f"-A FORWARD -i eth0 -o docker0 {KNOWN}", drop=("FORWARD",)),
     ["FORWARD 1"]),
    # what the rule itself accepts is no answer to most of what it accepts
    ("no-way-back", _filter("-A FORWARD -s 10.0.0.0/24 -j ACCEPT", drop=("FORWARD",)),
     ["FORWARD 1"]),
    ("no-way-back", _filter("-A FORWARD -p tcp --dport 80 -j ACCEPT", drop=("FORWARD",)),
     ["FORWARD 1"]),
    # docker-user-dnat
    ("docker-user-dnat", _PUBLISHED + _filter(
        "-A FORWARD -j DOCKER-USER", "-A DOCKER-USER -i eth0 -p tcp --dport 8080 -j DROP",
        chains=("DOCKER-USER",)), ["DOCKER-USER 1"]),
    # input-dnat
    ("input-dnat", _PUBLISHED + _filter("-A INPUT -p tcp --dport 8080 -j DROP"), ["INPUT 1"]),
    ("input-dnat", _PUBLISHED + _filter("-A INPUT -p tcp --dport 8080 -j ACCEPT", drop=("INPUT",)),
     ["INPUT 1"]),
    # no-such-device
    ("no-such-device", _filter("-A INPUT -i eth7 -j DROP"), ["INPUT 1"]),
    ("no-such-device", _filter("-A FORWARD ! -o wlan0 -j DROP"), ["FORWARD 1"]),
    # no-such-set: tests/questions/test_lint.py gives the host one set, `here`
    ("no-such-set", _filter("-A INPUT -m set --match-set gone src -j DROP"), ["INPUT 1"]),
    ("no-such-set", _filter("-A INPUT -p tcp -j SET --add-set gone src"), ["INPUT 1"]),
    # empty-jump
    ("empty-jump", _filter("-A INPUT -p tcp -j mine", chains=("mine",)), ["INPUT 1"]),
    # host-bits
    ("host-bits", _filter("-A INPUT -s 10.0.0.5/8 -j DROP"), ["INPUT 1"]),
    ("host-bits", _filter("-A INPUT -p tcp -d 192.0.2.9/24 -j DROP"), ["INPUT 1"]),
    ("host-bits", _filter("-A INPUT -d 192.0.2.9/255.255.255.0 -j DROP"), ["INPUT 1"]),
    # log-late
    ("log-late", _filter("-A INPUT -p tcp -j DROP", "-A INPUT -p tcp --dport 22 -j LOG"),
     ["INPUT 2"]),
]  # fmt: skip

MISSES: list[tuple[str, str]] = [
    ("shadowed", _filter("-A INPUT -s 10.1.0.0/16 -j ACCEPT", "-A INPUT -s 10.0.0.0/8 -j DROP")),
    ("shadowed", _filter("-A INPUT -s 0.0.0.0/1 -j DROP", "-A INPUT -s 128.0.0.0/2 -j DROP",
                         "-A INPUT -p tcp -j ACCEPT")),
    ("shadowed", _filter("-A INPUT -m limit --limit 5/min -j ACCEPT", "-A INPUT -j DROP")),
    ("shadowed", _filter("-A INPUT -s 10.0.0.0/8 -j LOG", "-A INPUT -s 10.1.0.0/16 -j ACCEPT")),
    ("shadowed", _filter("-A INPUT -j mine", "-A INPUT -p tcp --dport 22 -j ACCEPT",
                         "-A mine -p tcp --sport 1 -j RETURN", "-A mine -p tcp -j DROP",
                         chains=("mine",))),
    ("shadowed", _filter("-A INPUT -m mark --mark 1 -j DROP", "-A INPUT -j MARK --set-mark 1",
                         "-A INPUT -m mark --mark 1 -j ACCEPT")),
    ("contradictory", _filter("-A INPUT -p tcp -m multiport --dports 1:100 -m tcp --dport 80"
                              " -j DROP")),
    ("contradictory", _filter("-A INPUT -p tcp -j mine", "-A INPUT -p udp -j mine",
                              "-A mine -p udp -j DROP", chains=("mine",))),
    ("unreached", _filter("-A INPUT -p tcp -j mine", "-A mine -j DROP", chains=("mine",))),
    ("redundant", _filter("-A INPUT -s 10.1.2.0/24 -j DROP", "-A INPUT -s 10.1.0.0/16 -j ACCEPT",
                          drop=("INPUT",))),
    ("redundant", _filter("-A INPUT -s 10.1.0.0/16 -j ACCEPT", "-A INPUT -p tcp -j DROP",
                          "-A INPUT -s 10.0.0.0/8 -j ACCEPT", drop=("INPUT",))),
    ("redundant", _filter("-A INPUT -s 10.1.0.0/16 -j DROP", "-A INPUT -j LOG", drop=("INPUT",))),
    ("redundant", _filter("-A INPUT -j mine", "-A mine -j RETURN", chains=("mine",))),
    # 2 would come to life
    ("redundant", _filter("-A INPUT -s 10.1.0.0/16 -j ACCEPT", "-A INPUT -s 10.1.0.0/16 -j DROP")),
    ("redundant", _filter("-A INPUT -s 10.1.0.0/16 -j ACCEPT", "-A INPUT -s 10.1.0.0/16 -j ACCEPT",
                          drop=("INPUT",))),  # 2 is shadowed, 1 is not needless then
    ("accept-first", _filter("-A INPUT -p tcp --dport 23 -j DROP", "-A INPUT -p tcp -j ACCEPT")),
    ("accept-first", _filter("-A INPUT -p tcp --syn -j ACCEPT", "-A INPUT -p tcp -j DROP")),
    ("partly-accepted", _filter("-A INPUT -s 10.9.9.9 -j DROP",
                                "-A INPUT -p tcp --dport 22 -j ACCEPT")),
    ("partly-accepted", _filter("-A INPUT -s 10.9.9.9 -p tcp --dport 22 -j ACCEPT",
                                "-A INPUT -s 10.9.9.9 -j DROP")),
    ("partly-accepted", _filter(f"-A INPUT {KNOWN}", "-A INPUT -i lo -j ACCEPT",
                                "-A INPUT -s 10.9.9.9 -j DROP")),
    # whether they share packets hangs on what nobody knows
    ("partly-accepted", _filter("-A OUTPUT -m owner --uid-owner 0-999 -j ACCEPT",
                                "-A OUTPUT -m owner --uid-owner 1000 -j DROP")),
    ("policy-unreached", _filter("-A INPUT -p tcp -j ACCEPT", "-A INPUT -p udp -j DROP")),
    ("policy-unreached", _filter()),
    ("no-way-back", _filter("-A FORWARD -i docker1 -o eth0 -j ACCEPT",
                            f"-A FORWARD -i eth0 -o docker1 {KNOWN}", drop=("FORWARD",))),
    ("no-way-back", _filter("-A FORWARD -i docker1 ! -o docker1 -j ACCEPT",
                            f"-A FORWARD {KNOWN}", drop=("FORWARD",))),
    ("no-way-back", _filter("-A FORWARD -i docker1 -o eth0 -p tcp --dport 80 -j ACCEPT",
                            "-A FORWARD -i eth0 -o docker1 -p tcp --sport 80 -j ACCEPT",
                            drop=("FORWARD",))),
    ("no-way-back", _filter("-A INPUT -p tcp --dport 22 -j ACCEPT", f"-A INPUT {KNOWN}",
                            drop=("INPUT",))),
    ("no-way-back", _filter("-A FORWARD -s 10.0.0.0/24 -j ACCEPT",
                            "-A FORWARD -d 10.0.0.0/24 -j ACCEPT", drop=("FORWARD",))),
    ("no-way-back", _filter("-A FORWARD -s 10.0.0.0/24 -d 10.0.0.0/24 -j ACCEPT",
                            drop=("FORWARD",))),
    ("docker-user-dnat", _PUBLISHED + _filter(
        "-A FORWARD -j DOCKER-USER", "-A DOCKER-USER -i eth0 -p tcp -m conntrack --ctorigdstport"
        " 8080 -j DROP", chains=("DOCKER-USER",))),
    ("docker-user-dnat", _PUBLISHED + _filter(
        "-A FORWARD -j DOCKER-USER", "-A DOCKER-USER -i eth0 -p tcp --dport 80 -j DROP",
        "-A DOCKER-USER -i docker1 -p tcp --dport 8080 -j DROP", chains=("DOCKER-USER",))),
    ("input-dnat", _PUBLISHED + _filter("-A INPUT -p tcp --dport 80 -j DROP")),
    ("input-dnat", _PUBLISHED + _filter("-A INPUT -p tcp -m multiport --dports 22,8080 -j ACCEPT",
                                        drop=("INPUT",))),
    ("input-dnat", _PUBLISHED + _filter("-A INPUT -i docker1 -p tcp --dport 8080 -j DROP")),
    ("no-such-device", _filter("-A INPUT -i eth0 -j DROP", "-A INPUT -i veth+ -j DROP",
                               "-A INPUT -i lo -j ACCEPT")),
    ("no-such-set", _filter("-A INPUT -m set --match-set here src -j DROP")),
    ("empty-jump", _filter("-A INPUT -p tcp -j mine", "-A mine -j DROP", chains=("mine",))),
    ("host-bits", _filter("-A INPUT -s 10.0.0.0/8 -j DROP", "-A INPUT -d 192.0.2.9/32 -j DROP",
                          "-A INPUT -d 192.0.2.0/255.255.255.0 -j DROP",
                          "-A INPUT -m comment --comment \"10.0.0.5/8\" -j DROP")),
    ("log-late", _filter("-A INPUT -p tcp --dport 22 -j LOG", "-A INPUT -p tcp -j DROP",
                         "-A INPUT -j LOG")),
]  # fmt: skip
