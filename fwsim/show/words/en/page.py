"""English of pages and pictures."""

WORDS = {
    "page.skip": "Skip to the content",
}
