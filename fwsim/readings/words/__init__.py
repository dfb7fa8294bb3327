"""The words that the readings speak, one catalogue a language: `en.py` and its translations.

A catalogue is a dict from message keys to templates of `str.format`. What a translation leaves
out is said in English.
"""

from __future__ import annotations

from contextvars import ContextVar
from functools import cache
from importlib import import_module

from fwsim.model.tuples import NamedTuple

language: ContextVar[str] = ContextVar("language", default="en")


class Words(NamedTuple):
    """The catalogues of a package, in its modules named for languages."""

    package: str

    def say(self, key: str, **values: object) -> str:
        """The message in the current language, its places filled. KeyError for an unknown key."""
        return _catalogue(self.package, language.get())[key].format(**values)

    def knows(self, key: str) -> bool:
        """There are words for this key."""
        return key in _catalogue(self.package, language.get())


@cache
def _catalogue(package: str, name: str) -> dict[str, str]:
    words: dict[str, str] = import_module(f"{package}.{name}").WORDS
    return words if name == "en" else _catalogue(package, "en") | words


_words = Words(__name__)
say, knows = _words.say, _words.knows
