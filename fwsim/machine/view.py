"""What a rule can see of a packet at a hook: each field, projected when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from copy import copy
from typing import TYPE_CHECKING

from fwsim.machine.buffer import Buffer
from fwsim.machine.connection import TEMPLATE, Connection
from fwsim.machine.moment import Moment
from fwsim.machine.project import PROJECT, Sight
from fwsim.machine.tuples import EVERYWHERE, shows_tuple, tuple_of
from fwsim.machine.world import Namespace
from fwsim.model.facts import TrackKey
from fwsim.model.fields import Field
from fwsim.model.pred import Free, OfConnection, Step

if TYPE_CHECKING:
    from random import Random


class View(Sight):
    """Field values by their keys, for one packet at one hook, and the facts that fields do not
    hold (fwsim.model.facts.Facts)."""

    def __init__(self, buffer: Buffer, ns: Namespace, hook: str, moment: Moment) -> None:
        super().__init__(buffer, ns, hook, moment)
        self.memory = moment.memory
        self.rule: Hashable = None
        self.peeking = False
        self.settled: dict[Free, bool | None] = {}

    def __missing__(self, key: str | Field) -> int:
        project = key.project if isinstance(key, Field) else PROJECT[key]
        value = self[key] = project(self)  # type: ignore[misc]  # a field is a key if it projects
        return value

    def still(self) -> View:
        """The view as it is now, whatever becomes of the packet and of what is remembered."""
        buffer, found = copy(self.buffer), self.buffer.found
        if found is not None and found.connection is not None:
            buffer.found = found._replace(connection=found.connection.twin())
        moment = self.moment._replace(
            memory=dict(self.memory),
            tracker=self.moment.tracker.fork(),
            chance=copy(self.moment.chance),
        )
        view = View(buffer, self.ns, self.hook, moment)
        view.update(self)
        return view

    # -- facts that have memory, or that nobody knows --------------------------------------------

    def visit(self, rule: Hashable) -> None:
        """The next rule is asked now; what it remembers stands under its key."""
        self.rule, self.peeking = rule, False
        self.settled.clear()

    def peek(self) -> None:
        """From now on answers change no memory: somebody only wants to explain them."""
        self.peeking = True

    def ask(self, test: Callable[[View], bool | None]) -> bool | None:
        """A rule's answer where it asks for such facts. What nobody knows is settled by the script
        first, without touching any memory; only then is the rule asked as the kernel asks."""
        self.peek()
        known: dict[Free, bool | None] = {}
        while test(self) is None:
            free = self.unknown()[0]
            answer = self.moment.script.settle(free)
            if answer is None:
                return None
            self.settled[free] = known[free] = answer
        self.settled, self.peeking = known, False
        return test(self)

    def settle(self, free: Free) -> bool | None:
        """The answer to a fact, the same as often as this rule is asked; None: nobody knows."""
        if free not in self.settled:
            self.settled[free] = self._answer(free)
        return self.settled[free]

    def take(self) -> None:
        """Whatever its frame was addressed to, the packet counts as one to the host."""
        self.buffer.taken = True
        self.clear()

    def decide(self, free: Free) -> bool | None:
        """The answer to a fact that an action asks for; the script settles what nobody knows."""
        answer = self.settle(free)
        if answer is None:
            answer = self.settled[free] = self.moment.script.settle(free)
        return answer

    def unknown(self) -> list[Free]:
        """The facts that this rule asked for and nobody knows."""
        return [free for free, answer in self.settled.items() if answer is None]

    def _answer(self, free: Free) -> bool | None:
        answer = self.moment.assumed(free.name)
        if answer is None and free.step is not None:
            if isinstance(free.scope, OfConnection):
                return self._of_connection(free.step, free.scope.name)
            key = self.place(free.scope, free.nth)
            answer, memory = free.step(self, self.memory.get(key))
            if not self.peeking:
                self.memory[key] = memory
        return answer

    def _of_connection(self, step: Step, name: str) -> bool | None:
        """The answer of a fact that the packet's connection remembers."""
        if self.connection is None:
            return None
        answer, memory = step(self, getattr(self.connection, name))
        if not self.peeking:
            setattr(self.connection, name, memory)
            self.clear()
        return answer

    def place(self, scope: Hashable, nth: int = 0) -> Hashable:
        """Where the memory of a scope is kept."""
        return (self.rule, nth) if scope is None else scope

    @property
    def epoch(self) -> float | None:
        """The Unix time of now, if anybody told."""
        begin = self.moment.given.epoch
        return None if begin is None else begin + self.now

    @property
    def chance(self) -> Random | None:
        """The seeded generator, where coins are to be thrown."""
        return None if self.moment.given.seed is None else self.moment.chance.generator

    def sysctl(self, name: str, default: int = 0) -> int:
        """A setting of the host as a number."""
        return self.ns.number(name, default)

    @property
    def track_key(self) -> TrackKey | None:
        """What its connection is known by, or would be; None where it shows no tuple."""
        own = self.connection
        if own is not None and not own.status & TEMPLATE:
            return TrackKey(own.original, own.zone)
        shown = tuple_of(self.packet) if shows_tuple(self.packet) else None
        return TrackKey(shown, own.zone if own else EVERYWHERE) if shown else None

    def alive(self, key: TrackKey) -> Connection | None:
        """The confirmed connection of that key, if there is one."""
        found = self.moment.tracker.lookup(key.tuple, self.now, key.zone)
        return found[0] if found else None
