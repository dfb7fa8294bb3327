"""What a shell script consists of."""

from __future__ import annotations

from fwsim.language.forms.shell_words import Heredoc, ShellWord
from fwsim.model.errors import Span
from fwsim.model.tuples import NamedTuple


class Redirect(NamedTuple):
    """`> file`, `2>&1`, `<<EOF`; `body` is the here-document."""

    operator: str
    word: ShellWord
    body: Heredoc | None


class Simple(NamedTuple):
    """One command, assignments before it included."""

    words: list[ShellWord]
    redirects: list[Redirect]
    span: Span


class Pipe(NamedTuple):
    """Commands joined by `|`; a single one is a pipe too."""

    parts: list[Node]
    negated: bool
    span: Span


class AndOr(NamedTuple):
    """Pipes joined by && and ||: the first, then each with the sign before it."""

    first: Pipe
    rest: list[tuple[str, Pipe]]


class For(NamedTuple):
    """`for name in words; do body; done`; `words` is None where they are not written out."""

    name: str
    words: list[ShellWord] | None
    body: list[Node]
    span: Span


class If(NamedTuple):
    """Branches, each a condition and what is done then; `otherwise` is the else."""

    branches: list[tuple[list[Node], list[Node]]]
    otherwise: list[Node]
    span: Span


class Group(NamedTuple):
    """`{ …; }`, or a subshell `( … )`."""

    body: list[Node]
    subshell: bool


class Block(NamedTuple):
    """What may be done once, often or never: while, until, case, or a function called `name`."""

    kind: str
    name: str
    body: list[Node]
    span: Span


Node = Simple | Pipe | AndOr | For | If | Group | Block
