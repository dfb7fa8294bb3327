"""The nouns: fields, predicates, actions, packets, traces, errors. Imports nothing above it."""
