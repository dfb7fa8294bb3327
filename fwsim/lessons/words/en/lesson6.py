"""English, lesson 6."""

WORDS = {
    "lesson6.1.right": "Right, this packet gets from one bridge to the other. {chain}'s rule "
    "{rule} lets it through:\n{text}",
    "lesson6.1.in": "The packet is to come from docker1: by docker1 itself, or by one of its "
    "ports, veth0 and veth1.",
    "lesson6.1.elsewhere": "FORWARD is not asked about this packet: it does not travel through the "
    "host.",
    "lesson6.1.lost": "This packet does not get through.\n{ended}",
    "lesson6.1.not_web": "This packet gets through, but not to web on docker0: it ends at {where}.",
    "lesson6.2.right": "Right, both are proved. STAGE-2 still knows docker0 only, so nothing comes "
    "to docker0 from docker1; but nobody drops what goes to docker1.",
    "lesson6.2.wrong": "Try it: net.apply that rule, and ask reach for each direction.",
    "lesson6.3.right": "Right, and proved: no packet that begins a connection gets from one bridge "
    "to the other, and between docker1, docker0 and eth0 the same packets as before get through.",
    "lesson6.3.open": "From {in_} to {out} there still is a way:\n{example}",
    "lesson6.3.changed": "The bridges are kept apart, but other things have changed: from {in_} to "
    "{out} it is not the same packets any more that get through.",
    "lesson6.3.answers": "The bridges are kept apart, but {src} no longer gets its answer from "
    "{dst}.\n{ended}",
    "lesson6.4.right": "Right: ns1 reaches web's port 80, and its answers come back; all else "
    "stays apart, which is proved.",
    "lesson6.4.request": "ns1 does not reach web's port 80. DOCKER-USER is asked before the "
    "ISOLATION stages: what is accepted there does not come to them.\n{ended}",
    "lesson6.4.reply": "ns1's request arrives, but the answer does not come back: it goes from "
    "docker0 to docker1, and that is forbidden too. Lesson 4 had a rule for this.\n{ended}",
    "lesson6.4.open": "ns1 reaches web's port 80, but the exception is too wide: this gets through "
    "as well.\n{example}",
    "lesson6.4.answers": "ns1 no longer gets its answer from 8.8.8.8.\n{ended}",
}
