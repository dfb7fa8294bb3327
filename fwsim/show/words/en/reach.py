"""English, of `fwsim reach`."""

WORDS = {
    "reach.some": "✓ Packets {asked}: these get through.",
    "reach.none": "✗ Packets {asked}: none gets through; this is proved for all of them.",
    "reach.unknown": "? Packets {asked}: whether one gets through depends.",
    "reach.example": "for example (traced: it does)",
    "reach.example.after": "for example, with what goes before (traced: it does)",
    "reach.example.none": "no example: none was found that could be sent, with what goes before it",
    "reach.known": "Packets of known connections (ESTABLISHED, RELATED) are those of whatever "
    "connection there is,\nhowever it began and marked, as if nothing had been translated.",
    "reach.perhaps": "these perhaps",
    "reach.depends": "depends on: {what}",
    "reach.answered": "and whose answer comes back",
    "reach.assumed": "Assumed: whatever gets through is answered by where it goes.",
    "reach.left_out": "Left out: fragments, broken and too large packets, multicast destinations.",
    "reach.left_out.v6": "Left out too: packets that end in an extension header (hop-by-hop, "
    "routing, fragment,\nauthentication, destination options).",
}
