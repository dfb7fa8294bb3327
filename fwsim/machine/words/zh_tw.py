"""Traditional Chinese, as it is written in Taiwan."""

WORDS = {
    "bridge.by_name": "由名稱判斷 {name} 是橋接器；沒有規則顯示其子網路",
    "bridge.by_rule": "視 {name} 為橋接器，位址 {address}/{length}："
    "{rule}對其子網路送往他處的封包做 masquerade",
    "rule.line": "第 {line} 行",
    "rule": "有一條規則",
    "and": "與",
    "address.uplink": "沒有給 {name} 的位址；以 {held} 代替",
    "address.host": "沒有給主機的位址；以 {name} 上的 {held} 代替",
    "address.own": "視為主機自己的位址，因為給主機的規則提到它們：{addresses}",
    "uplink.several": "規則提到好幾個可能對外的介面（{names}）：不假設預設路由；請用 --in 或 --out "
    "指明",
    "uplink.only": "視 {name} 為對外介面，預設路由由此出去：規則沒有提到別的",
    "uplink.none": "假設有一個對外介面 {name}，預設路由由此出去：規則沒有提到任何一個",
    "sysctl": "假設 {name} = 1",
    "device": "沒有規則提到 {dev}：視為 {host} 上沒有位址的介面",
    "way_back": "假設回到 {address} 的路也經過 {dev}",
    "network": "{name} 是一個網路：以其中的 {who} 代表",
    "redirect": "{host} 另以 ICMP redirect 告訴 {address} 有更近的路（除非被 NAT 丟棄）；"
    "不追蹤那個封包",
    "builtin": "{name}（內建；以 --from 指定自己的規則）",
}
