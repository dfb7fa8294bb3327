"""fwsim: what a Linux host's iptables does to a packet, and why.

import fwsim
net = fwsim.load("snapshot/")
print(net.trace(src="172.18.0.3", dst="8.8.8.8"))
"""

from __future__ import annotations

from os import PathLike, fspath

TYPE_CHECKING = False  # typing is not imported before it is needed
if TYPE_CHECKING:
    from fwsim.language.ruleset import Ruleset
    from fwsim.model.errors import FwsimError as FwsimError
    from fwsim.net import Net

__all__ = ["FwsimError", "load", "read", "save", "speak"]
__version__ = "0.1.0"


def load(place: str | PathLike[str] | None = None) -> Net:
    """Open a PLACE: a dump, a snapshot, `example:NAME`, `-`; None is the article's example.

    Raises PlaceError or ReadError, saying where and why not."""
    from fwsim.machine.place import open_place
    from fwsim.machine.simulate import Simulation
    from fwsim.net import Net

    return Net(Simulation.of(open_place(None if place is None else fspath(place))))


def read(text: str, family: int | None = None) -> Ruleset:
    """Read rules in any form that people paste: what iptables-save, `iptables -S` or `iptables -L`
    prints, or commands; `notes` of what comes back say what that form does not tell.

    Raises ReadError with line, column and caret."""
    import fwsim.picturing  # noqa: F401 (it says how notebooks show rules)
    from fwsim.language.forms import read as read_any

    return read_any(text, family)


def save(rules: Ruleset, counters: bool = False) -> str:
    """A ruleset's iptables-save text, without the comment lines that carry the date."""
    from fwsim.language.write import save as write_dump

    return write_dump(rules, counters=counters)


def __getattr__(name: str) -> object:
    if name == "FwsimError":
        from fwsim.model.errors import FwsimError

        return FwsimError
    raise AttributeError(f"module 'fwsim' has no attribute {name!r}")


def speak(language: str) -> None:
    """Explain in this language from now on: "en", or "zh-TW". QuestionError for any other."""
    from fwsim.readings.words import speak as speak_it

    speak_it(language)
