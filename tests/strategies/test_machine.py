"""The state machine: it finds planted faults, shrinks to the shortest way to them, and prints a
script that repeats it."""

from __future__ import annotations

import subprocess
import sys
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import invariant, run_state_machine_as_test

import fwsim
from fwsim.net import Net
from fwsim.strategies import FirewallMachine, hold

from .worlds import article

RUNS = settings(
    database=None, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck),
    max_examples=20, stateful_step_count=8, phases=(Phase.generate, Phase.shrink),
)  # fmt: skip
NS1 = {"src": "ns1", "dst": "8.8.8.8"}
LATE = "iptables -I DOCKER-USER -m conntrack --ctstate ESTABLISHED -j DROP"


def answers_come_back(machine: FirewallMachine) -> None:
    if machine.last and machine.move == "answer" and machine.last.legs[0].ctstate != "NEW":
        assert machine.last.verdict == "ACCEPT"


def script_of(error: BaseException) -> str:
    """The script that a failure's notes tell."""
    notes = "\n".join(error.__notes__)
    return notes[notes.index("python3 - <<'END'") : notes.index("\nEND")] + "\nEND"


def rerun(script: str) -> str:
    body = script.removeprefix("python3 - <<'END'\n").removesuffix("\nEND")
    done = subprocess.run(
        [sys.executable, "-c", body], capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout


def test_the_articles_missing_rule_is_found_by_a_request_and_its_answer() -> None:
    with pytest.raises(AssertionError) as failure:
        hold(article(), answers_come_back, runs=RUNS, **NS1)
    notes = "\n".join(failure.value.__notes__)
    steps = [line for line in notes.splitlines() if line.startswith("state.")]
    told = [step for step in steps if "always" not in step and "teardown" not in step]
    assert [step.partition("(")[0] for step in told] == ["state.send", "state.answer"]
    assert "--src 172.18.0.3 --dst 8.8.8.8 --proto tcp --dport 80 --in veth1)" in told[0]
    printed = rerun(script_of(failure.value))
    assert "dropped on host by filter FORWARD's policy" in printed
    assert printed.count("example:article-outbound-only") == 2


def test_a_rule_that_changes_too_early_is_found() -> None:
    with pytest.raises(AssertionError) as failure:
        hold(article("complete"), answers_come_back, commands=[LATE], runs=RUNS, **NS1)
    script = script_of(failure.value)
    steps = [line.split("(")[0] for line in script.splitlines()[2:-1]]
    assert steps[0] == "net = fwsim.load"
    assert sorted(steps[1:]) == ["net = net.apply", "t = net.trace", "t = net.trace"]
    assert "DROP" in rerun(script)


def test_what_holds_passes() -> None:
    hold(article("complete"), answers_come_back, runs=settings(RUNS, max_examples=10), **NS1)


class Watched(FirewallMachine):
    place: ClassVar[Net] = article("complete")
    asked = NS1
    commands = ("iptables -I FORWARD -p udp -j DROP",)
    met: ClassVar[set[str]] = set()

    @invariant()
    def looks(self) -> None:
        self.met.add(self.move)
        if self.last is None:
            return
        assert self.last.legs[0].direction == "request"
        if (
            self.last.packet.proto == 17
            and self.net.rules().tables["filter"].chains["FORWARD"].rules[0].proto
        ):
            assert self.last.verdict == "DROP" or self.move == "answer"
        self.met.add("later" if self.net.simulation.now else "now")


def test_subclasses_say_what_must_hold_and_see_every_kind_of_step() -> None:
    run_state_machine_as_test(Watched, settings=RUNS)
    assert {"request", "answer", "later", "now"} <= Watched.met


def test_a_place_that_cannot_be_opened_again_is_left_to_be_filled_in() -> None:
    net = article().trace(**NS1).after

    class Later(FirewallMachine):
        place = net

    assert "net = ...  # the place" in Later().script
    again = fwsim.load().apply("iptables -A FORWARD -j DROP").given({"x": True}).later(5)

    class Told(FirewallMachine):
        place = again

    lines = Told().script.splitlines()
    assert lines[2:-1] == [
        "net = fwsim.load('example:article-outbound-only')",
        "net = net.apply('iptables -A FORWARD -j DROP')",
        "net = net.given({'x': True}, epoch=None, seed=None)",
        "net = net.later(5.0)",
    ]
