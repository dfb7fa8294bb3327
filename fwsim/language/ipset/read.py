"""`ipset save` dumps and ipset's commands, as `ipset restore` and the kernel carry them out
(ipset's lib/ipset.c, net/netfilter/ipset/ip_set_core.c)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from fwsim.language.ipset.args import created, entry_of, kind_of
from fwsim.language.ipset.elements import plain_element, read_element
from fwsim.language.ipset.model import PLAIN, Element, Head, IpSet
from fwsim.language.ipset.opened import Opened
from fwsim.language.ipset.options import in_place_of, timed
from fwsim.language.ipset.words import Line, Word, set_name, split, verb_of
from fwsim.model.errors import ReadError, Source


def read_ipset(text: str, source_name: str = "ipset-save") -> Mapping[str, IpSet]:
    """The sets that a dump, or a file of commands for `ipset restore`, makes on a host without
    sets. ReadError with line and caret where ipset would refuse it."""
    sets = Sets({})
    source, start = Source(source_name, text), 0
    for text_line in text.split("\n"):
        if sets.plain(text_line):
            start += len(text_line) + 1
            continue
        line = split(source, start, start + len(text_line))
        if line.words and not line.words[0].text.startswith("#") and text_line != "COMMIT":
            sets.command(line)
        start += len(text_line) + 1
    return sets.frozen()


def apply_ipset(
    sets: Mapping[str, IpSet], command: str, source_name: str = "command"
) -> Mapping[str, IpSet]:
    """The sets after one command, `ipset` before it or not. ReadError where ipset refuses it."""
    changed = Sets(sets)
    line = split(Source(source_name, command), 0, len(command))
    if line.words and line.words[0].text.rpartition("/")[2] == "ipset":
        line = line._replace(words=line.words[1:])
    if line.words:
        changed.command(line)
    return changed.frozen()


class Sets:
    """Sets under change: commands are carried out in order, `frozen` is what they have made."""

    def __init__(self, sets: Mapping[str, IpSet]) -> None:
        self.sets = dict(sets)
        self.open: dict[str, Opened] = {}

    def frozen(self) -> Mapping[str, IpSet]:
        """The sets as they stand."""
        for name, opened in self.open.items():
            self.sets[name] = opened.closed()
        self.open = {}
        return MappingProxyType(dict(self.sets))

    def opened(self, name: str) -> Opened:
        """A set, to be changed."""
        if name not in self.open:
            self.open[name] = Opened(self.sets[name])
        return self.open[name]

    def plain(self, text: str) -> bool:
        """Add what `add NAME ADDRESS[/LENGTH]` says, and nothing else does: a dump's usual line, of
        which there may be many. False where it is left to `command`."""
        verb, _, rest = text.partition(" ")
        name, _, word = rest.partition(" ")
        if verb != "add" or name not in self.sets:
            return False
        opened = self.opened(name)
        element = plain_element(opened.head, word)
        if element is None or element in opened.members or opened.is_full:
            return False
        opened.put(element, PLAIN)
        return True

    def command(self, line: Line) -> None:
        """Carry out one command. ReadError where ipset refuses it."""
        verb = verb_of(line.words[0])
        if verb in _DO:
            _DO[verb](self, line)

    def known(self, word: Word) -> str:
        """The name, if there is a set of it."""
        if word.text not in self.sets:
            raise ReadError(f"there is no set {word.text!r}", span=word.span)
        return word.text

    # -- commands -----------------------------------------------------------------------------

    def create(self, line: Line) -> None:
        """create NAME TYPE …"""
        name = set_name(line.word(1, "the set's name"))
        kind = kind_of(line.word(2, "its type"))
        family, options = created(kind, line, 3)
        if name in self.sets:
            same = self.sets[name].head[1:3] == (kind, family)
            if line.exist and same:
                return
            raise ReadError(f"there is a set {name!r} already", span=line.words[1].span)
        self.sets[name] = IpSet(Head(name, kind, family, MappingProxyType(options)), {})

    def add(self, line: Line) -> None:
        """add NAME ELEMENT …"""
        name, head, elements, word = self._elements(line)
        entry, given = entry_of(head, line)
        entry = timed(entry, head.timeout, "timeout" in given)
        opened = self.opened(name)
        for element in elements:
            there = opened.there(element)
            if there is None:
                if opened.is_full:
                    told = f"the set is full: it holds {len(opened.members)}"
                    raise ReadError(told, span=word.span)
                opened.put(element, entry)
            elif line.exist or (there[-1] is None and element != there):
                old = (there, opened.take(there))
                opened.put(*in_place_of(old, (element, entry), head, given))
            else:
                raise ReadError("this is in the set already", span=word.span)
        if head.kind.name == "list:set":
            _place(opened, line, given, word)

    def delete(self, line: Line) -> None:
        """del NAME ELEMENT"""
        name, _, elements, word = self._elements(line)
        opened = self.opened(name)
        for element in elements:
            there = opened.there(element)
            if there is not None:
                opened.take(there)
            elif not line.exist:
                raise ReadError("this is not in the set", span=word.span)

    def destroy(self, line: Line) -> None:
        """destroy [NAME]"""
        for name in self._those(line):
            if users := [u for u in self.sets if (name,) in self.sets[u].members and u != name]:
                raise ReadError(f"{name} is in the set {users[0]}", span=line.words[-1].span)
        for name in self._those(line):
            self.open.pop(name, None)
            del self.sets[name]

    def flush(self, line: Line) -> None:
        """flush [NAME]"""
        for name in self._those(line):
            self.opened(name).arrange({})

    def rename(self, line: Line) -> None:
        """rename OLD NEW"""
        old = self.known(line.word(1, "the set's name"))
        new = set_name(line.word(2, "its new name"))
        if new in self.sets:
            raise ReadError(f"there is a set {new!r} already", span=line.words[2].span)
        self._exchanged({old: new})

    def swap(self, line: Line) -> None:
        """swap ONE OTHER"""
        one, other = (self.known(line.word(at, "a set's name")) for at in (1, 2))
        if self.sets[one].head[1:3] != self.sets[other].head[1:3]:
            raise ReadError("only sets of one type can be swapped", span=line.words[2].span)
        self._exchanged({one: other, other: one})

    def _exchanged(self, names: Mapping[str, str]) -> None:
        """Sets under other names. Lists hold sets, not names: swapped ones stay in them."""
        held = self.frozen()
        self.sets = {
            names.get(name, name): IpSet(one.head._replace(name=names.get(name, name)), one.members)
            for name, one in held.items()
        }
        for name, one in self.sets.items():
            if one.head.kind.name == "list:set" and len(names) == 1:
                renamed = {(names.get(e[0], e[0]),): entry for e, entry in one.members.items()}
                self.sets[name] = IpSet(one.head, MappingProxyType(renamed))

    def _those(self, line: Line) -> list[str]:
        return [self.known(line.words[1])] if len(line.words) > 1 else list(self.sets)

    def _elements(self, line: Line) -> tuple[str, Head, list[Element], Word]:
        name = self.known(line.word(1, "the set's name"))
        head, word = self.sets[name].head, line.word(2, "an element")
        try:
            wildcard = any(w.text == "wildcard" for w in line.words[3:])
            elements = list(read_element(head, word.text, wildcard))
        except ValueError as err:
            raise ReadError(f"{word.text!r} in {name}: {err}", span=word.span) from None
        if head.kind.name == "list:set" and self.known(word) == name:
            raise ReadError("a list cannot hold itself", span=word.span)
        return name, head, elements, word


def _place(opened: Opened, line: Line, given: Mapping[str, str], word: Word) -> None:
    """`before NAME` and `after NAME`: the element moves to its place in the list."""
    for where in ("before", "after"):
        if where not in given:
            continue
        key, other = (word.text,), (given[where],)
        if other not in opened.members:
            raise ReadError(f"{other[0]!r} is not in the list", span=line.words[-1].span)
        entry = opened.take(key)
        order = list(opened.members.items())
        at = next(n for n, (e, _) in enumerate(order) if e == other) + (where == "after")
        order.insert(at, (key, entry))
        opened.arrange(dict(order))


_DO: Mapping[str, Callable[[Sets, Line], None]] = {
    "create": Sets.create, "add": Sets.add, "del": Sets.delete, "destroy": Sets.destroy,
    "flush": Sets.flush, "rename": Sets.rename, "swap": Sets.swap,
}  # fmt: skip
