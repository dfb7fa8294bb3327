"""English, of `fwsim diff`."""

WORDS = {
    "diff.old": "old: {title}",
    "diff.new": "new: {title}",
    "diff.equal": "✓ No packet changed: the two are equal, which is proved for all packets.",
    "diff.equal.asked": "✓ No packet changed of those that are asked about; this is proved.",
    "diff.equal.but": "✓ No packet changed of all that were compared; some rules met none of them:",
    "diff.changed": "✗ Packets changed: {count}.",
    "diff.changed.one": "1 way",
    "diff.changed.many": "{count} ways",
    "diff.unknown": "? Whether a packet changed depends.",
    "diff.change": "{number}. {was} → {now}",
    "diff.how": "{verdict} ({how})",
    "diff.becomes": "{verdict} ({how}; {becomes})",
    "diff.rule": "  {side}  {table} {chain} {rule}  {text}",
    "diff.side.old": "old",
    "diff.side.new": "new",
    "diff.several": "  {side}  no rule, or not told apart",
    "diff.policy": "policy",
    "diff.example": "  for example (traced on both sides)",
    "diff.example.after": "  for example, with what goes before (traced on both sides)",
    "diff.perhaps": "these perhaps",
    "diff.unmet": "rules that only the {side} one has, and that no packet met",
    "diff.left_out": "Compared: packets that begin a connection, that conntrack calls INVALID, and "
    "those of known\nconnections as if nothing had been translated. Left out: fragments, broken "
    "and too large\npackets, multicast.",
}
