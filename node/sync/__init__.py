"""Keeps a node and its hub in step."""
