"""Tests of what is asked about rules: near misses, and what would help."""
