"""The readings of a predicate, each by itself and all against each other."""
