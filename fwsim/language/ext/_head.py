"""What the matches that read a transport header share: it has to be there.

The kernel never lets them match a later fragment, and drops a packet at once whose header is cut
off (par->fragoff, par->hotdrop).
"""

from fwsim.model import fields as F
from fwsim.model.pred import all_of, is_in

FIRST = is_in(F.FRAG, 0)
WHOLE = is_in(F.L4_HEADER, 1)
CUT_OFF = all_of(FIRST, is_in(F.L4_HEADER, 0))
