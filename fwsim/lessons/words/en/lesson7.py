"""English, lesson 7."""

WORDS = {
    "lesson7.1.right": "Right.\n{ended}",
    "lesson7.1.elsewhere": "FORWARD is not asked about this packet: it does not travel through the "
    "host.",
    "lesson7.1.passes": "This packet gets through. Let find look for one that does not.",
    "lesson7.1.always": "This packet is lost, but so it is without the new rule.\n{ended}",
    "lesson7.2.right": "Right: your property holds where the bridges are kept apart, and finds all "
    "of {count} faults.",
    "lesson7.2.alarm": "A false alarm: the bridges are kept apart, and yet your property says that "
    "this packet gets to web:\n{packet}",
    "lesson7.2.raises": "Your function raised an error:\n{error}",
    "lesson7.2.not_bool": "Your function is to return True (all is well) or False (it is not); it "
    "returned a {told}.",
    "lesson7.2.misses_none": "Your property holds even where nothing keeps the bridges apart. Does "
    "it say anything at all?",
    "lesson7.2.misses_tcp": "Your property misses this fault: TCP is stopped, but pings and UDP "
    "get from docker1 to web.",
    "lesson7.2.misses_sender": "Your property misses this fault: all are stopped but one, "
    "172.18.0.2.",
    "lesson7.2.misses_published": "Your property misses this fault: packets get to web by the "
    "published port, 192.0.2.10:8080. Their destination is web only after DNAT. Look at where a "
    "packet ends, not at where it was sent.",
    "lesson7.3.right": "Right: in your order the ping gets {first}, the other way round {second}. "
    "Both rules match it, and they decide otherwise.",
    "lesson7.3.two": "Two commands are wanted, not {count}.",
    "lesson7.3.append": "Both commands are to append a rule to FORWARD: iptables -A FORWARD …",
    "lesson7.3.same": "With both orders ns1's ping gets {verdict}. For the order to matter, both "
    "rules have to match it.",
}
