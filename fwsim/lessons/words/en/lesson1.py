"""English, lesson 1."""

WORDS = {
    "lesson1.1.right": "Right. The host's own ping starts on the host, so it goes through OUTPUT, "
    "and its answer through INPUT. FORWARD never sees either.",
    "lesson1.1.wrong": "It is the other way round. FORWARD is asked about packets that travel "
    "through the host. Where does a ping that the host itself sends begin?",
    "lesson1.2.right": "Right: ns1 gets no answer, ns0 does, and ns0 and ns1 still reach each "
    "other.\n{ended}",
    "lesson1.2.policy": "This changes FORWARD's policy. Leave it at ACCEPT: here you say no with "
    "a rule.",
    "lesson1.2.chain": "ns1 still gets its answer. INPUT and OUTPUT are about packets to and from "
    "the host itself; this ping travels through the host. Which chain is asked then?",
    "lesson1.2.goes_on": "ns1 still gets its answer: no rule of yours took the ping or its answer. "
    "ns1's address is 172.18.0.3; the ping has it as its source (-s), comes in by docker1 (-i) and "
    "goes out by eth0 (-o).",
    "lesson1.2.others": "ns1 is stopped, but so is a ping from {src} to {dst}, which is to go on. "
    "Say in the rule whom it means, and where to.\n{ended}",
    "lesson1.3.right": "Right. Rule 1 does not match ns1's address, rule {rule} does, and "
    "with that it is decided.",
    "lesson1.3.none": "There are {count} rules. Which of them takes the ping?",
    "lesson1.3.later": "Rule {answer} would match, but it is never asked: a rule before it matches "
    "as well, and the first one that matches decides.",
    "lesson1.3.misses": "Rule {answer} does not match. It asks for the source 172.18.0.2, and ns1 "
    "is 172.18.0.3.",
    "lesson1.4.right": "Right. Your rule is asked before the DROP. -A would have put it at the "
    "end, where it is never asked.",
    "lesson1.4.deleted": "One of the three rules is gone. Leave them, and add one.",
    "lesson1.4.one": "One rule is to be added, not {count}.",
    "lesson1.4.late": "ns1 still gets no answer. Does your rule match its ping, whose source (-s) "
    "is 172.18.0.3? And if it stands behind the DROP, it is never asked: -I FORWARD 1 puts a "
    "rule first, -A puts it last.\n{ended}",
    "lesson1.4.open": "ns1 gets through, but so does {src}, which is to stay blocked. Say in the "
    "rule whom it means.",
    "lesson1.5.right": "Right: ns0 and ns1 reach each other. And proved for every packet: none "
    "goes out by eth0, and none from 8.8.8.8 comes in there.",
    "lesson1.5.policy": "FORWARD's policy is still ACCEPT: whatever no rule speaks of gets "
    "through. Begin with the command that changes the policy.",
    "lesson1.5.request": "The ping from {src} to {dst} does not get through.\n{ended}",
    "lesson1.5.reply": "The ping from {src} to {dst} gets through, but its answer does not: the "
    "answer is a packet too, and goes the other way.\n{ended}",
    "lesson1.5.out": "ns0 and ns1 reach each other, but more gets through: this packet still "
    "leaves for the internet.\n{example}",
    "lesson1.5.in": "ns0 and ns1 reach each other, but more gets through: this packet still comes "
    "in from the internet.\n{example}",
}
