"""What a policy says, line by line, before any place is asked."""

from __future__ import annotations

from fwsim.model.errors import Span
from fwsim.model.tuples import NamedTuple

ANYWHERE, INTERNET = "anywhere", "internet"
MUST, MUST_NOT, ISOLATED, UNCHANGED = KINDS = ("must", "must_not", "isolated", "unchanged_since")


class End(NamedTuple):
    """Who sends or receives, in the policy's words: a name, an address, a network."""

    text: str
    span: Span | None = None

    @property
    def wide(self) -> bool:
        """It stands for more than one machine, whatever the place."""
        return "/" in self.text or self.text in (ANYWHERE, INTERNET)


class Said(NamedTuple):
    """A text of the policy, and where it stands."""

    text: str
    span: Span | None = None


class Line(NamedTuple):
    """One demand. `sources` and `targets` are empty for anybody, `protos` for any protocol, `ports`
    for any port; `but` are sources that it does not speak of; `sides` are those that
    `isolated` keeps apart, `place` is the old place of `unchanged_since`. `who` and `whom` are
    the ends in the policy's own words."""

    kind: str
    sources: tuple[End, ...] = ()
    targets: tuple[End, ...] = ()
    but: tuple[End, ...] = ()
    sides: tuple[tuple[End, ...], ...] = ()
    protos: tuple[Said, ...] = ()
    ports: tuple[Said, ...] = ()
    in_: Said | None = None
    place: Said | None = None
    why: str = ""
    who: str = ""
    whom: str = ""
    span: Span | None = None

    @property
    def number(self) -> int:
        """Its line in the file; 0 if it was not read from one."""
        return self.span.line if self.span else 0


class Policy(NamedTuple):
    """All demands, in the order of the file `name`; `place` is where its rules come from, by the
    policy's own word ("" if it says nothing)."""

    name: str
    lines: tuple[Line, ...]
    place: str = ""
    groups: tuple[str, ...] = ()
