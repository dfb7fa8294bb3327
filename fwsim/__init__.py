"""fwsim: what a Linux host's iptables does to a packet, and why."""
