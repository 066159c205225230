"""Transparency logs: trees, notes, checkpoints and proofs, without I/O."""
