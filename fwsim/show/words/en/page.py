"""English of pages and pictures."""

WORDS = {
    "page.skip": "Skip to the content",
    # a table's result
    "page.table": "{table} {hook}: {verdict}",
    "page.policy": "policy {verdict}",
    "page.rule": "{verdict} by {chain} {rule}",
    "page.rule.own": "{verdict} by rule {rule}",
    "page.missed": "✗ {chain}rules {first} to {last} miss",
    # the rules' text
    "page.rules": "the rules",
    "page.dump": "{host}, IPv{family}: {name}",
    "page.dump.saved": "{host}, IPv{family}, as iptables-save prints it",
    "page.lines": "… lines {first} to {last} are not shown …",
    "page.lines.one": "… line {first} is not shown …",
    "page.port": "{dev} ({bridge})",
    # notebooks
    "page.ruleset": "IPv{family}: {rules} rules in {chains} chains",
    "page.net.devices": "all devices",
    "page.net.host": "host",
    "page.net.device": "device",
    "page.net.addresses": "addresses",
    "page.net.to": "leads to",
    "page.net.rules": "IPv{family}: {count} rules",
    "page.net.rules.one": "IPv{family}: 1 rule",
    "page.net.port": "port of {bridge}",
    "page.net.veth": "{dev} of {host}",
    "page.net.over": "over {dev} of {host}",
    "page.net.down": "down",
    "page.net.more": "… and {count} more devices",
    # a picture in words
    "page.lane": "{lane}: {stations}.",
    "page.then": ", then ",
}
