"""One file per iptables extension, match and target together, found by its name.

A file defines MATCH, TARGET or both (fwsim.language.options) and EXAMPLES, lines of
`rule ; rule as iptables-save prints it` or `rule ; error`, optionally with a third part naming
the chain and table it lives in. CONTRIBUTING.md shows how to add one.
"""
