"""One file per iptables extension, match and target together, found by its name.

A file defines MATCH, TARGET or both (fwsim.language.options) and EXAMPLES, lines of
`rule ; rule as iptables-save prints it` or `rule ; error`, optionally with a third part: the table
and chain it lives in, and what is remarkable. `lost`: iptables doesn't read back what it saved.
`unloaded`: few kernels know the extension, so a real iptables only reads and lists the rule.
CONTRIBUTING.md shows how to add one.
"""
