"""Snapshots to write in tests: directories of what commands print, by namespace and file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

RULES = "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n"
EXAMPLES = Path(__file__).parent.parent.parent / "fixtures" / "examples"
ARTICLE = EXAMPLES / "article"


def write(folder: Path, files: Mapping[str, Any]) -> Path:
    """Files by path; what is no text or bytes is written as JSON."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content if isinstance(content, str) else json.dumps(content))
    return folder


def device(index: int, name: str, *addresses: str, **more: Any) -> dict[str, Any]:
    """One object of `ip -j -d addr`; `kind`, `link`, `nsid`, `master`, `mac` as far as given."""
    found = [address.split("/") for address in addresses]
    loopback = name == "lo"
    item = {
        "ifindex": index,
        "ifname": name,
        "flags": ["LOOPBACK" if loopback else "BROADCAST", "UP", "LOWER_UP"],
        "link_type": "loopback" if loopback else "ether",
        "address": more.get("mac", f"02:00:00:00:00:{index:02x}"),
        "addr_info": [
            {
                "family": "inet6" if ":" in local else "inet",
                "local": local,
                "prefixlen": int(length),
                "scope": "host" if loopback else "global",
            }
            for local, length in found
        ],
    }
    if "kind" in more:
        item["linkinfo"] = {"info_kind": more["kind"]}
    names = {"link": "link_index", "nsid": "link_netnsid", "master": "master"}
    item.update({names[key]: value for key, value in more.items() if key in names})
    return item


LO = device(1, "lo", "127.0.0.1/8")
