"""Attacks by one member, or by nobody with a certificate, on a federation of one's own on loopback.

Rules this package upholds:

- A module is one attack: `attack(made, member)` is a context manager. It starts the attack, leaves it running, and ends
  it. `member` has joined the federation; an attack without a certificate does not use its keys.
- An attack runs in a process of its own at the lowest priority (`nice`): an attacker does not work on our machine, and
  must not take our processor time.
- Nothing but loopback is ever addressed.
"""
