"""What DNPT and SNPT share: one network's prefix in place of another's; checksums stay right.

Semantics: net/ipv6/netfilter/ip6t_NPT.c (RFC 6296): what the new prefix adds to the Internet
checksum is taken off the fourth word of the address, or behind a prefix longer than 48 bits off the
first word after the fourth that is not all ones. An address of nothing but ones there is dropped.
In an ICMPv6 error that begins behind the fixed header, the quoted packet is translated back. An
address that is not of the first prefix makes the transport checksum wrong. Text: libip6t_DNPT.c,
libip6t_SNPT.c.
"""

from fwsim.language.options import Context, Option, Options, Shown, Target, Unlist
from fwsim.language.types import HostMask
from fwsim.language.values import prefix_length
from fwsim.model import fields as F
from fwsim.model.actions import Rewrite
from fwsim.model.facts import Facts
from fwsim.model.names import address_text
from fwsim.model.packet import Packet
from fwsim.model.tuples import NamedTuple

_ONES = 0xFFFF


class _Prefix(NamedTuple):
    """NETWORK/LENGTH, at most 64 bits long."""

    arity: int = 1

    def read(self, words: list[str], context: Context) -> tuple[int, int]:
        """(network, length)"""
        value, mask = HostMask().read(words, context)
        length = prefix_length(mask, 128)
        if length is None or length > 64:
            raise ValueError("expected NETWORK/LENGTH with a length of at most 64")
        if value & ~mask:
            raise ValueError("there are bits behind the prefix")
        return value, length

    def write(self, value: tuple[int, int], family: int) -> str:
        """fd00::/48"""
        return f"{address_text(value[0], 128)}/{value[1]}"


def _words(address: int) -> list[int]:
    return [address >> shift & _ONES for shift in range(112, -16, -16)]


def _folded(total: int) -> int:
    while total > _ONES:
        total = (total >> 16) + (total & _ONES)
    return total


def _moved(address: int, source: tuple[int, int], target: tuple[int, int]) -> int:
    """The address under the other prefix, the checksum left alone."""
    behind = (1 << 128 - max(source[1], target[1])) - 1
    return address & behind | target[0] & ~behind


def _mapped(address: int, source: tuple[int, int], target: tuple[int, int]) -> int | None:
    """The address under the other prefix; None if no word can take the difference."""
    length = max(source[1], target[1])
    words = _words(_moved(address, source, target))
    at = 3 if length <= 48 else next((n for n in range(4, 8) if words[n] != _ONES), None)
    if at is None:
        return None
    difference = sum(_words(source[0])) + sum(word ^ _ONES for word in _words(target[0]))
    words[at] = _folded(words[at] + difference) % _ONES
    return int.from_bytes(b"".join(word.to_bytes(2, "big") for word in words), "big")


def _translated(facts: Facts, o: Options, which: str) -> Packet | None:
    packet, source, target = facts.packet, o["src-pfx"], o["dst-pfx"]
    new = _mapped(getattr(packet, which), source, target)
    if new is None:
        return None
    packet = packet.but(**{which: new})
    if packet.ext or facts.raw:
        return packet
    return packet.but(inner=_translated_back(packet.inner, o, which))


def _translated_back(inner: Packet | None, o: Options, which: str) -> Packet | None:
    """What an error quotes; an address that cannot be mended is moved all the same."""
    if inner is None:
        return None
    other = "dst" if which == "src" else "src"
    source, target, old = o["src-pfx"], o["dst-pfx"], getattr(inner, other)
    if old >> 128 - source[1] != source[0] >> 128 - source[1]:
        return inner
    new = _mapped(old, source, target)
    return inner.but(**{other: _moved(old, source, target) if new is None else new})


def _addresses(packet: Packet | None) -> int:
    """Those that it quotes stand in its checksum too."""
    return packet.src + packet.dst + _addresses(packet.inner) if packet else 0


def npt(name: str, which: str, hooks: tuple[str, ...]) -> Target:
    """The target of that name, which translates the address `which`."""

    def actions(o: Options, _: Context) -> tuple[Rewrite]:
        def change(facts: Facts) -> Packet | None:
            return _translated(facts, o, which)

        return (Rewrite(name, change, ((F.SRC if which == "src" else F.DST)[6],), _addresses),)

    def save(o: Options, _: Context) -> str:
        kept = (n for n in ("src-pfx", "dst-pfx") if o[n] != (0, 0))
        return " ".join(f"--{n} {_Prefix().write(o[n], 6)}" for n in kept)

    def listed(o: Options, _: Context, numeric: bool) -> str:
        shown = (f"{n} {_Prefix().write(o[n], 6)}" for n in ("src-pfx", "dst-pfx"))
        return " ".join((name, *shown))

    return Target(
        name,
        actions,
        options=tuple(Option(n, _Prefix(), required=True) for n in ("src-pfx", "dst-pfx")),
        families=(6,),
        tables=("mangle",),
        hooks=hooks,
        save=save,
        listing=listed,
        unlist=Unlist(name, tuple(Shown(n, f"{n} ") for n in ("src-pfx", "dst-pfx"))),
    )


def npt_examples(name: str, inside: str, outside: str) -> str:
    """The EXAMPLES of either, which stands in the chain `inside` and not in `outside`."""
    text = _EXAMPLES.replace("NPT", name).replace("INSIDE", inside)
    return text.replace("OUTSIDE", outside)


_EXAMPLES = """
-j NPT --src-pfx fd00:1::/48 --dst-pfx 2001:db8::/48 ; = ; mangle INSIDE
-j NPT --dst-pfx 2001:db8::/64 --src-pfx FD00:1::/32 ; \
-j NPT --src-pfx fd00:1::/32 --dst-pfx 2001:db8::/64 ; mangle INSIDE
-j NPT --src-pfx fd00:1::/ffff:ffff:: --dst-pfx 2001:db8::/48 ; \
-j NPT --src-pfx fd00:1::/32 --dst-pfx 2001:db8::/48 ; mangle INSIDE
-j NPT --src-pfx ::/0 --dst-pfx 2001:db8::/48 ; -j NPT --dst-pfx 2001:db8::/48 ; mangle INSIDE lost
-j NPT --src-pfx ::/0 --dst-pfx ::/0 ; -j NPT ; mangle INSIDE lost
-j NPT --src-pfx fd00:1::/48 ; error ; mangle INSIDE
-j NPT --dst-pfx fd00:1::/48 ; error ; mangle INSIDE
-j NPT --src-pfx fd00:1:: --dst-pfx 2001:db8::/48 ; error ; mangle INSIDE
-j NPT --src-pfx fd00:1::1/64 --dst-pfx 2001:db8::/48 ; error ; mangle INSIDE
-j NPT --src-pfx fd00:1::/65 --dst-pfx 2001:db8::/48 ; error ; mangle INSIDE
-j NPT --src-pfx fd00:1::/ffff::ff --dst-pfx 2001:db8::/48 ; error ; mangle INSIDE
-j NPT --src-pfx 10.0.0.0/8 --dst-pfx 2001:db8::/48 ; error ; mangle INSIDE
-j NPT --src-pfx fd00:1::/48 --dst-pfx 2001:db8::/48 ; error ; mangle OUTSIDE
-j NPT --src-pfx fd00:1::/48 --dst-pfx 2001:db8::/48 ; error ; mangle FORWARD
-j NPT --src-pfx fd00:1::/48 --dst-pfx 2001:db8::/48 ; error ; raw PREROUTING
-j NPT ; error ; mangle INSIDE
"""
