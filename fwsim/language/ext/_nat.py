"""What the targets that translate addresses share (libxt_NAT.c): where to, and the flags.

A range that ends before it begins is taken as it stands. Ports need a protocol that has some, named
by -p before them; iptables counts icmp among these.
"""

from collections.abc import Callable

from fwsim.language.options import Context, Option, Options, Shown, Target, Unlist
from fwsim.language.spelling import ADDRESS, PORT
from fwsim.language.values import address, bits_of, number, port
from fwsim.model.actions import Nat, NatRange
from fwsim.model.names import PROTOCOLS, address_text
from fwsim.model.tuples import NamedTuple

_PORTED = tuple(PROTOCOLS[name] for name in ("tcp", "udp", "sctp", "dccp", "icmp"))
_FLAGS = {"random": "random", "random-fully": "fully_random", "persistent": "persistent"}


class _Ports(NamedTuple):
    """PORT or FIRST-LAST, for DNAT also FIRST-LAST/BASE: then port FIRST is translated from BASE,
    the next from the next. `base` says what becomes of BASE: it is kept, or lost (SNAT and
    MASQUERADE forget it, so it counts as 0), or refused."""

    base: str = "refused"
    arity: int = 1

    def read(self, words: list[str], context: Context) -> NatRange:
        """The range of ports."""
        if context.named not in _PORTED:  # not even iptables minds a ! before it
            raise ValueError("ports need -p tcp, udp, sctp or dccp before them")
        text = words[0]
        try:
            single = port(text)
            return NatRange(ports=(single, single))
        except ValueError:
            return self._range(text)

    def _range(self, text: str) -> NatRange:
        first, dash, rest = text.partition("-")
        last, slash, base = rest.partition("/")
        if not dash or (slash and self.base == "refused"):
            raise ValueError("expected a port or FIRST-LAST")
        ports = (number(first, 0, 65535), number(last, 0, 65535))
        if ports[0] > ports[1]:
            raise ValueError(f"the range ends before it begins; write {last}-{first}")
        if not slash:
            return NatRange(ports=ports)
        given = port(base)
        if not given:
            raise ValueError("the port behind / is at least 1")
        return NatRange(ports=ports, port_base=given if self.base == "kept" else 0)

    def write(self, value: NatRange, family: int) -> str:
        """8000-8010"""
        return _ports_text(value)


class _Where(NamedTuple):
    """ADDRESS, FIRST-LAST, :PORTS, or both; in IPv6 an address before a port stands in [ ]."""

    base: str
    arity: int = 1

    def read(self, words: list[str], context: Context) -> NatRange:
        """The range of addresses and ports."""
        addresses, ports = self._split(words[0], context.family)
        range_ = _Ports(self.base).read([ports], context) if ports is not None else NatRange()
        if not addresses and ports is not None:
            return range_
        first, dash, last = addresses.partition("-")
        low = address(first, context.family)
        return range_._replace(addresses=(low, address(last, context.family) if dash else low))

    @staticmethod
    def _split(text: str, family: int) -> tuple[str, str | None]:
        if family == 6 and text.startswith("["):
            inside, closed, rest = text[1:].partition("]")
            if not closed or (rest and rest[0] != ":"):
                raise ValueError("expected [ADDRESS]:PORT")
            return inside, rest[1:] if rest else None
        if text.count(":") != 1:
            return text, None
        before, _, ports = text.partition(":")
        return "" if len(before) == 2 else before, ports  # iptables looks for []: at its colon

    def spellings(self, family: int) -> tuple[str, ...]:
        """One address, with a port or without (fwsim.language.spelling)."""
        one = ADDRESS[family]
        return (rf"\[{one}\]:{PORT}" if family == 6 else f"{one}:{PORT}", one)

    def write(self, value: NatRange, family: int) -> str:
        """10.0.0.1-10.0.0.9:8000-8010"""
        if value.addresses is None:
            return f":{_ports_text(value)}"
        texts = (address_text(a, bits_of(family)) for a in dict.fromkeys(value.addresses))
        addresses = "-".join(texts)
        if value.ports is None:
            return addresses
        return f"{addresses if family == 4 else f'[{addresses}]'}:{_ports_text(value)}"


def _ports_text(value: NatRange) -> str:
    assert value.ports is not None
    text = "-".join(map(str, dict.fromkeys(value.ports)))
    return text if value.port_base is None else f"{text}/{value.port_base}"


def addresses_option(name: str, base: str) -> Option:
    """--to-source or --to-destination."""
    return Option(name, _Where(base), required=True)


def ports_option(base: str) -> Option:
    """--to-ports"""
    return Option("to-ports", _Ports(base))


def flags(*names: str) -> tuple[Option, ...]:
    """The flags of these names, in the order in which they are saved."""
    return tuple(Option(name) for name in names)


def nat_target(
    name: str, options: tuple[Option, ...], hooks: tuple[str, ...], title: str
) -> Target:
    """A target whose first option says where to; `title` is what stands before it in listings."""
    to = options[0]
    return Target(
        name,
        _meaning(name.lower(), to.name),
        options=options,
        tables=("nat",),
        hooks=hooks,
        listing=_listing(to, title),
        unlist=Unlist("", (Shown(to.name, title), *(Shown(flag, flag, "") for flag in _FLAGS))),
    )


def _meaning(kind: str, to: str) -> Callable[[Options, Context], tuple[Nat]]:
    def meaning(o: Options, _: Context) -> tuple[Nat]:
        given = {attribute: name in o for name, attribute in _FLAGS.items()}
        return (Nat(kind, o.get(to, NatRange())._replace(**given)),)

    return meaning


def _listing(to: Option, title: str) -> Callable[[Options, Context, bool], str]:
    def listing(o: Options, c: Context, numeric: bool) -> str:
        where = [title + to.type.write(o[to.name], c.family)] if to.name in o else []
        return " ".join([*where, *(name for name in _FLAGS if name in o)])

    return listing
