"""The words that the readings speak, one catalogue a language: `en.py` and its translations.

A catalogue is a dict from message keys to templates of `str.format`. What a translation leaves
out is said in English.
"""

from __future__ import annotations

from contextvars import ContextVar
from functools import cache
from importlib import import_module

language: ContextVar[str] = ContextVar("language", default="en")


def say(key: str, **values: object) -> str:
    """The message in the current language, its places filled. KeyError for an unknown key."""
    return _catalogue(language.get())[key].format(**values)


def knows(key: str) -> bool:
    """There are words for this key."""
    return key in _catalogue(language.get())


@cache
def _catalogue(name: str) -> dict[str, str]:
    words: dict[str, str] = import_module(f"{__name__}.{name}").WORDS
    return words if name == "en" else _catalogue("en") | words
