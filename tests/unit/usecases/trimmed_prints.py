"""What the tests of `test_trimmed` share with others."""

from __future__ import annotations

from dataclasses import replace

from node.domain.material import PictureFingerprints, TrimmedFingerprints
from tests.simulator.asking import prints


def trimmed(number: int, inside: int) -> PictureFingerprints:
    """A picture within plain borders, whose inside is another."""
    within = prints(inside)
    return replace(
        prints(number),
        trimmed=TrimmedFingerprints(
            box=(10, 10, 790, 590),
            pdq_quality=90,
            pdq_orientations=within.pdq_orientations,
            phash=within.phash,
        ),
    )
