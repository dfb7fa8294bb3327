"""Lesson 2: before and after Docker."""

from __future__ import annotations

from typing import Any

from fwsim.lessons.answers import COMMANDS, NUMBER, PACKET
from fwsim.lessons.exercise import Exercise, Facts, need
from fwsim.lessons.facts import article, asked, difference, ended, rules_in

BEFORE, AFTER = "before-docker", "after-docker"


def _how_many_rules(answer: int) -> Facts:
    chains = article(AFTER).rules().tables["filter"].chains
    forward = len(rules_in(article(AFTER), "FORWARD"))
    need(answer != sum(len(chain.rules) for chain in chains.values()), "all")
    need(answer != len(chains), "chains")
    need(answer == forward, "wrong", answer=answer)
    return {"count": forward}


def _as_before(commands: tuple[str, ...]) -> Facts:
    found = article(BEFORE).diff(article(AFTER).apply(*commands))
    need(found.equal is not None, "unsure")
    need(found.equal, "differs", change=difference(found))
    return {"kept": len(rules_in(article(AFTER).apply(*commands), "FORWARD"))}


def _passes_both(packet: dict[str, Any]) -> Facts:
    old, new = (article(stage).trace(packet, one_way=True) for stage in (BEFORE, AFTER))
    need(asked(new.legs[0]), "elsewhere")
    need(old.verdict == "ACCEPT", "neither", ended=ended(old))
    need(new.verdict == "ACCEPT", "lost", ended=ended(new))
    assert new.decided_by
    return {"rule": new.decided_by.rule}


EXERCISES = {
    "2.1": Exercise(NUMBER, _how_many_rules),
    "2.2": Exercise(COMMANDS, _as_before),
    "2.3": Exercise(PACKET, _passes_both),
}
