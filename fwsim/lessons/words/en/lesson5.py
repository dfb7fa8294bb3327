"""English, lesson 5."""

WORDS = {
    "lesson5.1.right": "Right: 8.8.8.8 sees the host's address, {seen}. That is where it sends its "
    "answer, and conntrack knows to whom it belongs.",
    "lesson5.1.own": "That is ns1's own address. MASQUERADE puts another in its place before the "
    "packet leaves.",
    "lesson5.1.wrong": "Not {answer}. Which address does the host have on the device by which the "
    "packet leaves?",
    "lesson5.2.right": "Right: the request arrives, but its sender is 172.18.0.3, and out there "
    "nobody knows a way to it.\n{ended}",
    "lesson5.2.wrong": "Nothing stops the request: FORWARD accepts it, and the way to 8.8.8.8 is "
    "known. Where would 8.8.8.8 send its answer?",
    "lesson5.3.right": "Right: whoever asks the host's port 8080 reaches ns1's port 80, and by "
    "eth0 nothing else of docker1 can be reached, which is proved.",
    "lesson5.3.nat": "The packet's destination still is the host. A rule in nat's PREROUTING has "
    "to change it: -p tcp --dport 8080 -j DNAT --to-destination ADDRESS:PORT.",
    "lesson5.3.elsewhere": "The packet is sent on to {where}. It is meant for 172.18.0.3:80.",
    "lesson5.3.lost": "The destination is changed as it should be, but there is no answer. FORWARD "
    "is asked after DNAT, and sees the packet as it is then.\n{ended}\n{why}",
    "lesson5.3.open": "Port 8080 works, but more can be reached. Let only what is for ns1's port "
    "80 pass.\n{example}",
    "lesson5.4.right": "Right. It was tried: a rule for port {port} counts the packet. DNAT comes "
    "first, in PREROUTING; FORWARD, and DOCKER-USER with it, comes after.",
    "lesson5.4.before": "That is the port that was asked for. PREROUTING is before FORWARD: what "
    "has DNAT made of it by then?",
    "lesson5.4.wrong": "Tried: a rule for port {answer} in DOCKER-USER does not count the packet.",
    "lesson5.5.right": "Right: they are kept out, and others still get in.\n{ended}",
    "lesson5.5.chain": "This changes {chain}. Leave all but filter's DOCKER-USER as it is.",
    "lesson5.5.late": "They still get in. DOCKER-USER begins with RETURN, which matches "
    "everything; a rule behind it is never asked.",
    "lesson5.5.port": "They still get in: your rule asks for port 8080, and DOCKER-USER sees the "
    "packet after DNAT. Ask for the port that it has by then (or, with -m conntrack "
    "--ctorigdstport, for the one that it had).",
    "lesson5.5.goes_on": "They still get in: no rule of yours matches. The packet comes from "
    "203.0.113.0/24, by eth0, and is for 172.17.0.2 port 80 by now.",
    "lesson5.5.others": "They are kept out, but so is {src}, who may come in.\n{ended}",
    "lesson5.6.right": "Right: web sees {seen} as the sender, answers it, and the host hands the "
    "answer back. For others nothing has changed.",
    "lesson5.6.lost": "web still gets no answer. A rule in nat's POSTROUTING has to put another "
    "sender in place of web's own, where both sender and destination are web.\n{ended}",
    "lesson5.6.broken": "web reaches itself, but whoever asks from outside gets no answer any "
    "more.\n{ended}",
    "lesson5.6.hides": "web reaches itself, but now everybody looks like {seen} to it, those from "
    "outside too. Say in the rule whose packets are meant.",
}
