"""Addresses: of what is named, at the ends of it, simple ones first."""

from __future__ import annotations

from collections import Counter
from ipaddress import ip_address, ip_network

import pytest

from fwsim.model.errors import QuestionError
from fwsim.strategies import addresses

from .worlds import article, drawn, simplest


def test_they_are_of_one_of_the_networks_and_both_ends_appear() -> None:
    nets = [ip_network("10.1.2.0/23"), ip_network("192.0.2.64/30")]
    found = Counter(drawn(addresses(*map(str, nets)), 200))
    assert all(any(ip_address(text) in net for net in nets) for text in found)
    ends = ("10.1.2.0", "10.1.3.255", "192.0.2.64", "192.0.2.67")
    assert all(found[text] >= 3 for text in ends)
    assert len(found) > 20


def test_ipv6_too() -> None:
    found = drawn(addresses("2001:db8::/127"), 40)
    assert set(found) == {"2001:db8::", "2001:db8::1"}
    assert all(ip_address(text).version == 6 for text in drawn(addresses(family=6), 20))


def test_a_place_brings_its_names_and_the_edges_of_its_rules() -> None:
    net = article("complete", "iptables -I FORWARD -s 10.9.0.0/24 -j DROP")
    found = drawn(addresses(net=net), 300)
    assert {"10.8.255.255", "10.9.0.0", "10.9.0.255", "10.9.1.0", "172.18.0.3"} <= set(found)
    assert set(drawn(addresses("ns1", net=net), 10)) == {"172.18.0.3"}


def test_they_shrink_to_the_first_host_that_is_known_else_to_the_lowest_end() -> None:
    assert simplest(addresses(net=article())) == "172.18.0.2"
    assert simplest(addresses("10.1.0.0/16")) == "10.1.0.0"
    assert simplest(addresses("10.1.0.0/16"), lambda text: text > "10.1.4") == "10.1.4.0"


def test_what_there_is_not_is_refused() -> None:
    with pytest.raises(QuestionError, match="nothing here is called 'web'"):
        addresses("web")
    with pytest.raises(QuestionError, match="no network"):
        addresses("10.0.0.0/33")
