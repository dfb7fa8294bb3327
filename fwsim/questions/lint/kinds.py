"""What rules are for: they accept, refuse, log."""

from __future__ import annotations

import re

from fwsim.language.ruleset import Rule
from fwsim.model.actions import Action, Divert, Enqueue, Log, Nat, Reject, Verdict

_FINAL = (Verdict, Nat, Reject, Divert, Enqueue)
_GENERATED = re.compile(
    r"DOCKER(-(?!USER).*)?|KUBE-.*|CNI-.*|cali-.*|CILIUM_.*|ANTREA-.*|LIBVIRT_.*|ISTIO_.*"
    r"|NETAVARK.*|neutron-.*|f2b-.*|ufw6?-(?!user).*|ufw6?-user-(limit|logging).*"
    r"|.*_direct|.*_ZONES(_SOURCE)?|.*_POLICIES_(pre|post)|(IN|FWD[IO]?|PRE|POST)_.*"  # firewalld
)
_LOGGERS = frozenset({"NFLOG", "ULOG"})


def final(rule: Rule) -> Action | None:
    """What ends the way of every packet that a rule matches, in its chain or in its table; None if
    the rule lets it go on, or jumps."""
    last = rule.actions[-1] if rule.actions and not rule.jump else None
    return last if isinstance(last, _FINAL) else None


def accepts(rule: Rule) -> bool:
    """It lets its packets through the table."""
    return rule.target_name == "ACCEPT" and rule.verdict is not None


def refuses(rule: Rule) -> bool:
    """It drops or rejects its packets."""
    return isinstance(final(rule), Reject) or (
        rule.target_name == "DROP" and rule.verdict is not None
    )


def logs(rule: Rule) -> bool:
    """It writes its packets down and lets them go on."""
    if rule.target is None:
        return False
    return rule.target.ext.name in _LOGGERS or any(isinstance(a, Log) for a in rule.actions)


def same_end(one: Rule, other: Rule) -> bool:
    """Both do just the same with their packets."""
    return one.actions == other.actions and one.jump == other.jump and one.verdict == other.verdict


def generated(chain: str, rule: Rule | None = None) -> bool:
    """Software writes the chain anew whenever it likes (Docker, firewalld, …), or the
    rule leads to such a chain: nobody mends them by hand."""
    jump = rule.jump.chain if rule and rule.jump else ""
    return bool(_GENERATED.fullmatch(chain) or _GENERATED.fullmatch(jump))
