"""The daemon's local socket and its client."""
