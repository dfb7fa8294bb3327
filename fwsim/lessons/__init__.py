"""Exercises whose answers fwsim checks; `notebooks/` is the course that asks them.

    from fwsim.lessons import check
    check("1.2", ["iptables -A FORWARD -s 172.18.0.3 -j DROP"])

No answer is compared with a stored one where many are right: it is tried, by traces, by proofs over
all packets and by comparison of rulesets, on the lesson's own place.
"""

from fwsim.lessons.checking import Checked as Checked
from fwsim.lessons.checking import check as check
from fwsim.lessons.facts import place as place

__all__ = ["Checked", "check", "place"]
