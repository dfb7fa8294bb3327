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
    "redirect": "{host} also tells {address} of a nearer way by an ICMP redirect, unless NAT drops "
    "it; that packet is not followed",
    "builtin": "{name} (built in; name your own rules with --from)",
}
