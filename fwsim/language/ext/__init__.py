"""One file per iptables extension, match and target together, found by its name.

A file defines MATCH, TARGET or both (fwsim.language.options) and EXAMPLES, lines of
`rule ; rule as iptables-save prints it` or `rule ; error`, optionally with a third part naming
the table and chain it lives in, with `lost` behind where iptables-save prints what
iptables-restore does not read as the same again. CONTRIBUTING.md shows how to add one.
"""
