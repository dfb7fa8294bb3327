"""Traditional Chinese, for all exercises."""

WORDS = {
    "check.unanswered": "還沒有回答。把{wanted}寫在三個點的地方，再執行這一格。",
    "check.command": "iptables 不會接受這個：\n{why}",
    "check.question": "這在這裡無法嘗試：\n{why}",
    "check.no_hypothesis": "這個練習要用 Hypothesis 檢查，而它還沒有安裝：pip install "
    "'fwsim[test]'，然後重新啟動筆記本。",
    "check.unknown": "沒有這個練習。也許你指的是其中之一：{names}",
    # kinds of answers: what an exercise wants
    "wanted.commands": '一串 iptables 指令，例如 ["iptables -A FORWARD -j ACCEPT"]，',
    "wanted.packet": '一個封包，例如 {{"in": "eth0", "src": "8.8.8.8", "dst": "172.18.0.3"}}，',
    "wanted.number": "一個數字",
    "wanted.names": '一串名稱，例如 ["one", "two"]，',
    "wanted.ports": "一串埠號，例如 [80, 8080]，",
    "wanted.address": '一個位址，例如 "172.18.0.1"，',
    "wanted.function": "你的函式名稱（不加引號）",
    "wanted.choice": "{choices} 其中之一",
    # kinds of answers: what was given instead
    "answer.commands": '這些不是指令。請寫一串文字，每一項是一個 iptables 指令：["iptables -A '
    'FORWARD -j ACCEPT"]。',
    "answer.no_commands": "這裡面沒有指令。請寫一串文字，每一項是一個 iptables 指令。",
    "answer.no_program": "每個指令都像在 shell 裡一樣，由 iptables 開始：\niptables {line}",
    "answer.other_program": "這裡只嘗試 iptables 指令，而這不是：\n{line}",
    "answer.capitals": "iptables 會區分大小寫：請把 {word} 寫成 {meant}。",
    "answer.no_target": "這條規則沒有目標，所以封包會繼續走到下一條。請用 -j 說明要怎麼處理（-j "
    "ACCEPT、-j DROP）：\n{line}",
    "answer.too_much": "這超過任何答案所需。請用更少或更短的指令。",
    "answer.packet": '這不是封包。請寫一個由簡單的值組成的 dict，例如 {{"in": "eth0", "src": '
    '"8.8.8.8", "dst": "172.18.0.3"}}。',
    "answer.packet_without": '這個封包沒有 "{member}"：至少要有 "src" 與 "dst"。',
    "answer.number": "請寫一個整數。",
    "answer.names": '請寫一串名稱：["one", "two"]。',
    "answer.ports": "請寫一串埠號：[80, 8080]。",
    "answer.address": '請寫一個位址："172.18.0.1"。',
    "answer.function": "這不是函式。請用 def 寫一個，然後交出它的名稱。",
    "answer.choice": "請寫 {choices} 其中之一。",
}
