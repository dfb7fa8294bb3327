"""What comes of a text that somebody pasted."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from fwsim.language.ruleset import Ruleset
from fwsim.model.tuples import NamedTuple


class Pasted(NamedTuple):
    """A text's rulesets by family; `notes` say as what it was read, what that form cannot show, and
    what was assumed; `settings` are the sysctls that it sets."""

    rulesets: Mapping[int, Ruleset]
    notes: tuple[str, ...] = ()
    settings: Mapping[str, str] = MappingProxyType({})
