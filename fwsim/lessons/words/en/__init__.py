"""English, for all exercises. A first line is the message, further lines are evidence."""

WORDS = {
    "check.unanswered": "Not answered yet. Put {wanted} where the three dots are, and run the "
    "cell again.",
    "check.command": "iptables would not take this:\n{why}",
    "check.question": "This cannot be tried here:\n{why}",
    "check.unknown": "There is no such exercise. Perhaps you mean one of these: {names}",
    "check.no_hypothesis": "This exercise is checked with Hypothesis, which is not installed: "
    "pip install 'fwsim[test]', and start the notebook again.",
    # kinds of answers: what an exercise wants
    "wanted.commands": 'a list of iptables commands, such as ["iptables -A FORWARD -j ACCEPT"],',
    "wanted.packet": 'a packet, such as {{"in": "eth0", "src": "8.8.8.8", "dst": "172.18.0.3"}},',
    "wanted.number": "a number",
    "wanted.names": 'a list of names, such as ["one", "two"],',
    "wanted.ports": "a list of port numbers, such as [80, 8080],",
    "wanted.address": 'an address, such as "172.18.0.1",',
    "wanted.function": "your function's name (without quotes)",
    "wanted.choice": "one of {choices}",
    # kinds of answers: what was given instead
    "answer.commands": "These are no commands. Write a list of texts, each an iptables command: "
    '["iptables -A FORWARD -j ACCEPT"].',
    "answer.no_commands": "There is no command in this. Write a list of texts, each an iptables "
    "command.",
    "answer.no_program": "Begin each command as in a shell, with iptables:\niptables {line}",
    "answer.other_program": "Only iptables commands are tried here, and this is none:\n{line}",
    "answer.capitals": "iptables tells capitals from small letters: write {meant} instead "
    "of {word}.",
    "answer.no_target": "This rule has no target, so it lets the packet go on to the next one. Say "
    "with -j what is to be done (-j ACCEPT, -j DROP):\n{line}",
    "answer.too_much": "That is more than any answer needs. Try fewer or shorter commands.",
    "answer.packet": "This is no packet. Write a dict of plain values, such as "
    '{{"in": "eth0", "src": "8.8.8.8", "dst": "172.18.0.3"}}.',
    "answer.packet_without": 'The packet has no "{member}": it needs at least "src" and "dst".',
    "answer.number": "Write a whole number.",
    "answer.names": 'Write a list of names: ["one", "two"].',
    "answer.ports": "Write a list of port numbers: [80, 8080].",
    "answer.address": 'Write an address: "172.18.0.1".',
    "answer.function": "This is no function. Write one with def, and hand over its name.",
    "answer.choice": "Write one of {choices}.",
}
