"""`fwsim.testing`: what holds passes, what does not fails with its explanation."""

from __future__ import annotations

import unittest
from pathlib import Path
from typing import Any

import pytest

import fwsim
from fwsim.model.errors import QuestionError
from fwsim.testing import (
    Firewall,
    FirewallTestCase,
    assert_blocked,
    assert_isolated,
    assert_reaches,
)

COMPLETE = "example:article-complete"


@pytest.fixture(scope="module")
def complete() -> Firewall:
    return Firewall.load(COMPLETE)


def _message(assertion: Any, *args: Any, **asked: Any) -> str:
    with pytest.raises(AssertionError) as failed:
        assertion(*args, **asked)
    return str(failed.value)


def test_what_holds_passes(complete: Firewall) -> None:
    net = fwsim.load(COMPLETE)
    assert_reaches(net, "ns1", "8.8.8.8")
    complete.assert_reaches("ns1", "ns0", dport=5432)
    complete.assert_reaches("172.18.0.0/16", "internet", proto="udp", dport="53,123")
    assert_blocked(net, "internet", "172.18.0.0/16")
    complete.assert_blocked("internet", "ns1", dport=22)
    closed = complete.apply("iptables -I DOCKER-USER -i docker0 -o docker1 -j DROP",
                            "iptables -I DOCKER-USER -i docker1 -o docker0 -j DROP")  # fmt: skip
    assert_isolated(closed, "172.17.0.0/16", "172.18.0.0/16")


def test_who_does_not_reach_fails_with_the_trace_and_what_would_help() -> None:
    lost = Firewall.load("example:article-outbound-only")
    message = _message(lost.assert_reaches, "ns1", "8.8.8.8")
    assert message.startswith("ns1 → 8.8.8.8, icmp: has to get through and be answered\n")
    assert "\nfwsim trace --from example:article-outbound-only --src ns1 --dst 8.8.8.8\n" in message
    assert "policy DROP                        ← decided here" in message
    assert "iptables -A FORWARD -o docker1" in message


def test_who_is_not_blocked_fails_with_the_rule_that_let_it_in(complete: Firewall) -> None:
    opened = complete.apply("iptables -I FORWARD -d 172.18.0.3 -p tcp --dport 22 -j ACCEPT")
    message = _message(opened.assert_blocked, "internet", "ns1")
    assert message.startswith(
        "internet → ns1: must not get through\n8.8.8.8 → 172.18.0.3 tcp port 22"
    )
    assert "let through by filter FORWARD 1  -d 172.18.0.3/32 -p tcp -m tcp --dport 22" in message
    assert "--with 'iptables -I FORWARD -d 172.18.0.3 -p tcp --dport 22 -j ACCEPT'" in message
    opened.assert_blocked("internet", "ns1", proto="udp")
    opened.assert_blocked("internet", "ns1", dport="23-65535")


def test_who_is_not_apart_fails_with_the_direction_that_is_open(complete: Firewall) -> None:
    message = _message(complete.assert_isolated, "172.18.0.0/16", "172.17.0.0/16")
    assert "172.17.0.2 → 172.18.0.2" in message
    assert "FORWARD 5  -i docker0 ! -o docker0 -j ACCEPT" in message


def test_who_needs_no_host_reaches_whatever_its_rules_are(complete: Firewall) -> None:
    closed = complete.apply("iptables -P FORWARD DROP", "iptables -F FORWARD")
    closed.assert_reaches("ns1", "ns1")
    assert "let through" in _message(closed.assert_blocked, "ns1", "ns1")


def test_each_address_of_a_machine_comes_by_its_own_device() -> None:
    """web is on two networks; whoever sends from its address on one comes in by that one."""
    shop = Firewall.load(Path(__file__).parent.parent.parent / "fixtures" / "policy" / "shop")
    shop.assert_reaches("172.20.0.2", "internet", dport=443)
    shop.assert_reaches("172.21.0.2", "db", dport=5432)


def test_what_depends_on_the_unknown_fails_either_way(complete: Firewall) -> None:
    net = complete.apply("iptables -I FORWARD -m string --algo bm --string secret -j DROP")
    for assertion in (net.assert_reaches, net.assert_blocked):
        assert 'depends on: it holds "secret"' in _message(assertion, "ns1", "internet")
    told = _message(net.assert_reaches, "ns1", "ns0")
    (fact,) = [line for line in told.splitlines() if "--assume" in line]
    name = fact.partition("'")[2].partition("=")[0]
    net.given({name: False}).assert_reaches("ns1", "ns0")
    net.given({name: True}).assert_blocked("ns1", "ns0")


def test_an_unknown_name_is_no_failure_but_an_error(complete: Firewall) -> None:
    with pytest.raises(QuestionError, match="Did you mean 'ns1'") as refused:
        complete.assert_reaches("ns7", "ns0")
    assert len(refused.traceback) <= 5  # nothing of what is behind the assertions
    with pytest.raises(QuestionError, match="no device"):
        complete.assert_blocked("internet", "ns0", in_="eth9")


def test_a_case_for_unittest() -> None:
    class Case(FirewallTestCase):
        place = "example:article-outbound-only"

        def test_out(self) -> None:
            self.firewall.assert_reaches("ns0", "ns1")

        def test_back(self) -> None:
            self.firewall.assert_reaches("ns0", "8.8.8.8")

    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(Case).run(result)
    assert (result.testsRun, len(result.errors)) == (2, 0)
    ((case, text),) = result.failures
    assert case.id().endswith("test_back")
    assert "← decided here" in text

    class Unsaid(FirewallTestCase):
        def test_nothing(self) -> None:
            pass

    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(Unsaid).run(result)
    assert "does not say which place" in result.errors[0][1]
