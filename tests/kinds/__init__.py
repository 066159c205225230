"""A grid of the kinds of files that lie on seized devices: each made here, with its right value and outcome."""
