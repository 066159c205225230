"""What a search counts besides the hits that it shows."""

from __future__ import annotations

from node.domain.fingerprint_kinds import PDQ, PHASH
from node.domain.fingerprints import Fingerprint
from node.domain.queries import Subject
from node.usecases.hit_tally import HitTally


def test_what_may_not_match_is_counted_once_a_subject() -> None:
    dim = Fingerprint(code=PDQ.code, value=b"\x0f" * 32, quality=3)
    opinion = Fingerprint(code=PHASH.code, value=b"\x0f" * 8)
    tally = HitTally()
    asked = [Subject(fingerprints=(dim, opinion)), Subject(fingerprints=(opinion,)), Subject(fingerprints=())]
    tally.asked(asked, 3)
    assert tally.not_compared == {}
    tally = HitTally()
    tally.asked(asked, 50)
    assert tally.not_compared == {"pdq": 1, "phash": 1}
