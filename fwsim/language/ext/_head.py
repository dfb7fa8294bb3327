"""What the matches that read a transport header share: it has to be there.

The kernel never lets them match a later fragment, and drops a packet at once whose header is cut
off (par->fragoff, par->hotdrop).
"""

from fwsim.language.options import Meaning
from fwsim.model import fields as F
from fwsim.model.hidden import taken_for_header
from fwsim.model.pred import FALSE, Pred, all_of, any_of, is_in

FIRST = is_in(F.FRAG, 0)
WHOLE = is_in(F.L4_HEADER, 1)
CUT_OFF = all_of(FIRST, is_in(F.L4_HEADER, 0))
_THERE = F.Field("bytes_for_header", 16, project=lambda f: len(taken_for_header(f.packet)))


def by_nft(octets: int, *asked: Pred) -> Meaning:
    """What iptables-nft has nf_tables itself ask, which drops nothing: so many bytes are enough,
    and a later fragment's are read as if a header stood there (nft_payload_fast_eval)."""
    return Meaning(all_of(any_of(WHOLE, is_in(_THERE, (octets, _THERE.top))), *asked), FALSE)
