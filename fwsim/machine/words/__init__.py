"""The words of what a place's notes say was inferred, one catalogue a language."""

from __future__ import annotations

from fwsim.readings.words import Words

say = Words(__name__).say
