"""From text to rules and back: options, extensions, rulesets, dumps, listings, commands."""
