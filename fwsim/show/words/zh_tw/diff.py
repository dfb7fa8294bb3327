"""Traditional Chinese, of `fwsim diff`."""

WORDS = {
    "diff.old": "舊：{title}",
    "diff.new": "新：{title}",
    "diff.equal": "✓ 沒有封包改變：兩者相等，這是對所有封包證明的。",
    "diff.equal.asked": "✓ 所問的封包沒有一個改變；這是證明過的。",
    "diff.equal.but": "✓ 比較過的封包都沒有改變；有些規則沒有遇到其中任何一個：",
    "diff.changed": "✗ 有封包改變：{count}。",
    "diff.changed.one": "1 種",
    "diff.changed.many": "{count} 種",
    "diff.unknown": "? 是否有封包改變，視情況而定。",
    "diff.how": "{verdict}（{how}）",
    "diff.becomes": "{verdict}（{how}；{becomes}）",
    "diff.side.old": "舊",
    "diff.side.new": "新",
    "diff.several": "  {side}  沒有規則，或無法區分",
    "diff.policy": "預設政策",
    "diff.example": "  例如（兩邊都追蹤過）",
    "diff.example.after": "  例如，連同先送的封包（兩邊都追蹤過）",
    "diff.perhaps": "這些可能",
    "diff.unmet": "只有{side}的一邊才有、而沒有封包遇到的規則",
    "diff.left_out": "比較過的是：開始連線的封包、conntrack 視為 INVALID 的封包，\n"
    "以及已知連線的封包（當作沒有轉換過位址）。不含：分段、損壞或過大的封包、多點傳送。",
}
