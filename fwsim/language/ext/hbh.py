"""hbh: the IPv6 hop-by-hop options header: its length, and the options that it begins with."""

from fwsim.language.ext._opts import examples, options_match
from fwsim.model.exthdr import HOP

MATCH = options_match("hbh", HOP)
EXAMPLES6 = examples("hbh")
