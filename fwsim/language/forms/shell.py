"""A shell script into a tree of commands: lists, pipes, loops, branches (POSIX, 2.9 and 2.10, with
what scripts of iptables commands use of bash). Nothing is carried out here.
"""

from __future__ import annotations

from collections.abc import Iterator

from fwsim.language.forms.shell_tree import (
    AndOr,
    Block,
    For,
    Group,
    If,
    Node,
    Pipe,
    Redirect,
    Simple,
)
from fwsim.language.forms.shell_words import Heredoc, Lexer, Part, ShellWord, Token
from fwsim.model.errors import ReadError, Source, Span

MOST_NESTED = 40
_MOST_WORDS = 100_000
_CLOSERS = {"then", "elif", "else", "fi", "do", "done", "esac", "}"}


def parse(source: Source, text: str) -> Iterator[Node]:
    """The commands of a script, one by one; `text` is the source's own or the same with blanks in
    some places. Raises ReadError where it is no shell."""
    parser = _Parser(Lexer(source, text))
    ready = []
    while node := parser.next():
        parser.words = 0
        ready.append(node)
        if not parser.lexer.here:  # else a here-document of it is still to come
            yield from ready
            ready.clear()
    token = parser.lexer.peek()
    if token.kind != "end":
        raise parser.unexpected(token)
    parser.lexer.finish()


