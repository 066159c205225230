"""What the tests of `test_store_parts` share with others."""

from __future__ import annotations

import hashlib

from node.domain.material import DigestFingerprints


def digests(word: str) -> DigestFingerprints:
    sha256 = hashlib.sha256(word.encode()).digest()
    return DigestFingerprints(
        media_type="application/zip",
        size=12,
        md5=sha256[:16],
        sha1=sha256[:20],
        sha256=sha256,
        note="not looked at: 3 encrypted members",
    )
