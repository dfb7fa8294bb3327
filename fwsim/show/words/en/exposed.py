"""English, of `fwsim exposed`."""

WORDS = {
    "exposed.by": "What gets in by {dev}:",
    "exposed.all": "What gets in, by any device:",
    "exposed.none": "✗ Nothing gets in; this is proved for all packets.",
    "exposed.to": "to",
    "exposed.door": "door",
    "exposed.becomes": "{door} → {to}",
    "exposed.listens": "listens",
    "exposed.yes": "yes",
    "exposed.no": "no",
    "exposed.from": "from",
    "exposed.rules": "by",
    "exposed.under": "  from {source}: {rules}",
    "exposed.perhaps": "perhaps: {what}",
    "exposed.any": "anything",
    "exposed.many": "tcp, udp and more",
    "exposed.protocols": "all but {what}",
    "exposed.ports": "{proto} {ports}",
    "exposed.many_ports": "{count} other ports",
    "exposed.left_out": "Asked about are packets that begin connections. Left out: fragments, "
    "broken and\ntoo large packets, multicast.",
    "exposed.family": "IPv{family}",
    "exposed.no_rule": "no rule",
}
