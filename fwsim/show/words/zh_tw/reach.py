"""Traditional Chinese, of `fwsim reach`."""

WORDS = {
    "reach.some": "✓ {asked} 的封包：以下會通過。",
    "reach.none": "✗ {asked} 的封包：沒有一個會通過；這是對所有封包證明的。",
    "reach.unknown": "? {asked} 的封包：是否有通過的，視情況而定。",
    "reach.example": "例如（追蹤過：會通過）",
    "reach.example.after": "例如，連同先送的封包（追蹤過：會通過）",
    "reach.example.none": "沒有例子：找不到能送出的封包與先送的封包",
    "reach.known": "已知連線的封包（ESTABLISHED、RELATED）是指任何存在的連線的封包，\n"
    "不論連線如何開始、帶什麼標記，並當作沒有轉換過位址。",
    "reach.perhaps": "這些可能通過",
    "reach.depends": "取決於：{what}",
    "reach.answered": "而且回應也回得來",
    "reach.assumed": "假設：通過的封包，其目的地都會回應。",
    "reach.left_out": "不含：分段、損壞或過大的封包、多點傳送的目的地。",
    "reach.left_out.v6": "也不含：以延伸標頭（逐跳、路由、分段、驗證、目的地選項）結尾的封包。",
}
