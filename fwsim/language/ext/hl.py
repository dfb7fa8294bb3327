"""hl: the hop limit of IPv6, read by -m hl and written by -j HL (see _hops.py)."""

from fwsim.language.ext._hops import hops_examples, hops_match, hops_target

MATCH = hops_match("hl", 6)
TARGET = hops_target("hl", 6)
EXAMPLES = hops_examples("hl")
