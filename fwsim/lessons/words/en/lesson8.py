"""English, lesson 8."""

WORDS = {
    "lesson8.1.right": "Right: {ports}. The database is open to everybody, whatever ufw says.",
    "lesson8.1.shut": "Port {port} is shut: nobody gets an answer there.",
    "lesson8.1.database": "That is what ufw allows. There is one more: look at the nat table, or "
    "let exposed show you all doors.",
    "lesson8.1.more": "Some are missing: {count} ports are open.",
    "lesson8.2.right": "Right: Docker's DNAT makes it a packet for the container, which travels "
    "through the host. ufw's rules for incoming packets stand behind INPUT, and are not asked.",
    "lesson8.2.wrong": 'Trace it: print(net.trace(src="198.51.100.9", dst="host", '
    'proto="tcp", dport=5432, in_="eth0")). Which chain of filter stands there?',
    "lesson8.3.right": "Right: the database is closed to the outside; port 22, 443 and what the "
    "container asks for itself go on as before.\n{ended}",
    "lesson8.3.input": "The database is still open. INPUT and ufw's chains behind it are not asked "
    "about packets for a container: this one goes through FORWARD.",
    "lesson8.3.late": "The database is still open. DOCKER-USER begins with RETURN, and a rule "
    "behind that is never asked.",
    "lesson8.3.open": "The database is still open: no rule of yours matches.",
    "lesson8.3.rewritten": "The database is closed, but this changes {chain}, which Docker or ufw "
    "writes anew. Do it in DOCKER-USER alone.",
    "lesson8.3.outward": "The database is closed, but the container gets no answers any more when "
    "it asks somebody outside. Say in the rule which packets are meant.\n{ended}",
    "lesson8.4.right": "Right: now the more specific rule is asked first.\n{ended}",
    "lesson8.4.open": "203.0.113.66 still gets in at port 22: the rule that accepts port 22 from "
    "everybody is asked first.",
    "lesson8.4.others": "203.0.113.66 is shut out, and with it everybody else.",
}
