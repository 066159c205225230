"""What every search index does, whatever is inside."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from node.domain.batch import FingerprintColumns, column
from node.domain.fingerprint_kinds import (
    FRAME,
    KINDS,
    MD5,
    PDQ,
    PDQ_QUALITY_FLOOR,
    PDQ_RADIUS,
    PHASH,
    PHASH_RADIUS,
    PHOTODNA,
    SHA1,
    SHA256,
    FingerprintKind,
)
from node.domain.fingerprints import UNSTATED_QUALITY
from node.domain.orientations import turned
from node.domain.roster import PDQ_RADIUS_CAP
from node.domain.search_ports import HOLDINGS_SOURCE, Alike, Probe, SearchIndex
from node.errors import Misuse
from node.match.index import LocalIndex
from tests.unit.match.brute import BruteIndex
from tests.unit.match.builders import columns, flipped, probe, where
from tests.unit.match.keeping import ReopenedIndex
from tests.unit.match.merged import MergedIndex

SEARCHED = (MD5, SHA1, SHA256, PDQ, PHASH, PHOTODNA, FRAME)
LOG = 7


@pytest.fixture(params=[LocalIndex, MergedIndex, ReopenedIndex, BruteIndex])
def index(request: pytest.FixtureRequest) -> SearchIndex:
    make: Callable[[], SearchIndex] = request.param
    return make()


def some(kind: FingerprintKind, number: int = 1) -> bytes:
    """A value of the kind, far from every other number's."""
    return bytes((number * 37 + i * 101 + (i * number) % 7) % 256 for i in range(kind.size))


@pytest.mark.parametrize("kind", SEARCHED, ids=lambda kind: kind.name)
def test_what_was_added_is_found_by_the_next_search(index: SearchIndex, kind: FingerprintKind) -> None:
    index.add(LOG, columns(kind, [4, 5], [some(kind, 1), some(kind, 2)]))
    assert where(index.search([probe(kind, some(kind, 1))], PDQ_RADIUS)) == [(LOG, 4)]
    index.add(HOLDINGS_SOURCE, columns(kind, [9], [some(kind, 1)]))
    assert where(index.search([probe(kind, some(kind, 1))], PDQ_RADIUS)) == [(HOLDINGS_SOURCE, 9), (LOG, 4)]


def test_a_hit_says_all_that_is_known_of_it(index: SearchIndex) -> None:
    index.add(LOG, columns(PDQ, [3], [some(PDQ)], [77]))
    (hit,) = index.search([Probe(12, PDQ.code, flipped(some(PDQ), [0, 100, 255]), 60, 5)], PDQ_RADIUS)
    assert (hit.subject, hit.source, hit.row, hit.code) == (12, LOG, 3, PDQ.code)
    assert (hit.distance, hit.quality, hit.orientation) == (3, 77, 5)


def test_the_first_row_of_a_source_with_an_equal_hash_is_named_once_for_each_row_that_arrives(
    index: SearchIndex,
) -> None:
    index.add(LOG, columns(MD5, list(range(10, 5_010)), [some(MD5, 1)] * 5_000))
    index.add(LOG, columns(SHA1, [3, 30], [some(SHA1, 2), some(SHA1, 2)]))
    index.add(LOG, columns(PDQ, [4], [some(PDQ, 1)]))
    index.add(HOLDINGS_SOURCE, columns(MD5, [1, 2], [some(MD5, 1), some(MD5, 3)]))
    arrived = FingerprintColumns(
        columns=[
            *columns(MD5, [7, 8, 9], [some(MD5, 1), some(MD5, 3), some(MD5, 1)]).columns,
            *columns(SHA1, [7], [some(SHA1, 2)]).columns,
            *columns(PDQ, [7], [some(PDQ, 1)]).columns,
        ]
    )
    found = sorted(map(tuple, index.first_equal(arrived, LOG).tolist()))
    assert found == [(MD5.code, 7, 10), (MD5.code, 9, 10), (SHA1.code, 7, 3)]
    index.remove(LOG, [10, 11])
    assert (MD5.code, 9, 12) in map(tuple, index.first_equal(arrived, LOG).tolist())
    assert sorted(map(tuple, index.first_equal(arrived, HOLDINGS_SOURCE).tolist())) == [
        (MD5.code, 7, 1),
        (MD5.code, 8, 2),
        (MD5.code, 9, 1),
    ]
    assert index.first_equal(arrived, LOG + 1).shape == (0, 3)


