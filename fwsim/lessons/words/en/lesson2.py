"""English, lesson 2."""

WORDS = {
    "lesson2.1.right": "Right: {count} lines begin with -A FORWARD, and these are its rules, 1 to "
    "{count}.",
    "lesson2.1.all": "That many rules are in all chains of filter together. Count those of FORWARD "
    "alone: the lines that begin with -A FORWARD.",
    "lesson2.1.chains": "That many chains are there: the lines that begin with a colon. Count the "
    "rules of one of them: the lines that begin with -A FORWARD.",
    "lesson2.1.wrong": "Not {answer}. Each line that begins with -A FORWARD is one rule of it.",
    "lesson2.2.right": "Right, and proved for every packet: with this they all fare as before "
    "Docker. FORWARD has {kept} rules now. It was the policy, and nothing else.",
    "lesson2.2.differs": "There still are packets that fare otherwise than before Docker, for "
    "example this one (before → now):\n{change}",
    "lesson2.2.unsure": "With this rule it depends on something that is not known. There is a "
    "simpler way.",
    "lesson2.3.right": "Right: before Docker the policy let it through, now FORWARD's rule {rule} "
    "does.",
    "lesson2.3.elsewhere": "This packet gets through, but FORWARD is not asked about it: it is for "
    "the host itself, or from it. Take one that travels through the host.",
    "lesson2.3.neither": "This packet does not get through even before Docker.\n{ended}",
    "lesson2.3.lost": "This packet got through before Docker, and no more. Look for the rules of "
    "FORWARD that end in ACCEPT: by which device does a packet come in that matches one?\n{ended}",
}
