"""What checks say, one catalogue a language, as fwsim.readings.words has it: words for all
exercises in `en/__init__.py`, those of a lesson in a file of its own, as `lesson4.2.KEY`."""

from __future__ import annotations

from fwsim.readings.words import Words

_words = Words(__name__)
say, knows = _words.say, _words.knows
