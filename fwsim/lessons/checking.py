"""`check`: whether an answer is right, and what is wrong with it."""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from html import escape
from importlib import import_module

from fwsim.lessons.exercise import Exercise, Facts, Wrong
from fwsim.lessons.words import knows, say
from fwsim.model.errors import FwsimError, ReadError, harmless
from fwsim.model.frozen import Frozen

LESSONS = range(1, 9)
_SIGNS = {True: ("✓", "#1a7f37"), False: ("✗", "#b35900"), None: ("…", "#6e7781")}
_EVIDENCE = ' style="font-family:monospace;white-space:pre-wrap"'


class Checked(Frozen):
    """What became of an answer. `right` is None where there was none yet; truth is whether it is
    right."""

    exercise: str
    right: bool | None
    text: str

    def __bool__(self) -> bool:
        """The answer is right."""
        return self.right is True

    def __repr__(self) -> str:
        return f"{_SIGNS[self.right][0]} {self.exercise}  {self.text}"

    def _repr_html_(self) -> str:
        sign, colour = _SIGNS[self.right]
        head, *rest = self.text.split("\n")
        more = f"<pre{_EVIDENCE}>{escape(chr(10).join(rest))}</pre>" if rest else ""
        return (
            f'<div style="border-left:4px solid {colour};padding:.3em .8em">'
            f'<b style="color:{colour}">{sign} {escape(self.exercise)}</b> '
            f"{escape(head)}{more}</div>"
        )


def check(exercise: str, answer: object = ...) -> Checked:
    """Whether an answer to an exercise, such as "4.2", is right; where it is not, why. What is no
    answer at all is told so in words, never by an exception."""
    number = str(exercise) if type(exercise) in (str, float) else ""
    task = exercises().get(number)
    if task is None:
        return Checked(*_unknown(number))
    if answer is ... or answer is None:
        wanted = say(f"wanted.{task.kind.name}", **task.kind.facts)
        return Checked(number, None, say("check.unanswered", wanted=wanted))
    return Checked(number, *_judged(number, task, answer))


def _judged(number: str, task: Exercise, answer: object) -> tuple[bool, str]:
    try:
        facts = task.judge(task.kind.read(answer)) or {}
    except Wrong as wrong:
        return False, _text(number, wrong.key, wrong.facts)
    except FwsimError as error:
        key = "check.command" if isinstance(error, ReadError) else "check.question"
        return False, say(key, why=str(error))
    return True, _text(number, "right", facts)


def _text(number: str, key: str, facts: Facts) -> str:
    """An exercise's own words, or those for all."""
    own = f"lesson{number}.{key}"
    shown = {name: harmless(str(value)) for name, value in facts.items()}
    return say(own if knows(own) else key, **shown)


def _unknown(number: str) -> tuple[str, bool, str]:
    names = list(exercises())
    near = get_close_matches(number, names, 1) if len(number) < 20 else []
    return harmless(number[:20]) or "?", False, say("check.unknown", names=", ".join(near or names))


@cache
def exercises() -> dict[str, Exercise]:
    """All exercises by their numbers, in the order of the course."""
    found: dict[str, Exercise] = {}
    for lesson in LESSONS:
        found |= import_module(f"fwsim.lessons.lesson{lesson}").EXERCISES
    return found
