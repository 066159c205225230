"""Mirrors node/pki."""
