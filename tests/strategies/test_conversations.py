"""Conversations: what is said is what two ends would say, and replays from its command line."""

from __future__ import annotations

import json
import shlex
from collections import Counter

from cli.running import fwsim as command

from fwsim.show.json import leg_dict
from fwsim.strategies import Conversation, conversations
from fwsim.strategies.conversations import pauses_of

from .worlds import article, drawn, simplest

NS1 = {"src": "ns1", "dst": "8.8.8.8"}


def test_what_gets_through_is_answered_and_known_from_then_on() -> None:
    net = article("complete")
    seen: Counter[tuple[str, str]] = Counter()
    said: set[str] = set()
    for talk in drawn(conversations(net, **NS1, through=True, proto="tcp"), 100):
        assert talk.moves[0] == "request"
        legs = talk.legs(net)
        said |= set(talk.moves)
        for move, leg, one in zip(talk.moves[1:], legs[1:], talk.said[1:], strict=True):
            if one.time or move not in ("answer", "data", "more"):
                break
            seen[move, leg.ctstate] += 1
    assert seen["answer", "ESTABLISHED"] >= 5
    assert {"answer", "data", "more", "close", "reset"} <= said
    assert {state for move, state in seen if move in ("data", "more")} == {"ESTABLISHED"}


def test_each_end_counts_its_own_octets_and_acknowledges_the_others() -> None:
    checked: Counter[str] = Counter()
    for talk in drawn(conversations(article("complete"), **NS1, through=True, proto="tcp"), 100):
        due = {False: talk.said[0].packet.seq + 1}
        for move, one in zip(talk.moves[1:], talk.said[1:], strict=True):
            packet, far = one.packet, move in ("answer", "more")
            if move in ("answer", "request"):
                if far:
                    due.setdefault(True, packet.seq + 1)
                continue
            assert (packet.seq, packet.ack) == (due[far], due[not far]), talk
            due[far] += packet.payload_len + (move == "close")
            checked[move] += 1
    assert min(checked[move] for move in ("data", "more", "close", "reset")) >= 5, checked


def test_pauses_are_about_as_long_as_connections_are_remembered() -> None:
    net = article("complete")
    assert {29, 31, 119, 121, 431999, 432001} <= set(pauses_of(net))
    late = Counter[str]()
    for talk in drawn(conversations(net, **NS1, proto="udp", most=2), 200):
        if talk.moves[:2] == ("request", "answer"):
            late[talk.legs(net)[1].ctstate] += 1
    assert late["NEW"] >= 3, late
    assert late["ESTABLISHED"] >= 3, late


def test_what_does_not_get_through_is_not_answered() -> None:
    net = article("complete", "iptables -I FORWARD -i docker1 -j DROP")
    assert {m for talk in drawn(conversations(net, **NS1), 30) for m in talk.moves} == {"request"}


def test_they_shrink_to_the_shortest_and_to_no_pauses() -> None:
    net = article()
    assert simplest(conversations(net, **NS1)).moves == ("request",)

    def lost(talk: Conversation) -> bool:
        return any(leg.verdict == "DROP" for leg in talk.legs(net))

    found = simplest(conversations(net, **NS1), lost)
    assert found.moves == ("request", "answer")
    assert [said.time for said in found.said] == [0, 0]
    assert [packet["dport"] for packet in found] == [80, 40000]


def test_the_printed_command_replays_them() -> None:
    net = article("complete")
    for talk in drawn(conversations(net, most=4), 12)[::4]:
        lines = shlex.split(talk.command.partition(" | ")[0])[2:]
        words = shlex.split(talk.command.rpartition(" | ")[2])
        assert [json.loads(line) for line in lines] == list(talk)
        done = command(*words[1:], stdin="\n".join(lines))
        shown = [json.loads(line) for line in done.stdout.splitlines()]
        assert shown == json.loads(json.dumps([leg_dict(leg, "host") for leg in talk.legs(net)]))