class _Parser:
    def __init__(self, lexer: Lexer) -> None:
        self.lexer = lexer
        self.depth = 0
        self.words = 0

    def unexpected(self, token: Token, expected: str = "") -> ReadError:
        what = {"\n": "the line ends here", "": "this is too much"}.get(
            token.text, f"{token.text} is too much here"
        )
        if token.kind == "end":
            what = "the script ends here"
        return ReadError(f"{what}{f': expected {expected}' if expected else ''}", span=token.span)

    # lists

    def sequence(self) -> list[Node]:
        """Commands up to what closes the list, which stays."""
        nodes = []
        while node := self.next():
            nodes.append(node)
        return nodes

    def next(self) -> Node | None:
        """The next command of a list; None at its end."""
        self._skip(";", "\n", "&")
        token = self.lexer.peek()
        if token.kind == "end" or token.text in _CLOSERS or self._is(")", ";;", ";&", ";;&"):
            return None
        node = self._and_or()
        if self.lexer.here:
            self._skip("\n")
        return node

    def _and_or(self) -> Node:
        first = self._pipe()
        rest: list[tuple[str, Pipe]] = []
        while self._is("&&", "||"):
            sign = self.lexer.take().text
            self._skip("\n")
            rest.append((sign, self._pipe()))
        return AndOr(first, rest) if rest else first

    def _pipe(self) -> Pipe:
        start = self.lexer.peek()
        negated = False
        while self._word("!") or self._word("time"):
            negated ^= self.lexer.take().text == "!"
        parts = [self._command()]
        while self._is("|", "|&"):
            self.lexer.take()
            self._skip("\n")
            parts.append(self._command())
        return Pipe(parts, negated, start.span)

    # commands

    def _command(self) -> Node:
        token = self.lexer.peek()
        self.depth += 1
        if self.depth > MOST_NESTED:
            raise ReadError(f"nested more than {MOST_NESTED} deep", span=token.span)
        compound = getattr(self, f"_read_{_COMPOUND.get(token.text, '')}", None)
        node = compound() if compound else self._simple()
        self.depth -= 1
        if compound:
            while self.lexer.peek().kind == "redirect":
                self._redirect()
        return node

    def _simple(self) -> Node:
        words: list[ShellWord] = []
        redirects: list[Redirect] = []
        first = last = self.lexer.peek().span
        while True:
            token = self.lexer.peek()
            if token.kind == "redirect":
                redirects.append(self._redirect())
                last = redirects[-1].word.span
            elif token.kind == "word":
                words.append(self._take_word())
                last = words[-1].span
                self._array(words)
            elif self._is("(") and len(words) == 1 and not redirects:
                return self._function(words[0].literal, first)
            else:
                break
        if not words and not redirects:
            raise self.unexpected(token, "a command")
        return Simple(words, redirects, self.lexer.span(first.start, last.end))

    def _array(self, words: list[ShellWord]) -> None:
        """bash's `NAME=(…)`: a value that is not followed."""
        before, token = words[-1], self.lexer.peek()
        if before.literal.endswith("=") and self._is("(") and token.span.start == before.span.end:
            end = self._past_parenthesis(token)
            unknown = Part("unknown", "", False, self.lexer.span(token.span.start, end))
            words[-1] = ShellWord((*before.parts, unknown), self.lexer.span(before.span.start, end))

    def _past_parenthesis(self, token: Token) -> int:
        self.lexer.take()
        self.lexer.at = self.lexer.balanced(token.span.start)
        return self.lexer.at

    def _redirect(self) -> Redirect:
        operator = self.lexer.take().text
        word = self._take_word()
        body = None
        if operator.lstrip("0123456789") in ("<<", "<<-"):
            body = Heredoc(word, tabs=operator.endswith("-"))
            self.lexer.here.append(body)
        return Redirect(operator, word, body)

    def _function(self, name: str, span: Span) -> Node:
        self.lexer.take()
        if not self._is(")") or not name:
            raise self.unexpected(self.lexer.peek(), ")")
        self.lexer.take()
        self._skip("\n")
        return Block("function", name, [self._command()], span)

    # compound commands

    def _read_function(self) -> Node:
        span = self.lexer.take().span
        name = self._take_word().literal
        if self._is("("):
            return self._function(name, span)
        self._skip("\n")
        return Block("function", name, [self._command()], span)

    def _read_group(self) -> Node:
        opened = self.lexer.take()
        body = self.sequence()
        self._expect("}", opened)
        return Group(body, subshell=False)

    def _read_subshell(self) -> Node:
        opened = self.lexer.take()
        if self.lexer.text.startswith("(", opened.span.end):
            self.lexer.at = self.lexer.balanced(opened.span.start)
            return Block("((", "", [], opened.span)
        body = self.sequence()
        if not self._is(")"):
            raise self.unexpected(self.lexer.peek(), "the ) of a subshell")
        self.lexer.take()
        return Group(body, subshell=True)

    def _read_test(self) -> Node:
        opened = self.lexer.take()
        end = self.lexer.text.find("]]", opened.span.end)
        if end < 0:
            raise self.unexpected(opened, "]]")
        self.lexer.at = end + 2
        return Block("[[", "", [], opened.span)

    def _read_if(self) -> Node:
        opened = self.lexer.take()
        branches = []
        while True:
            condition = self.sequence()
            self._expect("then", opened)
            branches.append((condition, self.sequence()))
            if not self._word("elif"):
                break
            self.lexer.take()
        otherwise: list[Node] = []
        if self._word("else"):
            self.lexer.take()
            otherwise = self.sequence()
        self._expect("fi", opened)
        return If(branches, otherwise, opened.span)

    def _read_loop(self) -> Node:
        opened = self.lexer.take()
        body = self.sequence()
        self._expect("do", opened)
        body += self.sequence()
        self._expect("done", opened)
        return Block(opened.text, "", body, opened.span)

    def _read_for(self) -> Node:
        opened = self.lexer.take()
        words: list[ShellWord] | None = None
        name = ""
        if self._is("("):
            self._past_parenthesis(self.lexer.peek())
        else:
            name = self._take_word().literal
            self._skip("\n")
            if self._word("in"):
                self.lexer.take()
                words = []
                while self.lexer.peek().kind == "word":
                    words.append(self._take_word())
        self._skip(";", "\n")
        self._expect("do", opened)
        body = self.sequence()
        self._expect("done", opened)
        return For(name, words, body, opened.span)

    def _read_case(self) -> Node:
        opened = self.lexer.take()
        self._take_word()
        self._skip("\n")
        self._expect("in", opened)
        body: list[Node] = []
        self._skip("\n")
        while not self._word("esac"):
            while not self._is(")"):
                if self.lexer.peek().kind == "end":
                    raise self.unexpected(self.lexer.peek(), "esac")
                self.lexer.take()
            self.lexer.take()
            body += self.sequence()
            self._skip(";;", ";&", ";;&", "\n")
        self._expect("esac", opened)
        return Block("case", "", body, opened.span)

    # tokens

    def _is(self, *operators: str) -> bool:
        token = self.lexer.peek()
        return token.kind == "operator" and token.text in operators

    def _word(self, word: str) -> bool:
        token = self.lexer.peek()
        return token.kind == "word" and token.text == word

    def _skip(self, *operators: str) -> None:
        while self._is(*operators):
            self.lexer.take()

    def _take_word(self) -> ShellWord:
        token = self.lexer.take()
        if token.word is None:
            raise self.unexpected(token, "a word")
        self.words += 1
        if self.words > _MOST_WORDS:
            raise ReadError(f"more than {_MOST_WORDS} words in one command", span=token.span)
        return token.word

    def _expect(self, word: str, opened: Token) -> None:
        if not self._word(word):
            line = opened.span.line
            raise self.unexpected(
                self.lexer.peek(), f"the `{word}` of the `{opened.text}` in line {line}"
            )
        self.lexer.take()


_COMPOUND = {
    "if": "if", "while": "loop", "until": "loop", "for": "for", "case": "case", "{": "group",
    "(": "subshell", "function": "function", "[[": "test",
}  # fmt: skip
