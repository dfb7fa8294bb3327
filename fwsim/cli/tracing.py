"""What `fwsim trace` does, once its arguments are read."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from fwsim.cli.opening import live_net, open_net, tell
from fwsim.cli.streams import echo, say_beside
from fwsim.model.errors import QuestionError
from fwsim.model.trace import got_through

if TYPE_CHECKING:
    from fwsim.net import Net, Trace

THROUGH, STOPPED, UNKNOWN = 0, 1, 3


def trace(
    *, as_json: bool, verbose: bool, html: str | None, svg: str | None, mermaid: bool, **asked: Any
) -> int:
    """Trace one exchange, draw it if that is asked, and print what became of it, unless a picture
    is printed; the exit status."""
    net = _net(asked)
    if as_json:
        say_beside(net.world.damage)
    traced = net.trace(**asked)
    if html is not None or svg is not None:
        _draw(traced, html, svg)
    if mermaid:
        echo(traced.mermaid(), sys.stdout)
    elif "-" not in (html, svg):
        _tell(traced, as_json, verbose)
    return status(traced)


def _draw(traced: Trace, html: str | None, svg: str | None) -> None:
    from fwsim.cli.writing import write

    if html is not None:
        write(html, traced.html())
    if svg is not None:
        write(svg, traced.svg())


def trace_many(packets: str, **asked: Any) -> int:
    """Trace the packets of a file and print a line of JSON for each; the exit status."""
    net = _net(asked)
    say_beside(net.world.damage)
    return _many(net, packets)


def _net(asked: dict[str, Any]) -> Net:
    """The place; what is left of `asked` is the question."""
    place, commands = asked.pop("place"), asked.pop("commands")
    net = live_net(commands) if asked.pop("live") else open_net(place, commands)
    later = asked.pop("later")
    net = net.later(later) if later else net
    return tell(net, *(asked.pop(name) for name in ("assumptions", "moment", "seed")))


def _tell(trace: Trace, as_json: bool, verbose: bool) -> None:
    if as_json:
        import json

        echo(json.dumps(trace.to_dict()), sys.stdout)
    elif sys.stdout.isatty():
        from fwsim.show.terminal import show

        show(trace.lines(verbose=verbose))
    else:
        echo(trace.text(verbose=verbose), sys.stdout)


def status(trace: Trace) -> int:
    """The exit status of an exchange."""
    through = got_through(trace.exchange)
    return UNKNOWN if through is None else THROUGH if through else STOPPED


def _many(net: Net, file: str) -> int:
    import json

    from fwsim.cli.packets import read_packets
    from fwsim.show.json import leg_dict

    host, seen = net.world.host, set()
    for leg in _placed(net, read_packets(file)):
        echo(json.dumps(leg_dict(leg, host)), sys.stdout)
        seen.add(leg.verdict)
    return UNKNOWN if "UNKNOWN" in seen else STOPPED if seen - {"ACCEPT"} else THROUGH


def _placed(net: Net, lines: Any) -> Any:
    """The legs; what is wrong with a packet only this place can tell (an unknown device, say) is
    told with its line."""
    where = [""]

    def packets() -> Any:
        for name, packet in lines:
            where[0] = name
            yield packet

    try:
        yield from net.packets(packets())
    except QuestionError as error:
        raise QuestionError(f"{where[0]}: {error.message}", hint=error.hint) from None
