"""What the tests of `test_processes` share with others."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from node.control.lines import item_line
from node.domain.holdings import IngestItem
from node.domain.material import PictureFingerprints
from tests.integration.processes import Federation, Line


def items(case: str, count: int) -> Iterator[Line]:
    """Files of an ingest, as the command hands them to the daemon: made-up fingerprints."""

    def digest(kind: str, number: int) -> bytes:
        return hashlib.sha256(f"{kind} {case} {number}".encode()).digest()

    for number in range(count):
        prints = PictureFingerprints(
            media_type="image/jpeg",
            size=1_000 + number,
            md5=digest("md5", number)[:16],
            sha1=digest("sha1", number)[:20],
            sha256=digest("sha256", number),
            pdq=digest("pdq", number),
            pdq_quality=90,
            pdq_orientations=(digest("pdq", number),) * 8,
            phash=digest("phash", number)[:8],
            width=640,
            height=480,
        )
        yield item_line(IngestItem(tag=digest("tag", number), prints=prints, label=f"{case} {number}"))


def take_in(made: Federation, name: str, case: str, count: int) -> None:
    made.run(name, "ingest", {"case": case}, list(items(case, count)))
