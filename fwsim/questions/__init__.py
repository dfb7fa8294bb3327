"""What people ask of a place beyond one trace: which rule was nearest, what would help."""
