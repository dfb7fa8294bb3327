"""fwsim's host around the rules, tested by itself."""
