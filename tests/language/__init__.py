"""Rules and rulesets: reading, writing, listing, changing them."""
