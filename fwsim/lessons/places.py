"""The lessons' own places: those that are none of fwsim's examples."""
