"""A host written down: the standard commands whose output fwsim.machine.snapshot reads."""
