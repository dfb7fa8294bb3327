"""All connections that helpers expect (net/netfilter/nf_conntrack_expect.c)."""

from __future__ import annotations

from collections.abc import Mapping

from fwsim.machine.connection import CONFIRMED, Connection, Expectation
from fwsim.machine.tuples import Tuple, Zone

SECONDS = 300.0  # ftp's, tftp's and irc's alike


class Expected:
    """All expectations, the newest first."""

    def __init__(self, there: tuple[Expectation, ...] = ()) -> None:
        self.there = there

    def fork(self, copies: Mapping[int, Connection]) -> Expected:
        """A copy; `copies` are those of the masters, by the id of the original."""
        return Expected(tuple(
            one._replace(master=copies[id(one.master)])
            for one in self.there
            if id(one.master) in copies
        ))  # fmt: skip

    def take(self, key: Tuple, zone: Zone, now: float) -> Expectation | None:
        """The expectation that a new connection fulfils; it is used up."""
        for one in self.there:
            known = one.expires > now and one.master.status & CONFIRMED
            if known and one.fits(key) and one.master.zone == zone:
                self.there = tuple(other for other in self.there if other is not one)
                return one
        return None

    def add(self, new: Expectation, most: int, now: float) -> bool:
        """Expect it from now on; False if another connection's helper expects the like. One master
        has at most so many expectations: the oldest gives way."""
        there = [one for one in self.there if one.expires > now]
        others = [one for one in there if one.key != new.key or one.master is not new.master]
        if any(one.clashes(new) for one in others):
            return False
        own = [one for one in others if one.master is new.master]
        old = own[most - 1 :][-1:]
        kept = (one for one in others if one not in old)
        self.there = (new._replace(expires=now + SECONDS), *kept)
        return True

    def drop(self, master: Connection) -> None:
        """The master is no more: neither is what it expected."""
        if self.there:
            self.there = tuple(one for one in self.there if one.master is not master)
