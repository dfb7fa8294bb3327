"""What iptables-save writes, and nobody reads back."""

from __future__ import annotations

import re

UNREADABLE = re.compile(
    r"-j (?:SNAT|MASQUERADE) .*-[0-9]+/0|-j (?:DNAT|REDIRECT) .*[0-9:]+/[0-9]"
    r"|-m ipcomp(?! (?:! )?--ipcompspi)|--dccp-types (?![A-Z])|\|[0-9a-f]{256}\|"
    r"|--(?:genre|object-pinned) (?![\w/.]+(?: [-!]|$))"
    r"|--rateest-ewmalog 5[0-9]{2}\.|--rateest-(?:gt|lt|eq) .*--rateest-(?:gt|lt|eq) "
    r"|--seconds -| 0b/s|--led-delay -|--cluster-local-nodemask 0x(?!000000(?:[01]|20))"
    r"|-j [DS]NPT(?! --src-pfx \S+ --dst-pfx)|--(?:hashlimit-name|name|selctx) \S+ (?![-!]|$)"
    r"|--(?:week|month)days  |-m time(?! --)",
    re.MULTILINE,
)
"""What iptables-save writes and iptables-restore takes for something else, or not at all: base
ports of 0, or behind one port; any CPI; no DCCP types; 128 bytes in hexadecimal; bare blanks; the
longest averages, two rates of RATEEST's; seconds that turned negative, rates that became none;
masks of nodes past 32, half a translation of prefixes, names with blanks, days that are none."""
