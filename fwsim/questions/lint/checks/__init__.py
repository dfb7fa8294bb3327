"""The checks of fwsim lint, one file each, named for its code."""
