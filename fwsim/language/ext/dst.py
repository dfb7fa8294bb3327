"""dst: the IPv6 destination options header: its length, and the options that it begins with."""

from fwsim.language.ext._opts import examples, options_match
from fwsim.model.exthdr import DEST

MATCH = options_match("dst", DEST)
EXAMPLES6 = examples("dst")
