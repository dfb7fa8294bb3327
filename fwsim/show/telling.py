"""What pages and notebooks tell of an exchange, part by part, as HTML."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any
from xml.etree.ElementTree import Element

from fwsim.machine.world import World
from fwsim.model.trace import Exchange, Leg, Ref
from fwsim.show.branches import branch_lines
from fwsim.show.dump import Dump, Marks, dump_lines, dump_of
from fwsim.show.layout import PAD, Line, plain
from fwsim.show.markup import Child, element
from fwsim.show.path import Path, path_of
from fwsim.show.steps import Stepper
from fwsim.show.text import decision, headline, help_title, nearest_title, notes
from fwsim.show.words import say

Remarks = Iterable[tuple[str, str]]


class Telling:
    """The parts of what there is to tell of one exchange. Arguments as of fwsim.show.text.story;
    `heading` makes the title of a part; with `links` rules lead to their places, by names that are
    the page's own."""

    def __init__(
        self,
        world: World,
        exchange: Exchange,
        help_: Any,
        *,
        remarks: Remarks = (),
        heading: Callable[..., Element] | None = None,
        links: bool = True,
    ) -> None:
        self.world, self.exchange, self.help = world, exchange, help_
        self.decision = decision(exchange)
        self.linked = links
        self.remarks, self.heading = [*remarks], heading or partial(element, "h2")
        self.dumps = [*self._dumps()]

    @property
    def headline(self) -> str:
        """Who asked whom, and what came of it."""
        return plain([headline(self.world, self.exchange)])

    def title(self) -> Element:
        """The headline as a heading."""
        return element("h1", styled(headline(self.world, self.exchange)))

    def path(self) -> Path:
        """What the pictures show."""
        return path_of(self.world, self.exchange, self.decision, self.headline)

    def place(self) -> Iterator[Element]:
        """Where it all comes from, and what of that is damaged."""
        yield element("p", self.world.title, class_="note")
        yield from map(_note, self.world.damage)

    def notes(self) -> Iterator[Element]:
        """What was inferred and assumed."""
        yield from map(_note, (*self.world.notes, *notes(self.exchange, self.remarks)))

    def legs(self) -> Iterator[Element]:
        """Each packet's way."""
        stepper = Stepper(self.world, self.decision, self.href)
        for leg in self.exchange.legs:
            yield element(
                "section", self.heading(self._leg_title(leg), class_=leg.direction),
                stepper.leg(leg), class_="leg",
            )  # fmt: skip

    def _leg_title(self, leg: Leg) -> Child:
        state = say("ctstate", state=leg.ctstate) if leg.ctstate else ""
        name = say(f"direction.{leg.direction}")
        return [name, " ", element("small", state, class_="soft")] if state else name

    def branches(self) -> Iterator[Element]:
        """Each way that it may go."""
        lines = [*branch_lines(self.exchange)]
        if lines:
            yield self.heading(styled(lines[0]))
            yield element("ul", (element("li", styled(line)) for line in lines[1:]))

    def nearest(self) -> Iterator[Element]:
        """The rules that came nearest."""
        near = self.help.nearest if self.help is not None else ()
        if near:
            yield self.heading(nearest_title(self.exchange, near))
            yield element("ul", (self._near(one.ref, one.missed) for one in near), class_="rules")

    def _near(self, ref: Ref, missed: Sequence[str]) -> Element:
        name, href = f"{ref.chain} {ref.rule}", self.href(ref)
        why = say("misses", why=say("semicolon").join(missed))
        link = element("a", element("b", name), href=href) if href else element("b", name)
        code, reason = element("code", ref.text), element("span", why, class_="why miss")
        return element("li", link, " ", code, " ", reason, class_="rule miss")

    def commands(self) -> Iterator[Element]:
        """What would help."""
        if self.help is not None and self.help.commands:
            yield self.heading(help_title(self.exchange, self.help))
            for command in self.help.commands:
                yield element("pre", element("code", command), class_="command")

    # -- the rules' text ------------------------------------------------------------------------

    def rules(self) -> Iterator[Element]:
        """The rules of every host that the packets came by, with what they matched."""
        if self.dumps:
            yield self.heading(say("page.rules"))
        for nth, (host, family, dump, marks) in enumerate(self.dumps):
            key = "page.dump" if dump.name else "page.dump.saved"
            yield element("h3", say(key, host=host, family=family, name=dump.name))
            yield dump_lines(dump, marks, name=partial(self._line, nth))

    def href(self, ref: Ref) -> str:
        """The link to a rule's place; "" if it has none that is shown."""
        for nth, (host, family, dump, marks) in enumerate(self.dumps if self.linked else ()):
            if (host, family) == (ref.host, ref.family):
                line = dump.line(ref)
                shown = line in marks.matched or line in (marks.decided, *marks.near)
                return f"#{self._line(nth, line)}" if line and (shown or dump.is_whole) else ""
        return ""

    def _line(self, nth: int, line: int) -> str | None:
        """The name of a line of the nth text."""
        return f"rules{nth}-{line}" if self.linked else None

    def _dumps(self) -> Iterator[tuple[str, int, Dump, Marks]]:
        refs: dict[tuple[str, int], list[tuple[Ref, bool]]] = {}
        for leg in self.exchange.legs:
            for ref, holds in _asked(leg):
                refs.setdefault((ref.host, ref.family), []).append((ref, holds))
        near = [one.ref for one in self.help.nearest] if self.help is not None else []
        for (host, family), found in refs.items():
            dump = dump_of(self.world.namespaces[host].rulesets[family])
            decided = self.decision.ref
            here = decided is not None and (decided.host, decided.family) == (host, family)
            yield (
                host,
                family,
                dump,
                Marks(
                    {dump.line(ref) for ref, holds in found if holds},
                    dump.line(decided) if here else 0,
                    self.decision.words,
                    {dump.line(ref) for ref in near if (ref.host, ref.family) == (host, family)},
                ),
            )


def _note(text: str) -> Element:
    return element("p", say("note.line"), text, class_="note")


def styled(line: Line) -> Iterator[Child]:
    """A line of the text's, its styles as classes."""
    for text, style in line:
        plain_ = style in ("", PAD)
        yield " " if style == PAD else text if plain_ else element("span", text, class_=style)


def _asked(leg: Leg) -> Iterator[tuple[Ref, bool]]:
    """The rules and policies that a packet came to, and whether they hold."""
    for hop in leg.hops:
        for table in hop.children:
            for step in table.children if table.kind == "table" else ():
                if step.ref is not None and step.kind != "missed":
                    yield step.ref, step.holds is not False
