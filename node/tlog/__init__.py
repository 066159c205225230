"""The transparency log: Merkle tree, signed note, checkpoint, cosignature, proof file, follower.

Rules this room upholds:

- Pure and role-blind: no I/O, no clock, no randomness, no key custody. Times and signers are handed in, and nothing
  here knows whether it runs at the log's owner, at the hub or at a follower.
- The formats are those of c2sp.org (signed-note, tlog-checkpoint, tlog-cosignature, tlog-proof, tlog-tiles) over the
  Merkle tree of RFC 9162. A parser accepts only what the formatter beside it emits.
- Bytes from outside let out `PeerFault` only; `Misuse` means that our own caller broke a rule.
"""
