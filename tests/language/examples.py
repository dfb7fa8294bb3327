"""Every extension's EXAMPLES."""

from __future__ import annotations

from fwsim.language.examples import Example as Example
from fwsim.language.examples import examples, files
from fwsim.language.examples import extensions as extensions

MODULES = list(files())
EXAMPLES = list(examples())
ACCEPTED = [example for example in EXAMPLES if example.accepted]
REFUSED = [example for example in EXAMPLES if not example.accepted]
