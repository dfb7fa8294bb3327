"""English, lesson 3."""

WORDS = {
    "lesson3.1.right": "Right. With the ways back it is: {way}.",
    "lesson3.1.foreign": "No rule of {name} is asked about this packet. Only the jumps of rules "
    "that match are followed.",
    "lesson3.1.missing": "Something is missing: rules of {count} chains are asked, FORWARD "
    "included.",
    "lesson3.1.order": "These are the chains, but not in this order. Begin where the packet does, "
    "and follow the jumps.",
    "lesson3.2.right": "Right. A chain that returns hands the packet back to where it was called "
    "from, and the rule behind the jump is asked next: rule {rule}.",
    "lesson3.2.same": "That rule is the jump itself; it has been asked. Which one comes behind it?",
    "lesson3.2.top": "RETURN does not start the chain anew: it goes back to behind the jump.",
    "lesson3.2.wrong": "Not rule {answer}. Find the rule of FORWARD that jumps to "
    "DOCKER-ISOLATION-STAGE-1; the next one is asked when it returns.",
    "lesson3.3.right": "Right: STAGE-1's rule 1 matches and jumps there. STAGE-2's rule {rule} "
    "sends it back, since it does not leave by docker0.",
    "lesson3.3.elsewhere": "FORWARD is not asked about this packet: it does not travel through the "
    "host.",
    "lesson3.3.misses": "STAGE-1 is asked, but its rule 1, the only jump to STAGE-2, misses this "
    "packet:\n{why}",
    "lesson3.4.right": "Right, and proved: without that rule no packet would fare otherwise. What "
    "comes to STAGE-2 does not leave by docker0 (STAGE-1 asks for that), and the DROP asks that "
    "it does. With a second network of Docker's there would be two jumps, and the stages at work.",
    "lesson3.4.wrong": "Look at both conditions together: STAGE-1 sends only such packets there as "
    "come in by docker0 and do not leave by docker0. The DROP wants one that leaves by docker0.",
    "lesson3.5.right": "Right: your rule stands before DOCKER-USER's RETURN, and Docker will not "
    "touch it.\n{ended}",
    "lesson3.5.nothing": "Nothing has changed: these commands leave the rules as they were.",
    "lesson3.5.elsewhere": "This changes {chain}. Leave all chains but DOCKER-USER as they are.",
    "lesson3.5.late": "ns1 still gets its answer. DOCKER-USER already has a rule, RETURN, which "
    "matches everything: a rule behind it is never asked. Insert yours before it, and see that "
    "it matches ns1's ping or the answer.",
    "lesson3.5.others": "ns1 is stopped, but so is a ping from {src} to {dst}, which is to go "
    "on.\n{ended}",
}
