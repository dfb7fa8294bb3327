"""comment: a note on the rule; matches always.

Semantics: net/netfilter/xt_comment.c; text: libxt_comment.c.
"""

from fwsim.language.options import Match, Option, Shown, Unlist
from fwsim.language.types import Text
from fwsim.model.pred import TRUE

_LONG = "x" * 255

MATCH = Match(
    "comment",
    lambda o, _: TRUE,
    options=(Option("comment", Text(longest=255), required=True),),
    listing=lambda o, _, numeric: f"/* {o['comment']} */",
    unlist=Unlist("", (Shown("comment", r"/\* ", ".{0,255}?", r" \*/"),)),
)
EXAMPLES = rf"""
-m comment --comment hello-world_1 ; =
-m comment --comment "hello world" ; =
-m comment --comment "a'b\"c\\d" ; -m comment --comment "a\'b\"c\\d"
-m comment --comment "" ; =
-m comment --comment=ä ; -m comment --comment "ä"
-m comment --comment {_LONG}yz ; -m comment --comment {_LONG}
-m comment ; error
-m comment --comment ; error
-m comment --comment a b ; error
-m comment ! --comment x ; error
-m comment --comment x --comment y ; error
"""
