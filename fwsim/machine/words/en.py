"""English."""

WORDS = {
    "bridge.by_name": "{name} is taken for a bridge by its name; no rule shows its subnet",
    "bridge.by_rule": "{name} is taken for a bridge with {address}/{length}: {rule} masquerades "
    "what its subnet sends elsewhere",
    "rule.line": "line {line}",
    "rule": "a rule",
    "and": " and ",
    "address.uplink": "{name}'s address is not told; {held} stands for it",
    "address.host": "the host's addresses are not told; {held} on {name} stands for them",
    "address.own": "taken for the host's own, since rules for it name them: {addresses}",
    "uplink.several": "the rules name several devices that may lead out ({names}): no default "
    "route is assumed; say --in or --out",
    "uplink.only": "{name} is taken for the uplink, with the default route: no other is named",
    "uplink.none": "an uplink {name} with the default route is assumed: the rules name none",
    "sysctl": "{name} = 1 is assumed",
    "device": "no rule names {dev}: it is taken for a device of {host} without addresses",
    "way_back": "the way back to {address} is taken to lead by {dev} too",
    "network": "{name} is a network: {who} on it stands for it",
    "redirect": "{host} also tells {address} of a nearer way by an ICMP redirect, unless NAT "
    "drops it; that packet is not followed",
    "queue": "whether a program reads queue {queues}; none is assumed to",
    "multicast": "multicast routing is not modelled",
    "fragments": "a fragment that came before waits for it; to put them together is not modelled",
    "by_which": "by which device {address} is reached (--in, --out)",
    "untold": "{what}, which nobody told",
    "endless": "where it ends: after {count} hosts it goes on",
    "chance.port": "port chosen by the kernel at random",
    "discovery.rule": "neighbour discovery is left out, but {table} {chain}, rule {rule}, on "
    "{stops} would stop it: {host} learns where {address} is only if it knows already",
    "discovery.policy": "neighbour discovery is left out, but {table} {chain}, policy, on "
    "{stops} would stop it: {host} learns where {address} is only if it knows already",
    "over": "{name}: what {dev} lies over is not known",
    "layer3": "{name}: {dev} is an {kind} of layer 3: its parent's routes are not asked",
    "group": "{dev}'s group {group} is taken for 0: only its name is told",
    "nexthops": "of the several next hops to {dst} only the first is followed",
    "other_family": "the route to {dst} by a gateway of another family is not modelled yet",
    "realm": "realm {realm} is taken for 0: only its name is told",
    "route_from": "the route to {dst} is asked for every source, not only its own",
    "ip_rule": "ip rule {number}: {names} is not modelled",
    "conntrack.connlabel": "conntrack does not tell the labels of its connections: they are "
    "taken to have none",
    "conntrack.connlimit": "conntrack does not tell which of its connections connlimit has "
    "counted: it begins with none",
    "snapshot.nowhere": "its devices and addresses are not known, so that it is nowhere",
    "snapshot.no_file": "no {file}: {what}",
    "snapshot.no_route": "{file} has no route: {what}",
    "snapshot.own_routes": "only the routes that its addresses bring along are known",
    "snapshot.inferred": "no ip-addr.json: what follows is inferred from the rules",
    "snapshot.inferred.damaged": "no usable ip-addr.json: what follows is inferred from the rules",
    "snapshot.unready": "not in use yet (tentative): {names}",
    "snapshot.bridge": "{dev} is taken for a bridge: `ip -d` would have told",
    "snapshot.master": "{dev}, the {kind} over {lower}, is not modelled",
    "snapshot.unknown": "unknown device",
    "builtin": "{name} (built in; name your own rules with --from)",
}
