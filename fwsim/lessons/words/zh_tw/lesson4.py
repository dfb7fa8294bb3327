"""Traditional Chinese, lesson 4."""

WORDS = {
    "lesson4.1.right": "對：ns0 與 ns1 互通，docker1 沒有東西出去。",
    "lesson4.1.policy": "這為所有人打開了 FORWARD。預設政策保持 DROP，用規則說明什麼可以通過。",
    "lesson4.1.lost": "仍然沒有回應。\n{ended}\n{why}",
    "lesson4.1.out": "ns0 與 ns1 互通，但還有別的通過。目前 docker1 不該有東西由 eth0 出去。\n"
    "{example}",
    "lesson4.2.right": "對。請求出去了；沒有人讓它的回應進來。\n{ended}",
    "lesson4.2.wrong": "新規則讓請求通過：它由 docker1 進來，由 eth0 出去。現在看另一個封包。",
    "lesson4.3.right": "對：主機記得請求，由此認出它的回應。",
    "lesson4.3.request": "那是請求的狀態：一條連線的第一個封包。它的回應屬於一條已知的連線。",
    "lesson4.3.wrong": "追蹤結果在右邊、「回覆」那一行，寫著回覆的狀態。",
    "lesson4.4.right": "對。試過了：有一條針對這兩個介面的規則，回應就會通過。它走的方向和請求相"
    "反。",
    "lesson4.4.two": '兩個名稱：進來的介面與出去的介面，例如 ["eth0", "eth0"]。',
    "lesson4.4.request": "那是請求走的路。回應由請求去的地方過來。",
    "lesson4.4.devices": "這些不是介面的名稱：{names}。主機有 docker0、docker1 與 eth0。",
    "lesson4.4.wrong": "試過了：針對這兩個介面的規則，不會讓回應通過。8.8.8.8 在哪裡，ns1 又在哪"
    "裡？\n{why}",
    "lesson4.5.right": "對，而且證明了：回應進得來，開始連線的封包沒有一個進得來。",
    "lesson4.5.policy": "這為所有人打開了 FORWARD。預設政策保持 DROP。",
    "lesson4.5.lost": "ns1 仍然得不到回應。\n{ended}\n{why}",
    "lesson4.5.open": "ns1 得到回應了，但門開得太大：這個沒有人要的封包也進來了。也要問狀態。\n"
    "{example}",
    "lesson4.6.right": "對，而且證明了：{count} 條規則代替三條，沒有一個封包的遭遇不同。",
    "lesson4.6.differs": "有些封包的遭遇和有三條規則時不同（那三條 → 你的）：\n{change}",
    "lesson4.6.long": "證明了每個封包的遭遇都和有三條規則時一樣，但你寫了 {count} 個指令。兩條規"
    "則就夠了：三條之中哪兩條的目標相同，只差一個條件？",
}
