"""Keeping a node and its hub in step."""
