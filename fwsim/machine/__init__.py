"""The host around the rules: hooks, conntrack, NAT, routing, bridges, places, the walk."""
