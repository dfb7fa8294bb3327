"""Traditional Chinese, of `fwsim repair`."""

WORDS = {
    "repair.fine": "{outcome} 什麼都不必做。",
    "repair.allow": "{outcome} 以下可以讓它通過，每一個都試過，影響最小的在前：",
    "repair.block": "{outcome} 以下可以擋下它，每一個都試過，影響最小的在前：",
    "repair.allow.none": "{outcome} 沒有找到能讓它通過的指令。",
    "repair.block.none": "{outcome} 沒有找到能擋下它的指令。",
    "repair.opens": "{outcome} 對新連線另外開放 {count} 種標頭：",
    "repair.opens.nothing": "{outcome} 不對新連線開放任何東西。",
    "repair.closes": "{outcome} 對新連線另外關閉 {count} 種標頭：",
    "repair.closes.nothing": "{outcome} 不對新連線關閉任何東西。",
    "repair.others": "已知連線與 INVALID 之中有 {count} 種：",
}
