"""accept-first: a rule that drops or rejects comes behind others that accept its packets."""

from __future__ import annotations

from collections.abc import Iterator

from fwsim.questions.lint.finding import Finding
from fwsim.questions.lint.late import late
from fwsim.questions.lint.subject import Subject

_SAID = "error", "refuses nothing: all of its packets are accepted before they come to it"


def find(subject: Subject) -> Iterator[Finding]:
    """Refusals that come too late."""
    return late(subject, "accept-first", lambda found: found.accepted, lambda _: _SAID)
