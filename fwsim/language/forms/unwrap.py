"""The commands of a text in which people give a script: what is around them becomes blanks, so that
every command stays in its place."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fwsim.language.forms.lines import Line, after_prompt, is_fence, lines
from fwsim.model.errors import ReadError, Source, Span
from fwsim.model.tuples import NamedTuple

_COMMAND = re.compile(
    r"(?:sudo\s+|if\s+!?\s*)?[\"']?(?:(?:/\S*/)?ip6?tables(?:-legacy|-nft)?(?:-restore)?|"
    r"\$\{?[A-Za-z_]\w*\}?)[\"']?\s+[-<$\"\\]"
)
_QUOTED = re.compile(rf"^[ \t]*+>[> \t]*+(?:[$#] )?{_COMMAND.pattern}", re.M)
_SEEN = re.compile(r"[^\n]")
# A shell's line that decides about the next or the last ones.
_DECIDES = re.compile(
    r"(?:\b(?:then|do|else|in)|[{|\\]|&&|^[^\s(]+\)|^[\w-]+[ \t]*\(\))[ \t]*(?:#.*)?$"
    r"|^(?:fi|done|esac|\}|;;)(?![\w.,'-])"
)


class Unwrapped(NamedTuple):
    """A text with blanks in place of what is no command, and the lines that went so."""

    text: str
    passed: list[Line]


def unwrapped(source: Source) -> Unwrapped:
    """The text without what is no command: quoting, prompts, what stands outside fences, or less
    indented than the commands.

    ReadError for a script file with CR LF, of which a shell would make something else."""
    text = source.text
    if text.startswith("#!"):
        at = text.find("\r\n")
        if at >= 0:
            raise ReadError(
                "this line ends in CR LF, as Windows writes it; a shell takes the CR for a part of "
                "the last word",
                span=Span(source, at, at + 1),
                hint="Convert it first: `sed -i 's/\\r$//' FILE`.",
            )
        return Unwrapped(text, [])
    pieces = []
    at = 0
    for start, end in _kept(text):
        pieces += [_SEEN.sub(" ", text[at:start]), text[start:end]]
        at = end
    left = "".join([*pieces, _SEEN.sub(" ", text[at:])])
    return Unwrapped(left, [line for line in lines(text) if _is_lost(text, left, line)])


def _is_lost(text: str, left: str, line: Line) -> bool:
    if left[line.start : line.end].strip(" ") or is_fence(text[line.start : line.end]):
        return False
    return line.start + _prompt(text, line) < line.end


def _kept(text: str) -> Iterator[tuple[int, int]]:
    quoted = _QUOTED.search(text) is not None
    every = [
        line if quoted else line._replace(start=_raw_start(text, line)) for line in lines(text)
    ]
    for block in _blocks(text, every):
        yield from _typed(text, block)


def _raw_start(text: str, line: Line) -> int:
    """Where a line begins if a `>` before it is its own."""
    start = text.rfind("\n", 0, line.start) + 1
    while start < line.start and text[start] in " \t":
        start += 1
    return start


def _is_command(text: str, line: Line) -> bool:
    return _COMMAND.match(text, line.start, line.end) is not None


def _blocks(text: str, every: list[Line]) -> list[list[Line]]:
    """The stretches that hold commands: what is fenced, or indented; else everything."""
    fenced = [block for block in _fenced(text, every) if any(_has(text, line) for line in block)]
    if fenced:
        return fenced
    commands = [line for line in every if _is_command(text, line)]
    indent = min((line.indent for line in commands), default=0)
    tabbed = commands and all(text[line.start - 1 : line.start] == "\t" for line in commands)
    apart = min(indent, 4) if indent >= 4 or tabbed else 0
    if any(line.indent < apart and _DECIDES.search(text[line.start : line.end]) for line in every):
        return [every]  # those commands are indented since they are within something
    return [[line for line in every if line.indent >= apart]]


def _has(text: str, line: Line) -> bool:
    start = line.start + after_prompt(text[line.start : line.end])
    return _COMMAND.match(text, start, line.end) is not None


def _fenced(text: str, every: list[Line]) -> Iterator[list[Line]]:
    block: list[Line] | None = None
    for line in every:
        if is_fence(text[line.start : line.end]):
            if block is not None:
                yield block
            block = [] if block is None else None
        elif block is not None:
            block.append(line)
    if block is not None:
        yield block


def _typed(text: str, block: list[Line]) -> Iterator[tuple[int, int]]:
    """What was typed: where commands stand behind prompts, those alone, with the lines that
    continue them."""
    prompted = [line for line in block if _prompt(text, line) and _has(text, line)]
    if any(text[line.start] != "#" for line in prompted):
        pass
    elif any(_is_command(text, line) for line in block):
        prompted = []  # then `# iptables …` is a comment
    if not prompted:
        yield from ((line.start, line.end) for line in block)
        return
    goes_on = False
    for line in block:
        prompt = _prompt(text, line)
        if prompt or goes_on:
            yield line.start + prompt, line.end
        goes_on = bool(prompt or goes_on) and text[line.end - 1 : line.end] == "\\"


def _prompt(text: str, line: Line) -> int:
    return after_prompt(text[line.start : line.end])
