"""The words of explanations, one catalogue a language, as those of fwsim.readings.words."""

from __future__ import annotations

from fwsim.readings.words import Words

_words = Words(__name__)
say, knows = _words.say, _words.knows
