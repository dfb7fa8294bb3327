"""English, of `fwsim coverage`."""

WORDS = {
    "coverage.counters": "what moved the dump's own counters",
    "coverage.packets": "the packets",
    "coverage.capture": "the capture",
    "coverage.all": "✓ Every rule was reached by {by}: {rules}.",
    "coverage.some": "{reached} of {rules} rules were reached by {by} ({percent:.0f} %).",
    "coverage.no_rules": "There are no rules.",
    "coverage.table": "table",
    "coverage.chain": "chain",
    "coverage.reached": "reached",
    "coverage.of": "{reached} of {rules}",
    "coverage.policy": "policy",
    "coverage.unreached": "Not reached",
    "coverage.line": "line {line}",
    "coverage.contradictory": "never can be: no packet is what it asks for",
    "coverage.shadowed": "never can be: earlier rules take its packets",
    "coverage.unreached_chain": "never can be: no packet comes to its chain",
    "coverage.unproved": "Whether any packet can reach them was not asked: the rules are too many.",
    "coverage.unsure": "{count} packets' ways end at a fact that nobody knows (--assume).",
    "coverage.zero": "The dump's counters are all 0, or it has none (iptables-save -c).",
}
