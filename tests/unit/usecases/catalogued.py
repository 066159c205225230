"""What the tests of `test_catalogue` share with others."""

from __future__ import annotations

from node.domain.fingerprint_kinds import PDQ
from node.domain.material import PictureFingerprints
from node.domain.search_ports import Probe
from tests.simulator.federation import picture


def pdq(number: int) -> Probe:
    return Probe(0, PDQ.code, next(f.value for f in picture(number).fingerprints if f.code == PDQ.code), 90)


def holding(number: int) -> PictureFingerprints:
    value = pdq(number).value
    return PictureFingerprints(
        media_type="image/png",
        size=1,
        md5=bytes(16),
        sha1=bytes(20),
        sha256=number.to_bytes(32, "big"),
        pdq=value,
        pdq_quality=90,
        pdq_orientations=(value,) * 8,
        phash=bytes(8),
        width=1,
        height=1,
    )
