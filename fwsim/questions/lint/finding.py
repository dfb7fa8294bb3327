"""What lint finds."""

from __future__ import annotations

from typing import Any

from fwsim.model.frozen import Frozen
from fwsim.model.trace import Ref
from fwsim.questions.witness import Witness

SEVERITIES = ("error", "warning", "info")


class Finding(Frozen):
    """Something wrong with a rule, or a policy. `because` are the other rules at fault; `also` are
    further rules of which just the same is true; `message` is a sentence without its subject;
    `witness` is a packet that shows it, replayed."""

    code: str
    severity: str
    rule: Ref
    message: str
    because: tuple[Ref, ...] = ()
    witness: Witness | None = None
    also: tuple[Ref, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """INTERFACE's JSON of a finding."""
        found: dict[str, Any] = {
            "code": self.code,
            "severity": self.severity,
            "rule": ref_dict(self.rule),
            "because": [ref_dict(ref) for ref in self.because],
            "message": self.message,
            "witness": self.witness.to_dict() if self.witness else None,
        }
        if self.also:
            found["also"] = [ref_dict(ref) for ref in self.also]
        return found


def ref_dict(ref: Ref) -> dict[str, Any]:
    """INTERFACE's REF."""
    return {
        "family": ref.family, "table": ref.table, "chain": ref.chain, "rule": ref.rule,
        "line": ref.line, "text": ref.text,
    }  # fmt: skip
