"""Indexes over fingerprints, and the policy that turns distances into hits."""
