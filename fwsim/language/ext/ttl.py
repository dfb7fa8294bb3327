"""ttl: the time to live of IPv4, read by -m ttl and written by -j TTL (see _hops.py)."""

from fwsim.language.ext._hops import hops_examples, hops_match, hops_target

MATCH = hops_match("ttl", 4)
TARGET = hops_target("ttl", 4)
EXAMPLES = hops_examples("ttl")
