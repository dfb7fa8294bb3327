"""Traditional Chinese, lesson 1."""

WORDS = {
    "lesson1.1.right": "對。主機自己的 ping 由主機開始，所以經過 OUTPUT，回應經過 INPUT。FORWARD"
    " 兩者都看不到。",
    "lesson1.1.wrong": "正好相反。問 FORWARD 的是穿過主機的封包。主機自己送出的 ping 由哪裡開始？",
    "lesson1.2.right": "對：ns1 得不到回應，ns0 得到了，ns0 與 ns1 仍然互通。\n{ended}",
    "lesson1.2.policy": "這改變了 FORWARD 的預設政策。讓它保持 ACCEPT：這裡要用規則來說「不」。",
    "lesson1.2.chain": "ns1 仍然得到回應。INPUT 與 OUTPUT 說的是送給主機與主機送出的封包；這個 "
    "ping 是穿過主機。那麼問的是哪條鏈？",
    "lesson1.2.goes_on": "ns1 仍然得到回應：你的規則沒有攔下 ping 或其回應。ns1 的位址是 "
    "172.18.0.3；ping 以它為來源（-s），由 docker1 進來（-i），由 eth0 出去（-o）。",
    "lesson1.2.others": "ns1 被擋下了，但由 {src} 到 {dst} 的 ping 也被擋下，它應該繼續通。在規"
    "則裡說明指的是誰，以及往哪裡。\n{ended}",
    "lesson1.3.right": "對。第 1 條規則不符合 ns1 的位址，第 {rule} 條符合，於是就決定了。",
    "lesson1.3.none": "有 {count} 條規則。攔下 ping 的是哪一條？",
    "lesson1.3.later": "第 {answer} 條規則會符合，但永遠不會問到它：它之前的一條規則也符合，而第"
    "一條符合的規則做決定。",
    "lesson1.3.misses": "第 {answer} 條規則不符合。它問的來源是 172.18.0.2，而 ns1 是 172.18.0.3。",
    "lesson1.4.right": "對。你的規則在 DROP 之前被問。用 -A 會放在最後，永遠不會被問到。",
    "lesson1.4.deleted": "三條規則少了一條。保留它們，再加一條。",
    "lesson1.4.one": "要加的是一條規則，不是 {count} 條。",
    "lesson1.4.late": "ns1 仍然得不到回應。你的規則符合 ns1 的 ping（來源 -s 是 172.18.0.3）嗎？"
    "如果它在 DROP 之後，就永遠不會被問到：-I FORWARD 1 把規則放在最前面，-A 放在最後面。\n"
    "{ended}",
    "lesson1.4.open": "ns1 通過了，但應該繼續被擋的 {src} 也通過了。在規則裡說明指的是誰。",
    "lesson1.5.right": "對：ns0 與 ns1 互通。而且對每一個封包都證明了：沒有一個由 eth0 出去，也"
    "沒有一個來自 8.8.8.8 的由那裡進來。",
    "lesson1.5.policy": "FORWARD 的預設政策仍是 ACCEPT：沒有規則提到的都會通過。由改變預設政策的"
    "指令開始。",
    "lesson1.5.request": "由 {src} 到 {dst} 的 ping 沒有通過。\n{ended}",
    "lesson1.5.reply": "由 {src} 到 {dst} 的 ping 通過了，但回應沒有：回應也是一個封包，走相反的"
    "方向。\n{ended}",
    "lesson1.5.out": "ns0 與 ns1 互通，但還有別的通過：這個封包仍然出去到網際網路。\n{example}",
    "lesson1.5.in": "ns0 與 ns1 互通，但還有別的通過：這個封包仍然由網際網路進來。\n{example}",
}
