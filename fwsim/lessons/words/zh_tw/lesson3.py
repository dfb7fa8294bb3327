"""Traditional Chinese, lesson 3."""

WORDS = {
    "lesson3.1.right": "對。連同回去的路是：{way}。",
    "lesson3.1.foreign": "這個封包沒有問 {name} 的規則。只有符合的規則，其跳躍才會發生。",
    "lesson3.1.missing": "少了些什麼：連同 FORWARD 在內，問了 {count} 條鏈的規則。",
    "lesson3.1.order": "是這些鏈，但不是這個順序。由封包開始的地方開始，跟著跳躍走。",
    "lesson3.2.right": "對。返回的鏈把封包交還給呼叫它的地方，接著問跳躍之後的規則：第 {rule} 條。",
    "lesson3.2.same": "那條規則就是跳躍本身；它已經被問過了。它之後是哪一條？",
    "lesson3.2.top": "RETURN 不會讓鏈重新開始：它回到跳躍之後。",
    "lesson3.2.wrong": "不是第 {answer} 條。找出 FORWARD 中跳到 DOCKER-ISOLATION-STAGE-1 的規則"
    "；它返回時，問的是下一條。",
    "lesson3.3.right": "對：STAGE-1 的第 1 條規則符合，跳到那裡。STAGE-2 的第 {rule} 條規則讓它"
    "回去，因為它不由 docker0 出去。",
    "lesson3.3.elsewhere": "沒有為這個封包問 FORWARD：它沒有穿過主機。",
    "lesson3.3.misses": "問了 STAGE-1，但它的第 1 條規則（唯一跳到 STAGE-2 的）不符合這個封包："
    "\n{why}",
    "lesson3.4.right": "對，而且證明了：沒有那條規則，沒有一個封包的遭遇會不同。來到 STAGE-2 的"
    "封包不由 docker0 出去（STAGE-1 這樣要求），而 DROP 要求它由 docker0 出去。Docker 若有第二"
    "個網路，就會有兩個跳躍，兩個階段才會起作用。",
    "lesson3.4.wrong": "把兩個條件放在一起看：STAGE-1 只送去由 docker0 進來、而不由 docker0 出去"
    "的封包。DROP 要的是由 docker0 出去的。",
    "lesson3.5.right": "對：你的規則在 DOCKER-USER 的 RETURN 之前，Docker 不會碰它。\n{ended}",
    "lesson3.5.nothing": "什麼都沒有改變：這些指令讓規則保持原樣。",
    "lesson3.5.elsewhere": "這改變了 {chain}。除了 DOCKER-USER 以外，所有的鏈都保持原樣。",
    "lesson3.5.late": "ns1 仍然得到回應。DOCKER-USER 已經有一條規則 RETURN，它符合一切：在它之後"
    "的規則永遠不會被問到。把你的規則插在它之前，並確定它符合 ns1 的 ping 或其回應。",
    "lesson3.5.others": "ns1 被擋下了，但由 {src} 到 {dst} 的 ping 也被擋下，它應該繼續通。\n"
    "{ended}",
}
