"""The transparency log: Merkle tree, signed note, checkpoint, cosignature, proof file, follower.

Rules this room upholds:

- Pure and independent of the role: no I/O, no clock, no randomness, no private keys. Times and signers are passed in,
  and this code is the same at the log's owner, at the hub and at a follower.
- The formats are those of c2sp.org (signed-note, tlog-checkpoint, tlog-cosignature, tlog-proof, tlog-tiles) over the
  Merkle tree of RFC 9162. A parser accepts only what its formatter emits.
- Bytes from outside raise only `PeerFault`; `Misuse` means that our own caller broke a rule.
"""
