"""What matches that ask a connection share: there is one that conntrack knows, not what -j CT made
of a packet before it is tracked (nf_ct_is_template)."""

from fwsim.model import fields as F
from fwsim.model.names import STATUS
from fwsim.model.pred import all_of, is_in, masked

TRACKED = all_of(is_in(F.CT_KNOWN, 1), masked(F.CT_STATUS, 0, STATUS["TEMPLATE"]))
