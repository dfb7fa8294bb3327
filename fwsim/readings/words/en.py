"""English.

`field.NAME` names a field as it stands before a value; `fact.NAME.0` and `.1` say a yes-or-no
field whole; `not.NAME` is how a field's negation reads where "NAME not VALUE" would not.
"""


def _reverse_paths() -> dict[str, str]:
    """Of the fields of `rpf`, by what they leave out or take in."""
    words = {}
    for name, way in (("rpf", "by the device that it came by"), ("rpf_loose", "by any device")):
        for mark, under in (("", ""), ("_mark", ", under its mark")):
            for local, own in (("", ""), ("_local", ", or the source is the host's own")):
                key = f"fact.{name}{mark}{local}"
                words[f"{key}.0"] = f"no answer would go back {way}{under}"
                words[f"{key}.1"] = f"an answer would go back {way}{under}{own}"
    return words


WORDS = {
    # what was seen against what the rule asks for
    "seen": "{field} {seen}",
    "seen.within": "{field} {seen} ({wanted})",
    "seen.not": "{field} {seen}, not {wanted}",
    "seen.excluded": "{field} {seen}, which is excluded",
    "seen.within_excluded": "{field} {seen} ({wanted}), which is excluded",
    "fact": "{field}: {seen}",
    "free": "{why}",
    "free.not": "not {why}",
    "free.unknown": "depends on {why}",
    "ways.none": "can never be met",
    "ways.nearest": "{nearest} (nearest of {count} ways)",
    # what the rule asks for
    "is": "{field} {wanted}",
    "not": "{field} not {wanted}",
    "not.in": "came in by any but {wanted}",
    "not.out": "leaves by any but {wanted}",
    "not.physin": "came in by any bridge port but {wanted}",
    "not.physout": "leaves by any bridge port but {wanted}",
    "any_packet": "any packet",
    "no_packet": "no packet",
    # values
    "range": "in {values}",
    "span": "{low}-{high}",
    "prefix": "{address}/{length}",
    "wildcard": "{name}+",
    "masked": "{value}/{mask}",
    "masked.tcpflags": "{value} of {mask}",
    "iface.none": "no interface",
    # lists
    "comma": ", ",
    "or": " or ",
    "and": ", and ",
    "semicolon": "; ",
    "more": "{count} more",
    "group": "({words})",
    # fields
    "field.src": "source",
    "field.dst": "destination",
    "field.in": "came in by",
    "field.out": "leaves by",
    "field.physin": "came in by bridge port",
    "field.physout": "leaves by bridge port",
    "field.proto": "protocol",
    "field.frag": "fragment offset",
    "field.sport": "source port",
    "field.dport": "destination port",
    "field.tcp_flags": "TCP flags",
    "field.tcp_options": "TCP options",
    "field.icmp_type": "ICMP type",
    "field.icmp_code": "ICMP code",
    "field.mark": "mark",
    "field.priority": "priority",
    "field.ct_mark": "connection mark",
    "field.ct_labels": "connection labels",
    "field.length": "length",
    "field.ttl": "TTL",
    "field.tos": "TOS",
    "field.ctstate": "state",
    "field.ct_status": "connection status",
    "field.ct_dir": "connection direction",
    "field.mac_src": "source MAC",
    "field.ct_proto": "connection protocol",
    "field.ct_expire": "seconds until the connection expires",
    "field.ct_orig_src": "original source",
    "field.ct_orig_dst": "original destination",
    "field.ct_repl_src": "reply source",
    "field.ct_repl_dst": "reply destination",
    "field.ct_orig_sport": "original source port",
    "field.ct_orig_dport": "original destination port",
    "field.ct_repl_sport": "reply source port",
    "field.ct_repl_dport": "reply destination port",
    "field.src_type": "source address type",
    "field.dst_type": "destination address type",
    "field.src_type_in": "source address type, as seen where it came in,",
    "field.dst_type_in": "destination address type, as seen where it came in,",
    "field.src_type_out": "source address type, as seen where it leaves,",
    "field.dst_type_out": "destination address type, as seen where it leaves,",
    "field.in_group": "group of the device it came in by",
    "field.out_group": "group of the device it leaves by",
    "field.packet_type": "frame",
    "field.sender": "sent by",
    "field.realm": "route's realm",
    "field.path_mtu": "path's MTU",
    "field.tcp_mss": "MSS",
    "field.tcp_flags_in_fragment": "what stands where TCP's flags would",
    # yes-or-no fields
    "fact.bridged.0": "routed",
    "fact.bridged.1": "bridged from port to port",
    "fact.ports.0": "no ports to be read",
    "fact.ports.1": "ports to be read",
    "fact.headers.0": "an extension header is cut off",
    "fact.headers.1": "whole extension headers",
    "fact.l4_header.0": "no whole transport header",
    "fact.l4_header.1": "a whole transport header",
    "fact.tcp_options_sound.0": "malformed TCP options",
    "fact.tcp_options_sound.1": "well-formed TCP options",
    "fact.from_ethernet.0": "it came in no Ethernet frame",
    "fact.from_ethernet.1": "it came in an Ethernet frame",
    "fact.seeks_socket.0": "no socket takes such packets",
    "fact.seeks_socket.1": "TCP, UDP or an error about them",
    **_reverse_paths(),
    "fact.conntrack.0": "connections are not tracked",
    "fact.conntrack.1": "connections are tracked",
    "fact.ct_known.0": "no connection is known",
    "fact.ct_known.1": "a connection is known",
}
