"""Traditional Chinese of pages and pictures."""

WORDS = {
    "page.skip": "跳到內容",
    # a table's result
    "page.table": "{table} {hook}：{verdict}",
    "page.policy": "預設政策 {verdict}",
    "page.rule": "{verdict}，{chain} 第 {rule} 條",
    "page.rule.own": "{verdict}，第 {rule} 條",
    "page.missed": "✗ {chain}第 {first} 至 {last} 條不符",
    # the rules' text
    "page.rules": "規則",
    "page.dump": "{host}，IPv{family}：{name}",
    "page.dump.saved": "{host}，IPv{family}，如 iptables-save 所印",
    "page.lines": "… 第 {first} 至 {last} 行未顯示 …",
    "page.lines.one": "… 第 {first} 行未顯示 …",
    "page.port": "{dev} ({bridge})",
    # notebooks
    "page.ruleset": "IPv{family}：{chains} 條鏈，{rules} 條規則",
    "page.net.devices": "所有介面",
    "page.net.host": "主機",
    "page.net.device": "介面",
    "page.net.addresses": "位址",
    "page.net.to": "通往",
    "page.net.rules": "IPv{family}：{count} 條規則",
    "page.net.rules.one": "IPv{family}：1 條規則",
    "page.net.port": "{bridge} 的埠",
    "page.net.veth": "{host} 的 {dev}",
    "page.net.over": "在 {host} 的 {dev} 之上",
    "page.net.down": "未啟用",
    "page.net.more": "… 還有 {count} 個介面",
    # a picture in words
    "page.lane": "{lane}：{stations}。",
    "page.then": "，接著 ",
}
