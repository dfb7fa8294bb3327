"""Sets of packets through the machine: the walk's own diagram, tables and effects, for all packets
at once.

Every set and every changed field is a function of the packets as they came in (`Env`), so that
what is found at the end of a way names the packets at its beginning.
"""
