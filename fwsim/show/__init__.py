"""Renderers of a trace: text and JSON. They decide nothing."""
