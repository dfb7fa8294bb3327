"""English, of `fwsim repair`."""

WORDS = {
    "repair.fine": "{outcome} Nothing has to be done.",
    "repair.allow": "{outcome} This lets it through, each tried, the smallest first:",
    "repair.block": "{outcome} This stops it, each tried, the smallest first:",
    "repair.allow.none": "{outcome} No command was found that lets it through.",
    "repair.block.none": "{outcome} No command was found that stops it.",
    "repair.opens": "{outcome} Opens to new connections, {count} different headers:",
    "repair.opens.nothing": "{outcome} Opens nothing to new connections.",
    "repair.closes": "{outcome} Closes to new connections, {count} different headers:",
    "repair.closes.nothing": "{outcome} Closes nothing to new connections.",
    "repair.others": "Of known connections and INVALID, {count}:",
}
