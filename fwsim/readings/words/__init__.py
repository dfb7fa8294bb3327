"""The words that the readings speak, one catalogue a language: `en` and its translations.

A catalogue is a dict from message keys to templates of `str.format`, `WORDS` of the module that is
named for the language (zh-TW: `zh_tw`); where that is a package, `TOPIC.…` may stand in its module
TOPIC, which is imported on use. What a translation leaves out is said in English.
"""

from __future__ import annotations

from contextvars import ContextVar
from functools import cache
from importlib import import_module

from fwsim.model.errors import QuestionError
from fwsim.model.tuples import NamedTuple

LANGUAGES = ("en", "zh-TW")
language: ContextVar[str] = ContextVar("language")  # of this context, where that is to differ
_spoken = ["en"]


def speak(name: str) -> None:
    """Explain in this language, one of LANGUAGES, from now on. QuestionError for any other."""
    _spoken[0] = known(name)


def known(name: str) -> str:
    """The name of a language that there are explanations in. QuestionError for any other."""
    if name not in LANGUAGES:
        listed = ", ".join(LANGUAGES)
        raise QuestionError(f"there are no explanations in {name!r}", hint=f"There are: {listed}.")
    return name


def spoken() -> str:
    """The language that explanations are in."""
    return language.get(_spoken[0])


class Words(NamedTuple):
    """The catalogues of a package, in its modules named for languages."""

    package: str

    def say(self, key: str, **values: object) -> str:
        """The message in the current language, its places filled. KeyError for an unknown key."""
        template = self._template(key)
        if template is None:
            raise KeyError(key)
        return template.format(**values)

    def knows(self, key: str) -> bool:
        """There are words for this key."""
        return self._template(key) is not None

    def _template(self, key: str) -> str | None:
        name = spoken().replace("-", "_").lower()
        own = _template(self.package, name, key)
        return own if own is not None else _template(self.package, "en", key)


def _template(package: str, name: str, key: str) -> str | None:
    found = _catalogue(f"{package}.{name}").get(key)
    if found is not None or "." not in key:
        return found
    return _topic(f"{package}.{name}", key.partition(".")[0]).get(key)


@cache
def _catalogue(module: str) -> dict[str, str]:
    words: dict[str, str] = import_module(module).WORDS
    return words


@cache
def _topic(module: str, topic: str) -> dict[str, str]:
    """A part of a catalogue that stands in a module of its own; empty if there is none."""
    apart = f"{module}.{topic}"
    try:
        return _catalogue(apart)
    except ModuleNotFoundError as error:
        if error.name not in (apart, module):
            raise
        return {}


_words = Words(__name__)
say, knows = _words.say, _words.knows


def fact_words(name: str, why: str) -> str:
    """A fact that nobody knows, in the words of the extension that asks for it. Those are English
    and stand in its file; a translation has its own, by the first word of the fact's name."""
    key = f"why.{name.partition(' ')[0]}"
    return say(key, name=name) if spoken() != "en" and knows(key) else why or name
