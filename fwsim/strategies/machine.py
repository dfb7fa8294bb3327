"""A state machine for what happens in sequence: packets, answers, time that passes, rules that
change. A failing run shrinks to the shortest, and prints as what repeats it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from hypothesis import HealthCheck, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from fwsim.strategies.conversations import pauses_of
from fwsim.strategies.drawn import Drawn
from fwsim.strategies.packets import packets
from fwsim.strategies.talk import Talk

if TYPE_CHECKING:
    from fwsim.net import Net, Trace


class FirewallMachine(RuleBasedStateMachine):
    """Say in a subclass which `place` it is about, and in invariants what must always hold; then
    `TestIt = ThatClass.TestCase` is a test.

    `asked` are the options of `packets()` that say which requests are sent, `commands` iptables
    commands that may be given in between, in any order. Invariants see `net`, the place as it
    stands; `last`, the trace of the last packet (None before the first, or where rules changed
    since); `move`, what that packet was (request, answer, data, more, close, reset); `talk`, the
    connection that it belongs to."""

    place: ClassVar[Net]
    asked: ClassVar[Mapping[str, Any]] = {}
    commands: ClassVar[Sequence[str]] = ()
    requests: ClassVar[st.SearchStrategy[Drawn]]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if hasattr(cls, "place"):
            cls.requests = packets(cls.place, **cls.asked)

    def __init__(self) -> None:
        super().__init__()
        self.net = self.place
        self.last: Trace | None = None
        self.move = ""
        self.talk: Talk | None = None
        self._done: list[str] = []

    @rule(packet=st.runner().flatmap(lambda machine: machine.requests))
    def send(self, packet: Drawn) -> None:
        """A request."""
        self.talk = Talk(packet.packet, packet.dev)
        self._say("request")

    @precondition(lambda machine: machine.talk and machine.talk.reply)
    @rule()
    def answer(self) -> None:
        """The far end answers the last request."""
        self._say("answer")

    @precondition(lambda machine: machine.talk and len(machine.talk.moves()) > 1)
    @rule(move=st.runner().flatmap(lambda machine: st.sampled_from(machine.talk.moves())))
    def go_on(self, move: str) -> None:
        """What follows in the same connection, or what was said already once more."""
        self._say(move)

    @rule(seconds=st.runner().flatmap(lambda machine: _waits(machine.place)))
    def wait(self, seconds: int) -> None:
        """Time passes."""
        self._does(f"net = net.later({seconds})")
        self.net = self.net.later(seconds)

    @precondition(lambda machine: machine.commands)
    @rule(command=st.runner().flatmap(lambda machine: st.sampled_from(machine.commands)))
    def change(self, command: str) -> None:
        """A command is given on the host."""
        self._does(f"net = net.apply({command!r})")
        self.net, self.last = self.net.apply(command), None

    def teardown(self) -> None:
        """Print what repeats the run, if it failed."""
        note(self.script)

    @property
    def script(self) -> str:
        """The run so far, as a command for a shell."""
        lines = ("import fwsim", *_opened(self.place), *self._done)
        return "\n".join(("python3 - <<'END'", *lines, "END"))

    def _say(self, move: str) -> None:
        assert self.talk is not None
        told = dict(Drawn(*self.talk.packet(move), ()))
        self._does(f"t = net.trace({told!r}, one_way=True); print(t); net = t.after")
        trace = self.net.trace(told, one_way=True)
        leg = next(trace.net.packets([(trace.packet, told["in"] or "", 0.0)]))
        self.talk.saw(move, leg)
        self.net, self.last, self.move = trace.after, trace, move

    def _does(self, line: str) -> None:
        self._done.append(line)


def _waits(net: Net) -> st.SearchStrategy[int]:
    return st.sampled_from((1, *pauses_of(net)))


def _opened(net: Net) -> list[str]:
    """The lines that open a place; where none can, one to be filled in."""
    world, given, now = net.world, net.simulation.given, net.simulation.now
    if not world.place or net.simulation.seed:
        return ["net = ...  # the place"]
    lines = [f"net = fwsim.load({world.place!r})"]
    lines += [f"net = net.apply({command!r})" for command in world.commands]
    if given != type(given)():
        told = f"{dict(given.assume)!r}, epoch={given.epoch!r}, seed={given.seed!r}"
        lines.append(f"net = net.given({told})")
    return lines + [f"net = net.later({now!r})"] * bool(now)


_RUNS = settings(deadline=None, suppress_health_check=list(HealthCheck))
Always = Callable[[FirewallMachine], None]
"""What must hold after every step."""


def hold(
    net: Net,
    *always: Always,
    commands: Sequence[str] = (),
    runs: settings = _RUNS,
    **asked: Any,
) -> None:
    """Run a FirewallMachine of that place whose invariants are these functions, and raise what they
    raise for the shortest run that breaks one; the other arguments are its `commands` and what is
    `asked`, and Hypothesis's settings."""
    named = {f"always_{at}": invariant()(_own(one)) for at, one in enumerate(always)}
    body = {"place": net, "asked": asked, "commands": tuple(commands), **named}
    run_state_machine_as_test(type("Held", (FirewallMachine,), body), settings=runs)


def _own(function: Always) -> Always:
    """One of its own, since Hypothesis marks those that it calls."""

    def always(machine: FirewallMachine) -> None:
        function(machine)

    return always
