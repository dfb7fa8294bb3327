"""cluster: the connection falls to one of these nodes, by a hash of its original source.

Semantics: net/netfilter/xt_cluster.c: jhash of the address (in IPv6 of its first 32 bits alone)
with the seed, scaled to the number of nodes; no connection (or only what -j CT made), no match,
negated or not. A connection that a helper expected falls to its master's node. Whoever asks takes a
multicast frame to a unicast address for one to the host; matches that follow in the same rule are
not told. Text: libxt_cluster.c, which takes a mask of 32 at most.
"""

from functools import cache

from fwsim.language.ext._tracked import TRACKED
from fwsim.language.options import Context, Match, Meaning, Option, Options, Shown, Unlist
from fwsim.language.types import UInt
from fwsim.language.values import bits_of
from fwsim.model.facts import Facts
from fwsim.model.fields import Field
from fwsim.model.jhash import address_words, jhash
from fwsim.model.pred import all_of, is_in

_MOST = 32


@cache
def _hash(family: int, seed: int) -> Field:
    def project(facts: Facts) -> int:
        source = facts.connection.master.src if facts.connection else 0
        return jhash(address_words(source, bits_of(family))[:1], seed)

    return Field(f"source's hash with seed {seed:#x}", 32, "hex", project)


def _mask(o: Options) -> int:
    if "cluster-local-node" in o:
        return 1 << int(o["cluster-local-node"]) - 1
    return int(o["cluster-local-nodemask"])


def _negated(o: Options) -> bool:
    return o.negated("cluster-local-node") or o.negated("cluster-local-nodemask")


def _share(node: int, nodes: int) -> tuple[int, int]:
    """The hashes that are scaled to that node (reciprocal_scale)."""
    first, behind = (-(-(at << 32) // nodes) for at in (node, node + 1))
    return first, behind - 1


def _matches(o: Options, c: Context) -> Meaning:
    nodes, wanted = o["cluster-total-nodes"], _mask(o)
    own = (_share(n, nodes) for n in range(nodes) if bool(wanted >> n & 1) != _negated(o))
    hashed = is_in(_hash(c.family, o["cluster-hash-seed"]), *own)
    return Meaning(all_of(TRACKED, hashed), takes=True)


def _check(o: Options, _: Context) -> None:
    if _mask(o) >> o["cluster-total-nodes"]:
        raise ValueError("there are not so many nodes as --cluster-total-nodes says")


def _save(o: Options, _: Context) -> str:
    return (
        f"{'! ' if _negated(o) else ''}--cluster-local-nodemask {_mask(o):#010x}"
        f" --cluster-total-nodes {o['cluster-total-nodes']}"
        f" --cluster-hash-seed {o['cluster-hash-seed']:#010x}"
    )


def _list(o: Options, _: Context, numeric: bool) -> str:
    return (
        f"cluster {'!' if _negated(o) else ''}node_mask={_mask(o):#010x}"
        f" total_nodes={o['cluster-total-nodes']} hash_seed={o['cluster-hash-seed']:#010x}"
    )


MATCH = Match(
    "cluster",
    _matches,
    options=(
        Option("cluster-total-nodes", UInt(1, _MOST), required=True),
        Option("cluster-local-node", UInt(1, _MOST), negatable=True, choice="node"),
        Option("cluster-local-nodemask", UInt(1, _MOST), negatable=True, choice="node"),
        Option("cluster-hash-seed", UInt(), required=True),
    ),
    check=_check,
    save=_save,
    listing=_list,
    unlist=Unlist(
        "cluster",
        (
            Shown("cluster-local-nodemask", "node_mask="),
            Shown("cluster-total-nodes", "total_nodes="),
            Shown("cluster-hash-seed", "hash_seed="),
        ),
    ),
)
EXAMPLES = """
-m cluster --cluster-total-nodes 2 --cluster-local-node 1 --cluster-hash-seed 0xdeadbeef ; \
-m cluster --cluster-local-nodemask 0x00000001 --cluster-total-nodes 2 --cluster-hash-seed \
0xdeadbeef
-m cluster --cluster-total-nodes 2 ! --cluster-local-node 2 --cluster-hash-seed 5 ; \
-m cluster ! --cluster-local-nodemask 0x00000002 --cluster-total-nodes 2 --cluster-hash-seed \
0x00000005
-m cluster ! --cluster-local-nodemask 0x00000020 --cluster-total-nodes 6 --cluster-hash-seed \
0x00000005 ; = ; mangle PREROUTING
-m cluster --cluster-total-nodes 32 --cluster-local-node 6 --cluster-hash-seed 0 ; \
-m cluster --cluster-local-nodemask 0x00000020 --cluster-total-nodes 32 --cluster-hash-seed \
0x00000000 ; raw PREROUTING
-m cluster --cluster-total-nodes 8 --cluster-local-node 7 --cluster-hash-seed 5 ; \
-m cluster --cluster-local-nodemask 0x00000040 --cluster-total-nodes 8 --cluster-hash-seed \
0x00000005 ; filter INPUT lost
-m cluster --cluster-total-nodes 6 --cluster-local-nodemask 0x21 --cluster-hash-seed 5 ; error
-m cluster --cluster-total-nodes 2 --cluster-local-node 3 --cluster-hash-seed 5 ; error
-m cluster --cluster-total-nodes 2 --cluster-local-nodemask 4 --cluster-hash-seed 5 ; error
-m cluster --cluster-total-nodes 33 --cluster-local-node 1 --cluster-hash-seed 5 ; error
-m cluster --cluster-total-nodes 0 --cluster-local-node 1 --cluster-hash-seed 5 ; error
-m cluster --cluster-total-nodes 2 --cluster-local-node 0 --cluster-hash-seed 5 ; error
-m cluster --cluster-total-nodes 2 --cluster-local-node 1 ; error
-m cluster --cluster-total-nodes 2 --cluster-hash-seed 1 ; error
-m cluster --cluster-local-node 1 --cluster-hash-seed 1 ; error
-m cluster --cluster-total-nodes 2 --cluster-local-node 1 --cluster-local-nodemask 1 \
--cluster-hash-seed 1 ; error
-m cluster ! --cluster-total-nodes 2 --cluster-local-node 1 --cluster-hash-seed 1 ; error
-m cluster --cluster-total-nodes 2 --cluster-local-node 1 --cluster-hash-seed 4294967296 ; error
"""
