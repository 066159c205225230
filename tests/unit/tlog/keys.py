"""Keys for tests of the log, from seeds, so that a failure repeats."""

import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from node.tlog import note
from node.tlog.note import VerifierKey

ORIGIN = "example.org/FR/log/1"
HUB = "example.org/hub/mirror"


def private_key(seed: str) -> Ed25519PrivateKey:
    """The key of this seed."""
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(seed.encode()).digest())


def verifier_key(name: str, key_type: int, seed: str) -> VerifierKey:
    """The verifier key of the same."""
    return note.make_vkey(name, key_type, private_key(seed).public_key().public_bytes_raw())


LOG_KEY = private_key("log")
LOG_VKEY = verifier_key(ORIGIN, note.ED25519, "log")
HUB_KEY = private_key("hub")
HUB_VKEY = verifier_key(HUB, note.COSIGNATURE, "hub")
