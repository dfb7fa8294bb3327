"""log-late: a rule that logs comes behind others that decide about its packets."""

from __future__ import annotations

from collections.abc import Iterator

from fwsim.questions.lint.finding import Finding
from fwsim.questions.lint.late import late
from fwsim.questions.lint.subject import Subject

_SAID = "warning", "logs nothing: all of its packets are decided about before they come to it"


def find(subject: Subject) -> Iterator[Finding]:
    """LOG, NFLOG and ULOG rules that never write a line."""
    return late(subject, "log-late", lambda found: found.logs, lambda _: _SAID)
