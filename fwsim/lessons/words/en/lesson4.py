"""English, lesson 4."""

WORDS = {
    "lesson4.1.right": "Right: ns0 and ns1 reach each other, and nothing of docker1 gets out.",
    "lesson4.1.policy": "This opens FORWARD for everybody. Leave the policy at DROP, and say with "
    "a rule what may pass.",
    "lesson4.1.lost": "There still is no answer.\n{ended}\n{why}",
    "lesson4.1.out": "ns0 and ns1 reach each other, but more gets through. For now nothing of "
    "docker1 is to leave by eth0.\n{example}",
    "lesson4.2.right": "Right. The request went out; nobody let its answer back in.\n{ended}",
    "lesson4.2.wrong": "The new rule lets the request through: it comes in by docker1 and leaves "
    "by eth0. Now look at the other packet.",
    "lesson4.3.right": "Right: the host remembers the request, and knows its answer by that.",
    "lesson4.3.request": "That is the request's state: the first packet of a connection. Its "
    "answer belongs to a connection that is already known.",
    "lesson4.3.wrong": "The trace says the reply's state at the right, beside the word reply.",
    "lesson4.4.right": "Right. It was tried: with a rule for these two devices the answer gets "
    "through. It goes the other way than the request.",
    "lesson4.4.two": "Two names: the device that it comes in by, and the one it leaves by, as "
    '["eth0", "eth0"].',
    "lesson4.4.request": "That is the request's way. The answer comes from where the request went.",
    "lesson4.4.devices": "These are no names of devices: {names}. The host has docker0, docker1 "
    "and eth0.",
    "lesson4.4.wrong": "Tried: a rule for these two devices does not let the answer through. Where "
    "is 8.8.8.8, and where is ns1?\n{why}",
    "lesson4.5.right": "Right, and proved: answers come in, and no packet that begins a "
    "connection does.",
    "lesson4.5.policy": "This opens FORWARD for everybody. Leave the policy at DROP.",
    "lesson4.5.lost": "ns1 still gets no answer.\n{ended}\n{why}",
    "lesson4.5.open": "ns1 gets its answer, but the door is too wide: this packet, which nobody "
    "asked for, gets in as well. Ask for the state too.\n{example}",
    "lesson4.6.right": "Right, and proved: {count} rules instead of three, and no packet fares "
    "otherwise.",
    "lesson4.6.differs": "Some packets fare otherwise than with the three rules (with them → with "
    "yours):\n{change}",
    "lesson4.6.long": "Every packet fares as with the three rules, which is proved, but you wrote "
    "{count} commands. Two rules will do: which two of the three have the same target, and differ "
    "in one condition?",
}
