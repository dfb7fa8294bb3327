"""What explanation and prose share: negation is pushed down to the atoms (De Morgan), so that
both speak only of atoms, wanted or unwanted, of "all of these" and of "one of these"."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from fwsim.model.pred import Free, In

R = TypeVar("R")
Signed = Callable[[bool], R]  # asked with False, it reads the negation


class SignedAlgebra(ABC, Generic[R]):
    """An algebra over `fold` that is told of atoms together with their sign.
    `fold(pred, algebra)(True)` is the reading of `pred`."""

    @abstractmethod
    def atom(self, atom: In | Free, wanted: bool) -> R:
        """Read one atom, or its negation if it is not wanted."""

    @abstractmethod
    def every(self, parts: list[R]) -> R:
        """All of these hold."""

    @abstractmethod
    def some(self, parts: list[R]) -> R:
        """One of these holds."""

    def inside(self, atom: In) -> Signed[R]:
        """The atom, of either sign."""
        return lambda wanted: self.atom(atom, wanted)

    def free(self, atom: Free) -> Signed[R]:
        """The fact, of either sign."""
        return lambda wanted: self.atom(atom, wanted)

    def negate(self, value: Signed[R]) -> Signed[R]:
        """The other sign."""
        return lambda wanted: value(not wanted)

    def all_of(self, values: Iterator[Signed[R]]) -> Signed[R]:
        """Every part; negated, some negated part."""
        return self._combine(list(values), self.every, self.some)

    def any_of(self, values: Iterator[Signed[R]]) -> Signed[R]:
        """Some part; negated, every negated part."""
        return self._combine(list(values), self.some, self.every)

    def _combine(
        self, parts: list[Signed[R]], yes: Callable[[list[R]], R], no: Callable[[list[R]], R]
    ) -> Signed[R]:
        return lambda wanted: (yes if wanted else no)([part(wanted) for part in parts])
