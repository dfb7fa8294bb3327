"""A script of iptables commands, followed without running anything: commands that change rules are
carried out as iptables would, others are passed over and said. What may decide whether a rule is
made, and cannot be followed, is an error that names it.
"""

from __future__ import annotations

from collections.abc import Iterable

from fwsim.language.forms.lines import changes, said_of_other
from fwsim.language.forms.pasted import Pasted
from fwsim.language.forms.script_commands import Commands
from fwsim.language.forms.shell import parse
from fwsim.language.forms.shell_tree import AndOr, Block, For, Group, If, Node, Pipe, Simple
from fwsim.language.forms.shell_values import Unknown
from fwsim.language.forms.shell_words import ShellWord
from fwsim.language.forms.unwrap import unwrapped
from fwsim.model.errors import ReadError, Source

_MOST_STEPS = 50_000  # of loops; what stands outside them is bounded by the text itself


def read_script(source: Source) -> Pasted:
    """The rules that the script leaves on a host that had none. Raises ReadError at what is wrong
    or cannot be followed."""
    text, passed = unwrapped(source)
    script = _Script(Commands(source, text))
    for node in parse(source, text):
        script.do(node)
        if script.commands.over:
            break
    pasted = script.commands.host.finish()
    if not passed:
        return pasted
    change = next((line for line in passed if changes(source.text[line.start : line.end])), None)
    other = said_of_other(source, len(passed), passed[0], change)
    return pasted._replace(notes=(*pasted.notes, *other))


class _Script:
    """What follows each kind of node says whether it succeeds, or None where nobody knows."""

    def __init__(self, commands: Commands) -> None:
        self.commands = commands
        self.steps = 0

    def do(self, node: Node) -> bool | None:
        if self.commands.over:
            return None
        if isinstance(node, Simple):
            return self.commands.run(node)
        follow = getattr(self, f"_{type(node).__name__.lower()}")
        status: bool | None = follow(node)
        return status

    def _all(self, nodes: Iterable[Node]) -> bool | None:
        status: bool | None = True
        for node in nodes:
            status = self.do(node)
        return status

    def _asked(self, nodes: Iterable[Node]) -> bool | None:
        """The same where the script looks at what comes of it: `set -e` leaves that alone."""
        strict, self.commands.strict = self.commands.strict, False
        status = self._all(nodes)
        self.commands.strict = strict
        return status

    def _pipe(self, node: Pipe) -> bool | None:
        if len(node.parts) == 1:
            status = self._asked(node.parts) if node.negated else self.do(node.parts[0])
        else:
            status = self.commands.restored_from(node.parts)
            if status is None:
                with self.commands.doubt("this pipe", node.span):
                    self._all(node.parts)
        return not status if node.negated and status is not None else status

    def _andor(self, node: AndOr) -> bool | None:
        status = self._asked([node.first])
        before = node.first
        for sign, pipe in node.rest:
            if status is None:
                with self.commands.doubt("whether this succeeds", before.span):
                    self.do(pipe)
            elif status == (sign == "&&"):
                status = self._asked([pipe])
            before = pipe
        return status

    def _for(self, node: For) -> bool | None:
        commands, words = self.commands, node.words or []
        unknown = next(filter(None, map(commands.values.unknown, words)), None)
        if node.words is None or any(map(_is_glob, words)):
            unknown = Unknown("it stands for files or arguments that nobody told", node.span)
        if unknown is not None:
            with commands.doubt("this loop", node.span):
                commands.values.known[node.name] = unknown
                return self._all(node.body)
        status: bool | None = True
        for value in [found.text for word in words for found in commands.values.words(word)]:
            commands.set(node.name, value)
            status = self._all(node.body)
            self.steps += 1 + len(node.body)
            if self.steps > _MOST_STEPS:
                raise ReadError("more rounds than the loops of any script go", span=node.span)
        return status

    def _if(self, node: If) -> bool | None:
        for number, (condition, body) in enumerate(node.branches):
            status = self._asked(condition)
            if status:
                return self._all(body)
            if status is None:
                with self.commands.doubt("this `if`", node.span):
                    self._all(body)
                    for other in node.branches[number + 1 :]:
                        self._all([*other[0], *other[1]])
                    self._all(node.otherwise)
                return None
        return self._all(node.otherwise)

    def _group(self, node: Group) -> bool | None:
        before = dict(self.commands.values.known) if node.subshell else {}
        status = self._all(node.body)
        if node.subshell:
            self.commands.values.known = before
        return status

    def _block(self, node: Block) -> bool | None:
        name = f"the function {node.name}" if node.name else f"this `{node.kind}`"
        with self.commands.doubt(name, node.span):
            self._all(node.body)
        if node.kind == "function":
            self.commands.functions.add(node.name)
        return True if node.kind == "function" else None


def _is_glob(word: ShellWord) -> bool:
    """Which files there are decides what it becomes."""
    texts = (part.text for part in word.parts if part.kind == "text" and not part.quoted)
    return any(char in text for text in texts for char in "*?")
