"""Kinds of answers, read from whatever a learner hands over. Only plain values are looked at, so
that nothing of the learner's own runs here, but for a function where one is asked for."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any

from fwsim.lessons.exercise import Kind, Wrong
from fwsim.model.names import address_text, address_value, family_of

_MOST, _LONGEST, _DEEPEST = 100, 2000, 3
_PROGRAMS = ("iptables", "ip6tables")
_PROMPTS = ("$ ", "# ")
_APPENDS = ("-A", "-I", "--append", "--insert")
_TARGETS = ("-j", "--jump", "-g", "--goto")
_CAPITALS = {"ACCEPT", "DROP", "REJECT", "RETURN", "FORWARD", "INPUT", "OUTPUT", "MASQUERADE"}
_APART = str.maketrans(",;→", "   ")


def _commands(answer: object) -> tuple[str, ...]:
    """iptables commands, from texts or one text of lines; comments, prompts and sudo left out."""
    texts = [answer] if type(answer) is str else _list(answer, "answer.commands")
    found = [command for text in texts for command in map(_command, _lines(text)) if command]
    if not found:
        raise Wrong("answer.no_commands")
    if len(found) > _MOST:
        raise Wrong("answer.too_much")
    return tuple(found)


def _lines(text: object) -> list[str]:
    if type(text) is not str:
        raise Wrong("answer.commands")
    if len(text) > _MOST * _LONGEST or any(len(line) > _LONGEST for line in text.splitlines()):
        raise Wrong("answer.too_much")
    return text.splitlines()


def _command(line: str) -> str:
    line = line.strip()
    for prompt in _PROMPTS:
        bare = line.removeprefix(prompt).strip()
        if bare.startswith(("sudo ", *_PROGRAMS)):
            line = bare
    line = line.removeprefix("sudo ").strip()
    if not line or line.startswith("#"):
        return ""
    if line.startswith("-"):
        raise Wrong("answer.no_program", line=line)
    if line.split()[0] not in _PROGRAMS:
        raise Wrong("answer.other_program", line=line)
    _look_at(line.split(), line)
    return line


def _look_at(words: list[str], line: str) -> None:
    """What iptables takes, or refuses in its own words, and beginners do not mean: names that are
    written in capitals, and a rule that does nothing."""
    for word in words:
        if word.upper() in _CAPITALS and word not in _CAPITALS:
            raise Wrong("answer.capitals", word=word, meant=word.upper())
    if any(word in _APPENDS for word in words) and not any(word in _TARGETS for word in words):
        raise Wrong("answer.no_target", line=line)


def _packet(answer: object) -> dict[str, Any]:
    """A PACKET: an object of plain members."""
    if type(answer) is not dict or not _is_plain(answer, _DEEPEST):
        raise Wrong("answer.packet")
    for member in ("src", "dst"):
        if member not in answer:
            raise Wrong("answer.packet_without", member=member)
    return answer


def _is_plain(value: object, deep: int) -> bool:
    """A value such as JSON has, small and not deep."""
    if type(value) is str:
        return len(value) <= _LONGEST
    if type(value) is dict:
        return _is_plain([*value], 1) and _is_plain([*value.values()], deep)
    if type(value) is list:
        return deep > 0 and len(value) <= _MOST and all(_is_plain(v, deep - 1) for v in value)
    return type(value) in (int, float, bool, type(None))


def _number(answer: object) -> int:
    """A whole number, also as text."""
    if type(answer) is int and abs(answer) < 10**9:
        return answer
    text = answer.strip() if type(answer) is str else ""
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise Wrong("answer.number")
    return int(text)


def _names(answer: object) -> tuple[str, ...]:
    """Names, from texts, or from one text in which commas, arrows or blanks part them."""
    if type(answer) is str:
        answer = _split(answer)
    names = _list(answer, "answer.names")
    if not names or any(type(name) is not str for name in names):
        raise Wrong("answer.names")
    return tuple(str(name).strip()[:_LONGEST] for name in names)


def _split(text: str) -> list[str]:
    return text[:_LONGEST].replace("->", " ").translate(_APART).split()


def _ports(answer: object) -> tuple[int, ...]:
    """Port numbers, each once, from numbers or texts, or from one text."""
    if type(answer) is str or type(answer) is int:
        answer = _split(str(answer)) if type(answer) is str else [answer]
    found = {_number(port) for port in _list(answer, "answer.ports")}
    if not found:
        raise Wrong("answer.ports")
    return tuple(sorted(found))


def _list(answer: object, key: str) -> list[object]:
    if type(answer) is list or type(answer) is tuple:
        if len(answer) <= _MOST:
            return [*answer]
        raise Wrong("answer.too_much")
    raise Wrong(key)


def _address(answer: object) -> str:
    """An address as it is usually written."""
    text = answer[:_LONGEST].strip() if type(answer) is str else ""
    family = family_of(text)
    if family is None:
        raise Wrong("answer.address")
    return address_text(address_value(text, family), 32 if family == 4 else 128)


def choice(*words: str) -> Kind:
    """One of these words, in any case."""
    by_case = {word.casefold(): word for word in words}
    facts = {"choices": ", ".join(f'"{word}"' for word in words)}

    def read(answer: object) -> str:
        text = answer[:_LONGEST].strip(" .!\t\n") if type(answer) is str else ""
        found = by_case.get(text.casefold())
        if found is None:
            raise Wrong("answer.choice", **facts)
        return found

    return Kind("choice", read, facts)


def _function(answer: object) -> Callable[..., Any]:
    """A function that a learner wrote: the one answer that is run."""
    if not isinstance(answer, FunctionType):
        raise Wrong("answer.function")
    return answer


COMMANDS = Kind("commands", _commands)
PACKET = Kind("packet", _packet)
NUMBER = Kind("number", _number)
NAMES = Kind("names", _names)
PORTS = Kind("ports", _ports)
ADDRESS = Kind("address", _address)
FUNCTION = Kind("function", _function)
