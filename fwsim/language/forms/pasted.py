"""What comes of a text that somebody pasted."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from fwsim.language.ruleset import Ruleset
from fwsim.model.tuples import NamedTuple

if TYPE_CHECKING:
    from fwsim.language.ipset.model import IpSet


class Pasted(NamedTuple):
    """A text's rulesets by family; `notes` say as what it was read, what that form cannot show, and
    what was assumed; `settings` are the sysctls and `sets` the address sets that it makes."""

    rulesets: Mapping[int, Ruleset]
    notes: tuple[str, ...] = ()
    settings: Mapping[str, str] = MappingProxyType({})
    sets: Mapping[str, IpSet] = MappingProxyType({})
