"""Traditional Chinese, lesson 2."""

WORDS = {
    "lesson2.1.right": "對：有 {count} 行以 -A FORWARD 開頭，它們就是第 1 到第 {count} 條規則。",
    "lesson2.1.all": "這是 filter 裡所有鏈的規則總數。只數 FORWARD 的：以 -A FORWARD 開頭的行。",
    "lesson2.1.chains": "這是鏈的數目：以冒號開頭的行。請數其中一條鏈的規則：以 -A FORWARD 開頭"
    "的行。",
    "lesson2.1.wrong": "不是 {answer}。每一個以 -A FORWARD 開頭的行，就是它的一條規則。",
    "lesson2.2.right": "對，而且對每一個封包都證明了：這樣一來，它們的遭遇都和安裝 Docker 之前一"
    "樣。FORWARD 現在有 {kept} 條規則。原因是預設政策，沒有別的。",
    "lesson2.2.differs": "還有封包的遭遇和安裝 Docker 之前不同，例如這一個（之前 → 現在）：\n"
    "{change}",
    "lesson2.2.unsure": "有了這條規則，結果取決於某件不知道的事。有更簡單的方法。",
    "lesson2.3.right": "對：安裝 Docker 之前，預設政策讓它通過；現在是 FORWARD 的第 {rule} 條規"
    "則。",
    "lesson2.3.elsewhere": "這個封包通過了，但沒有為它問 FORWARD：它是送給主機自己的，或主機自己"
    "送出的。找一個穿過主機的。",
    "lesson2.3.neither": "這個封包連安裝 Docker 之前也沒有通過。\n{ended}",
    "lesson2.3.lost": "這個封包在安裝 Docker 之前通過，現在不行了。在 FORWARD 找以 ACCEPT 結尾的"
    "規則：符合它的封包由哪個介面進來？\n{ended}",
}
