"""Who is who: keys and their wrapping, the hub's certificates, the authority's roster, and how a node checks it.

Rules this room upholds:

- One key, one purpose. A private key is on disk only wrapped, in a file of mode 0600, and in no log line.
- The offline authority is reached by value: a request goes in, a bundle comes out, a stick can carry both.
- What the hub hands out is checked against the authority's signatures, never believed. The hub may only suspend.
- Time and passphrases are handed in. Bytes from outside let out `PeerFault` only, never a library's own exception.
"""