@pytest.mark.parametrize("kind", [MD5, SHA1, SHA256, PHOTODNA], ids=lambda kind: kind.name)
@pytest.mark.parametrize("bit", [0, 31, 32, -1])
def test_a_digest_matches_as_a_whole(index: SearchIndex, kind: FingerprintKind, bit: int) -> None:
    index.add(LOG, columns(kind, [1], [some(kind)]))
    assert index.search([probe(kind, flipped(some(kind), [bit % (kind.size * 8)]))], PDQ_RADIUS) == []


@pytest.mark.parametrize("radius", [0, 1, 15, PDQ_RADIUS])
def test_pdq_is_found_at_the_radius_and_not_past_it(index: SearchIndex, radius: int) -> None:
    index.add(LOG, columns(PDQ, [1], [some(PDQ)]))
    spread = [i * 8 % 256 + i // 32 for i in range(radius + 1)]
    (hit,) = index.search([probe(PDQ, flipped(some(PDQ), spread[:radius]))], radius)
    assert hit.distance == radius
    assert index.search([probe(PDQ, flipped(some(PDQ), spread))], radius) == []


@pytest.mark.parametrize("radius", [0, PDQ_RADIUS])
def test_phash_has_a_radius_of_its_own(index: SearchIndex, radius: int) -> None:
    index.add(LOG, columns(PHASH, [1], [some(PHASH)]))
    near = flipped(some(PHASH), range(0, 8 * PHASH_RADIUS, 8))
    (hit,) = index.search([probe(PHASH, near)], radius)
    assert hit.distance == PHASH_RADIUS
    assert index.search([probe(PHASH, flipped(near, [63]))], radius) == []


@pytest.mark.parametrize("radius", [-1, PDQ_RADIUS_CAP + 1, 256])
def test_a_radius_out_of_range_is_refused(index: SearchIndex, radius: int) -> None:
    with pytest.raises(Misuse):
        index.search([probe(PDQ, some(PDQ))], radius)


@pytest.mark.parametrize("kind", SEARCHED, ids=lambda kind: kind.name)
@pytest.mark.parametrize("value", [b"", b"\0", b"\0" * 64])
def test_a_probe_of_the_wrong_length_is_refused(index: SearchIndex, kind: FingerprintKind, value: bytes) -> None:
    with pytest.raises(Misuse):
        index.search([probe(kind, value)], PDQ_RADIUS)


@pytest.mark.parametrize("kind", SEARCHED, ids=lambda kind: kind.name)
def test_what_was_removed_is_found_no_more(index: SearchIndex, kind: FingerprintKind) -> None:
    values = [some(kind, n) for n in range(4)]
    index.add(LOG, columns(kind, [0, 1, 2, 3], values))
    index.add(LOG + 1, columns(kind, [0, 1, 2, 3], values))
    index.remove(LOG, [3, 1, 1, 88])
    probes = [probe(kind, value) for value in values]
    left = [(LOG, 0), (LOG, 2), (LOG + 1, 0), (LOG + 1, 1), (LOG + 1, 2), (LOG + 1, 3)]
    assert where(index.search(probes, PDQ_RADIUS)) == left
    assert index.sizes() == {LOG: 2, LOG + 1: 4}


def test_removing_a_row_removes_every_fingerprint_of_it(index: SearchIndex) -> None:
    for kind in SEARCHED:
        index.add(LOG, columns(kind, [5, 5], [some(kind, 1), some(kind, 2)]))
    everything = [probe(kind, some(kind, n)) for kind in SEARCHED for n in (1, 2)]
    # Two of each kind; where frames are asked or found, one a row: frame by frame, picture by frame, frame by picture.
    assert len(index.search(everything, PDQ_RADIUS)) == 2 * 6 + 3
    index.remove(LOG, [5])
    assert index.search(everything, PDQ_RADIUS) == []
    assert index.sizes() == {}


def test_what_was_removed_does_not_match_nothing(index: SearchIndex) -> None:
    """A slot whose bytes were overwritten is not a hash of zeros."""
    for kind in SEARCHED:
        index.add(LOG, columns(kind, [0, 1], [some(kind, 1), some(kind, 2)]))
    index.remove(LOG, [0])
    assert index.search([probe(kind, bytes(kind.size)) for kind in SEARCHED], PDQ_RADIUS) == []


@pytest.mark.parametrize("kind", SEARCHED, ids=lambda kind: kind.name)
def test_a_hash_of_zeros_is_a_hash(index: SearchIndex, kind: FingerprintKind) -> None:
    index.add(LOG, columns(kind, [0, 1], [some(kind), bytes(kind.size)]))
    assert where(index.search([probe(kind, bytes(kind.size))], PDQ_RADIUS)) == [(LOG, 1)]


@pytest.mark.parametrize("kind", SEARCHED, ids=lambda kind: kind.name)
def test_a_row_can_come_back(index: SearchIndex, kind: FingerprintKind) -> None:
    for value in (some(kind, 1), some(kind, 2), some(kind, 1)):
        index.add(LOG, columns(kind, [6], [value]))
        assert where(index.search([probe(kind, value)], PDQ_RADIUS)) == [(LOG, 6)]
        index.remove(LOG, [6])
        assert index.search([probe(kind, value)], PDQ_RADIUS) == []


def test_low_quality_is_never_found(index: SearchIndex) -> None:
    qualities = [PDQ_QUALITY_FLOOR - 1, PDQ_QUALITY_FLOOR, 100, 0, UNSTATED_QUALITY]
    index.add(LOG, columns(PDQ, range(5), [some(PDQ)] * 5, qualities))
    hits = index.search([probe(PDQ, some(PDQ))], PDQ_RADIUS)
    assert sorted((hit.row, hit.quality) for hit in hits) == [(1, PDQ_QUALITY_FLOOR), (2, 100), (4, UNSTATED_QUALITY)]
    assert index.sizes() == {LOG: 3}


def test_low_quality_never_finds(index: SearchIndex) -> None:
    index.add(LOG, columns(PDQ, [0], [some(PDQ)]))
    for quality, found in ((0, 0), (PDQ_QUALITY_FLOOR - 1, 0), (PDQ_QUALITY_FLOOR, 1), (UNSTATED_QUALITY, 1)):
        assert len(index.search([probe(PDQ, some(PDQ), quality=quality)], PDQ_RADIUS)) == found


def test_kinds_that_are_not_searched_are_named_by_their_absence(index: SearchIndex) -> None:
    unknown = column(99, [0], [b"later"], [-1], 5)
    index.add(LOG, FingerprintColumns(columns=[unknown]))
    assert index.search([Probe(0, 99, b"later")], PDQ_RADIUS) == []
    assert index.sizes() == {}
    assert set(index.versions()) == {kind.name for kind in KINDS if kind.searched}
    assert all(version >= 1 for version in index.versions().values())


def test_a_row_counts_once_whatever_it_has(index: SearchIndex) -> None:
    for kind in SEARCHED:
        index.add(LOG, columns(kind, [1, 2, 2], [some(kind, n) for n in (1, 2, 3)]))
    index.add(LOG, columns(MD5, [100_000], [some(MD5, 4)]))
    index.add(HOLDINGS_SOURCE, columns(PDQ, [1], [some(PDQ)]))
    assert index.sizes() == {LOG: 3, HOLDINGS_SOURCE: 1}


def test_probes_of_many_kinds_and_subjects_are_told_apart(index: SearchIndex) -> None:
    for row, kind in enumerate(SEARCHED):
        index.add(LOG, columns(kind, [row], [some(kind, row)]))
    probes = [probe(kind, some(kind, row), subject=row + 50) for row, kind in enumerate(SEARCHED)]
    hits = index.search(probes, PDQ_RADIUS)
    expected = [(row + 50, row, kind.code, 0) for row, kind in enumerate(SEARCHED)]
    assert sorted((hit.subject, hit.row, hit.code, hit.distance) for hit in hits) == expected


def test_nothing_is_found_in_nothing_nor_by_nothing(index: SearchIndex) -> None:
    assert index.search([probe(kind, some(kind)) for kind in SEARCHED], PDQ_RADIUS) == []
    index.add(LOG, columns(PDQ, [], []))
    index.remove(LOG, [1, 2])
    index.remove(LOG, [])
    assert index.search([], PDQ_RADIUS) == []
    assert index.sizes() == {}


@pytest.mark.parametrize("kind", [MD5, PDQ, PHASH, PHOTODNA], ids=lambda kind: kind.name)
def test_a_flood_of_one_hash_is_proposed_in_part_and_counted(index: SearchIndex, kind: FingerprintKind) -> None:
    index.add(LOG, columns(kind, range(30), [some(kind)] * 30))
    index.add(LOG + 1, columns(kind, [5], [some(kind)]))
    index.add(HOLDINGS_SOURCE, columns(kind, range(1, 9), [some(kind)] * 8))
    index.add(LOG, columns(kind, [40], [some(kind, 2)]))
    asked = [probe(kind, some(kind), subject=3), probe(kind, some(kind, 2), subject=4)]
    proposed = index.propose(asked, PDQ_RADIUS, 4, [HOLDINGS_SOURCE])
    assert where(proposed.hits) == sorted(
        [(LOG, row) for row in (0, 1, 2, 3, 40)] + [(LOG + 1, 5)] + [(HOLDINGS_SOURCE, row) for row in range(1, 9)]
    )
    assert dict(proposed.further) == {Alike(3, LOG, kind.code, 0, 0, 0): 26}
    everything = index.propose(asked, PDQ_RADIUS, 30, [])
    assert (where(everything.hits), dict(everything.further)) == (where(index.search(asked, PDQ_RADIUS)), {})


def test_those_that_are_alike_have_one_distance(index: SearchIndex) -> None:
    values = [flipped(some(PDQ), range(at % 3)) for at in range(12)]
    index.add(LOG, columns(PDQ, range(12), values))
    proposed = index.propose([probe(PDQ, some(PDQ))], PDQ_RADIUS, 2, [])
    assert where(proposed.hits) == [(LOG, row) for row in range(6)]
    assert {each.distance: number for each, number in proposed.further.items()} == {0: 2, 1: 2, 2: 2}


def test_clearing_forgets_everything_and_the_index_lives_on(index: SearchIndex) -> None:
    everything = [probe(kind, some(kind)) for kind in SEARCHED]
    for _ in range(2):
        for kind in SEARCHED:
            index.add(LOG, columns(kind, [0], [some(kind)]))
        assert {hit.code for hit in index.search(everything, PDQ_RADIUS)} == {kind.code for kind in SEARCHED}
        index.clear()
        assert index.search(everything, PDQ_RADIUS) == []
        assert index.sizes() == {}


# --- what arrives, against what is here -------------------------------------------------------------------------------


def pairs(index: SearchIndex, arrived: FingerprintColumns, most: int = 100) -> list[tuple[int, int]]:
    found = index.concerned(arrived, PDQ_RADIUS, HOLDINGS_SOURCE, most)
    assert not found.left_out
    return sorted((int(row), int(other)) for row, other in found.pairs)


@pytest.mark.parametrize("kind", SEARCHED, ids=lambda kind: kind.name)
def test_what_arrives_concerns_the_holdings_that_are_like_it_and_no_others_rows(
    index: SearchIndex, kind: FingerprintKind
) -> None:
    index.add(HOLDINGS_SOURCE, columns(kind, [4, 5, 6], [some(kind, n) for n in (1, 2, 1)]))
    index.add(LOG, columns(kind, [7], [some(kind, 1)]))
    arrived = columns(kind, [20, 21, 22], [some(kind, n) for n in (1, 3, 2)])
    assert pairs(index, arrived) == [(20, 4), (20, 6), (22, 5)]
    index.remove(HOLDINGS_SOURCE, [4])
    assert pairs(index, arrived) == [(20, 6), (22, 5)]


@pytest.mark.parametrize("turn", range(8))
@pytest.mark.parametrize(("here", "arriving"), [(PDQ, PDQ), (FRAME, PDQ), (PDQ, FRAME), (FRAME, FRAME)])
def test_what_arrives_turned_concerns_what_is_here_up_to_the_radius_and_not_past_it(
    index: SearchIndex, turn: int, here: FingerprintKind, arriving: FingerprintKind
) -> None:
    seen = turned(some(PDQ))[turn]
    spread = [i * 8 % 256 + i // 32 for i in range(PDQ_RADIUS + 1)]
    index.add(HOLDINGS_SOURCE, columns(here, [2], [some(PDQ)]))
    near, far = columns(arriving, [8], [flipped(seen, spread[:-1])]), columns(arriving, [9], [flipped(seen, spread)])
    assert pairs(index, near) == [(8, 2)]
    assert pairs(index, far) == []


def test_low_quality_concerns_nothing(index: SearchIndex) -> None:
    index.add(HOLDINGS_SOURCE, columns(PDQ, [1, 2], [some(PDQ)] * 2, [PDQ_QUALITY_FLOOR - 1, PDQ_QUALITY_FLOOR]))
    assert pairs(index, columns(PDQ, [3, 4], [some(PDQ)] * 2, [PDQ_QUALITY_FLOOR - 1, 100])) == [(4, 2)]


def test_of_what_concerns_very_many_the_nearest_are_given_and_every_same_file(index: SearchIndex) -> None:
    values = [flipped(some(PDQ), range(n)) for n in range(20)]
    index.add(HOLDINGS_SOURCE, columns(PDQ, range(1, 21), values))
    index.add(HOLDINGS_SOURCE, columns(SHA256, range(1, 21), [some(SHA256, n) for n in range(20)]))
    arrived = FingerprintColumns(
        columns=[
            *columns(PDQ, [7, 8], [values[0], some(PDQ, 99)]).columns,
            *columns(SHA256, [7], [some(SHA256, 18)]).columns,
        ]
    )
    found = index.concerned(arrived, PDQ_RADIUS, HOLDINGS_SOURCE, 5)
    assert sorted(other for _, other in found.pairs.tolist()) in ([1, 2, 3, 4, 5, 19], [1, 2, 3, 4, 19])
    assert set(found.left_out) == {7}
    assert found.left_out[7] >= 14


def test_nothing_concerns_an_empty_index_and_one_beside_it_is_empty(index: SearchIndex) -> None:
    assert pairs(index, columns(PDQ, [1], [some(PDQ)])) == []
    index.add(HOLDINGS_SOURCE, columns(PDQ, [1], [some(PDQ)]))
    beside = index.beside()
    assert pairs(beside, columns(PDQ, [1], [some(PDQ)])) == []
    beside.add(LOG, columns(PDQ, [3], [some(PDQ)]))
    assert where(index.search([probe(PDQ, some(PDQ))], PDQ_RADIUS)) == [(HOLDINGS_SOURCE, 1)]
    for radius in (-1, PDQ_RADIUS_CAP + 1):
        with pytest.raises(Misuse):
            index.concerned(columns(PDQ, [1], [some(PDQ)]), radius, HOLDINGS_SOURCE, 5)
