"""AUDIT: a record for the audit daemon; the packet goes on, whatever --type says.

Semantics: net/netfilter/xt_AUDIT.c; text: libxt_AUDIT.c.
"""

from fwsim.language.options import Context, Option, Shown, Target, Unlist
from fwsim.model.actions import Aside
from fwsim.model.tuples import NamedTuple

_TYPES = ("accept", "drop", "reject")


class _AuditType(NamedTuple):
    """accept, drop or reject, in any case."""

    arity: int = 1

    def read(self, words: list[str], context: Context) -> str:
        """The name."""
        if words[0].lower() not in _TYPES:
            raise ValueError(f"expected {' or '.join(_TYPES)}")
        return words[0].lower()

    def write(self, value: str, family: int) -> str:
        """The name."""
        return value


TARGET = Target(
    "AUDIT",
    lambda o, _: (Aside(f"audit record: {o['type']}"),),
    options=(Option("type", _AuditType(), required=True),),
    listing=lambda o, _, numeric: f"AUDIT {o['type']}",
    unlist=Unlist("AUDIT", (Shown("type", ""),)),
)
EXAMPLES = """
-j AUDIT --type accept ; =
-j AUDIT --type DROP ; -j AUDIT --type drop ; nat POSTROUTING
-j AUDIT --type Reject ; -j AUDIT --type reject ; raw OUTPUT
-j AUDIT --type rej ; error
-j AUDIT --type "" ; error
-j AUDIT --type accept --type drop ; error
-j AUDIT ; error
"""
