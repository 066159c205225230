"""Identities: keys and their wrapping, the hub's certificates, the authority's roster, and how a node checks it.

Rules this package upholds:

- One key, one purpose. A private key is stored on disk only wrapped, in a file of mode 0600. It is in no log line.
- The offline authority exchanges files only: it reads a request and writes a bundle. A removable disk can carry both.
- A node checks everything from the hub against the authority's signatures. The hub itself may only suspend members.
- The caller passes in time and passphrases. Bytes from outside raise `PeerFault` only, never a library's exception.
"""
