"""Traditional Chinese, of `fwsim test`."""

WORDS = {
    "policy.place": "{title}，依 {policy} 檢驗",
    "policy.to": "任何來源 → {whom}",
    "policy.since.part": "{place}：{part}",
    "policy.service": "{ends}，{service}",
    "policy.by": "{ends}，由 {dev} 進入",
    "policy.service.any": "連接埠 {ports}",
    # how a line fails: a rule or a policy decided, or none did
    "policy.where": "{table} {chain} 第 {rule} 條規則",
    "policy.where.policy": "{table} {chain} 的預設政策 {policy}",
    "policy.through": "由 {where} 放行",
    "policy.stopped": "由 {where} 擋下",
    "policy.lost": "回應由 {where} 擋下",
    "policy.exchange": "{outcome}由 {where} 決定",
    "policy.changed": "原為 {was}，現為 {now}，由 {where} 決定",
    "policy.through.alone": "放行",
    "policy.stopped.alone": "擋下",
    "policy.lost.alone": "回應被擋下",
    "policy.changed.alone": "原為 {was}，現為 {now}",
    "policy.because": "{what}，因為{reason}",
    "policy.no_witness": "找不到能顯示此事的封包",
    "policy.depends_on": "取決於：{what}",
    "policy.untold": "沒有提供{what}，因此不知道它們放行什麼",
    "policy.failure.must": "{ends}：必須通過並得到回應",
    "policy.failure.must_not": "{ends}：不得通過",
    "policy.failure.isolated": "{ends}：不得互通",
    # how many
    "policy.all": "✓ 全部成立：{count} 項。",
    "policy.all.one": "✓ 成立：1 項。",
    "policy.count": "{mark} {count} 項中有 {fails} 項不成立。",
    "policy.count.one": "{mark} {count} 項中有 1 項不成立。",
    "policy.count.depends": "{mark} {count} 項中有 {depends} 項取決於不知道的事。",
    "policy.count.depends.one": "{mark} {count} 項中有 1 項取決於不知道的事。",
    # in the forms that other programs read
    "policy.name": "{kind}，第 {number} 行：{ends}",
    "policy.name.why": "{kind}，第 {number} 行：{ends}（{why}）",
    # rules that no line depends on
    "policy.coverage": "✓ {count} 條規則中，每一條都有某一項取決於它。",
    "policy.coverage.spare": "沒有任何一項取決於它的規則：{count} 條中有 {spare} 條",
    "policy.coverage.unmet": "沒有任何一項的封包符合這些規則：",
    "policy.coverage.same": "少了其中任何一條，每一項的結果都相同：",
}
