"""Listings, against what iptables 1.8.9 printed for the same rules (line ends shown as |)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fwsim.language.listing import counter_text, listing
from fwsim.language.read import read
from fwsim.model.errors import QuestionError

RULES = read("""\
*filter
:INPUT DROP [1:84]
:FORWARD ACCEPT [123456:9999499]
:OUTPUT ACCEPT [0:0]
:DOCKER-USER - [0:0]
:unused - [0:0]
[2:120] -A INPUT -i lo -j ACCEPT
[100000:9999500] -A INPUT ! -s 10.0.0.0/8 ! -i eth0 -p tcp -m tcp --dport 22 -m state --state NEW -j REJECT
[0:0] -A FORWARD -g DOCKER-USER
[0:0] -A FORWARD -d 172.18.0.3 -o docker0 -p icmp -f -j DOCKER-USER
[99999999999:99999999999999] -A DOCKER-USER ! -p udp -m comment --comment "only counts"
COMMIT
""")  # noqa: E501 (a dump's line is as long as it is)
RULES6 = read("""\
*filter
-A INPUT -s fe80::/10 ! -d ::1 -p icmpv6 --icmpv6-type 128 -j ACCEPT
-A INPUT -s ::/0 -d :: -p 99 -j DROP
COMMIT
""")

PLAIN = """\
Chain INPUT (policy DROP)|
target     prot opt source               destination         |
ACCEPT     all  --  anywhere             anywhere            |
REJECT     tcp  -- !10.0.0.0/8           anywhere             tcp dpt:ssh state NEW reject-with icmp-port-unreachable|
|
Chain FORWARD (policy ACCEPT)|
target     prot opt source               destination         |
DOCKER-USER  all  --  anywhere             anywhere            [goto] |
DOCKER-USER  icmp -f  anywhere             172.18.0.3          |
|
Chain OUTPUT (policy ACCEPT)|
target     prot opt source               destination         |
|
Chain DOCKER-USER (2 references)|
target     prot opt source               destination         |
          !udp  --  anywhere             anywhere             /* only counts */|
|
Chain unused (0 references)|
target     prot opt source               destination         |
"""  # noqa: E501 (as above)
NUMBERS = """\
Chain FORWARD (policy ACCEPT 123K packets, 9999K bytes)|
num   pkts bytes target     prot opt in     out     source               destination         |
1        0     0 DOCKER-USER  0    --  *      *       0.0.0.0/0            0.0.0.0/0           [goto] |
2        0     0 DOCKER-USER  1    -f  *      docker0  0.0.0.0/0            172.18.0.3          |
"""  # noqa: E501 (as above)
LARGE = """\
Chain DOCKER-USER (2 references)|
 pkts bytes target     prot opt in     out     source               destination         |
 100G  100T           !udp  --  any    any     anywhere             anywhere             /* only counts */|
"""  # noqa: E501 (as above)
EXACT = """\
Chain INPUT (policy DROP 1 packets, 84 bytes)|
    pkts      bytes target     prot opt in     out     source               destination         |
       2      120 ACCEPT     0    --  lo     *       0.0.0.0/0            0.0.0.0/0           |
  100000  9999500 REJECT     6    --  !eth0  *      !10.0.0.0/8           0.0.0.0/0            tcp dpt:22 state NEW reject-with icmp-port-unreachable|
"""  # noqa: E501 (as above)
IPV6 = """\
Chain INPUT (policy ACCEPT)|
target     prot opt source               destination         |
ACCEPT     ipv6-icmp --  fe80::/10           !::1                  ipv6-icmp echo-request|
DROP       99   --  anywhere             anywhere            |
"""
IPV6_NUMBERS = """\
Chain INPUT (policy ACCEPT)|
target     prot opt source               destination         |
ACCEPT     58   --  fe80::/10           !::1                  ipv6-icmptype 128|
DROP       99   --  ::/0                 ::                  |
"""


def _shown(text: str) -> str:
    return text.replace("\n", "|\n")


def test_the_whole_table() -> None:
    assert _shown(listing(RULES)) == PLAIN


def test_one_chain_with_numbers() -> None:
    shown = listing(RULES, chain="FORWARD", numeric=True, verbose=True, line_numbers=True)
    assert _shown(shown) == NUMBERS


def test_large_counters() -> None:
    assert _shown(listing(RULES, chain="DOCKER-USER", verbose=True)) == LARGE


def test_exact_counters() -> None:
    assert _shown(listing(RULES, chain="INPUT", numeric=True, verbose=True, exact=True)) == EXACT


def test_exact_without_verbose_changes_nothing() -> None:
    assert listing(RULES, exact=True) == listing(RULES)


def test_ipv6() -> None:
    assert _shown(listing(RULES6, chain="INPUT")) == IPV6
    assert _shown(listing(RULES6, chain="INPUT", numeric=True)) == IPV6_NUMBERS


def test_a_table_that_is_not_there_is_shown_empty() -> None:
    assert listing(RULES, table="raw").startswith("Chain PREROUTING (policy ACCEPT)\ntarget")


def test_an_unknown_chain_is_no_empty_listing() -> None:
    with pytest.raises(QuestionError, match="table nat has no chain 'INPUTS'"):
        listing(RULES, table="nat", chain="INPUTS")


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"), (99999, "99999"), (100000, "100K"), (9999499, "9999K"), (9999500, "10M"),
        (9999499499, "9999M"), (9999499500, "10G"), (9999499499999, "10T"),
        (2**64 - 1, "18446744T"),
    ],
)  # fmt: skip
def test_counters_are_shortened(number: int, text: str) -> None:
    assert counter_text(number) == text
    assert counter_text(number, exact=True) == str(number)


@given(st.integers(0, 2**64 - 1))
def test_a_shortened_counter_is_off_by_little(number: int) -> None:
    text = counter_text(number)
    scale = 1000 ** " KMGT".index(text[-1]) if text[-1] in "KMGT" else 1
    assert abs(int(text.rstrip("KMGT")) * scale - number) <= 0.56 * scale
