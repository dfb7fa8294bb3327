"""shadowed: earlier rules take every packet that a rule would match."""

from __future__ import annotations

from collections.abc import Iterator

from fwsim.questions.lint.finding import Finding
from fwsim.questions.lint.kinds import accepts, refuses, same_end
from fwsim.questions.lint.late import Late, late
from fwsim.questions.lint.subject import Subject

TIDY = True


def find(subject: Subject) -> Iterator[Finding]:
    """Such rules, but for those of which accept-first and log-late tell."""
    return late(subject, "shadowed", lambda found: not (found.logs or found.accepted), _said)


def _said(found: Late) -> tuple[str, str]:
    text = "never matches: earlier rules take all of its packets"
    if all(same_end(found.rule, earlier) for earlier in found.earlier):
        return "warning", f"{text}, to the same end"
    refused = accepts(found.rule) and any(map(refuses, found.earlier))
    return "error" if refused else "warning", text
