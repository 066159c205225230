"""Untrusted media files: opened, bounded and fingerprinted."""
