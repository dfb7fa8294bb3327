"""English, of `fwsim lint`."""

WORDS = {
    "lint.error": "error  ",
    "lint.warning": "warning",
    "lint.info": "info   ",
    "lint.because": "because of ",
    "lint.because_more": "and of {count} more",
    "lint.also": "the same is true of {count} more rules",
    "lint.also.one": "the same is true of 1 more rule",
    "lint.witness": "for example ",
    "lint.more": "and {more} more {code} in {table} {chain} (--json tells all)",
    "lint.left_out": "Left out: {count} in chains that software writes itself (--all).",
    "lint.page": "docs/lint/{code}.md says why this matters, and how to mend it.",
    "lint.pages": "docs/lint has a page for each code: why it matters, and how to mend it.",
    "lint.nothing": "✓ Nothing found.",
    "lint.count.error": "{count} errors",
    "lint.count.warning": "{count} warnings",
    "lint.count.info": "{count} infos",
    "lint.count.error.one": "1 error",
    "lint.count.warning.one": "1 warning",
    "lint.count.info.one": "1 info",
}
