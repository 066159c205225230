"""A second set of files of other tools: the kinds of the shared fixtures, with other values and other traps.

Rules this package upholds:

- Each expectation was written from the rules R1 to R12 of `expected.json`, before anybody looked at what a reader does
  with the file. Where the rules leave a choice, all allowed outcomes are named.
- Every value is made up (SHAKE-256 of a label).
"""
