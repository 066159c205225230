"""One lead for each thing found, the best evidence first."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from node.domain.fingerprint_kinds import FRAME, MD5, PDQ, PHASH, SHA1, SHA256, FingerprintKind
from node.domain.search_ports import RawHit
from node.match.ranking import rank


def hit(
    kind: FingerprintKind,
    row: int = 0,
    distance: int = 0,
    *,
    subject: int = 0,
    source: int = 1,
    quality: int = -1,
    orientation: int = 0,
    by: int = 0,
) -> RawHit:
    return RawHit(subject, source, row, kind.code, distance, quality, orientation, by)


def test_the_order_is_file_weak_digest_picture_second_opinion() -> None:
    in_order = [
        hit(SHA256, 1),
        hit(SHA1, 2),
        hit(MD5, 3),
        hit(PDQ, 4, 0, quality=50),
        hit(PDQ, 5, 31, quality=100),
        hit(PHASH, 6, 0),
    ]
    assert rank(reversed(in_order)) == in_order


def test_pictures_are_ordered_by_distance_then_quality() -> None:
    in_order = [
        hit(PDQ, 5, 2, quality=50),
        hit(PDQ, 4, 4, quality=100),
        hit(PDQ, 3, 4, quality=51),
        hit(PDQ, 2, 4, quality=-1),
    ]
    assert rank(reversed(in_order)) == in_order


def test_of_equal_pictures_the_one_that_phash_sees_too_comes_first() -> None:
    pictures = [hit(PDQ, row, 4, quality=80) for row in range(3)]
    ranked = rank([*pictures, hit(PHASH, 2, 1), hit(PHASH, 1, 6)])
    assert ranked == [pictures[2], pictures[1], pictures[0]]


def test_phash_never_lifts_a_worse_picture_past_a_better_one() -> None:
    better, worse = hit(PDQ, 1, 4, quality=80), hit(PDQ, 2, 5, quality=80)
    assert rank([worse, hit(PHASH, 2, 0), better]) == [better, worse]


def test_the_same_file_is_told_once_by_its_strongest_digest() -> None:
    everything = [hit(PHASH, 1), hit(PDQ, 1, quality=90), hit(MD5, 1), hit(SHA1, 1), hit(SHA256, 1)]
    assert rank(everything) == [hit(SHA256, 1)]


def test_a_weak_digest_that_the_picture_bears_out_is_told_by_the_picture_and_goes_before_the_weak_alone() -> None:
    borne_out, alone = [hit(MD5, 9), hit(PDQ, 9, 6, quality=70)], hit(SHA1, 1)
    assert rank([alone, *borne_out]) == [borne_out[1], alone]


def test_a_weak_digest_is_not_borne_out_by_phash() -> None:
    assert rank([hit(PHASH, 1, 0), hit(MD5, 1)]) == [hit(MD5, 1)]


def test_the_nearest_orientation_speaks_and_the_plainest_of_equals() -> None:
    turned = [hit(PDQ, 1, 9, orientation=0), hit(PDQ, 1, 3, orientation=6), hit(PDQ, 1, 3, orientation=4)]
    assert rank(turned) == [turned[2]]


def test_the_whole_picture_speaks_before_its_inside_where_both_are_as_near() -> None:
    inside, whole = hit(PDQ, 1, 3, orientation=8), hit(PDQ, 1, 3, orientation=7)
    assert rank([inside, whole]) == [whole]
    assert rank([hit(PDQ, 1, 4, orientation=0), inside]) == [inside]


def test_rows_sources_and_subjects_are_told_apart() -> None:
    apart = [
        hit(PDQ, 1, 5, subject=0, source=1),
        hit(PDQ, 1, 5, subject=0, source=2),
        hit(PDQ, 2, 5, subject=0, source=2),
        hit(SHA256, 1, subject=1, source=1),
    ]
    assert rank(reversed(apart)) == apart


def test_what_stands_behind_a_proposal_of_two_videos_comes_out_in_its_own_place() -> None:
    """Two animations: whether they match as videos do is judged later, and what else is known of them must not go."""
    proposal, shown = hit(FRAME, 1, 2), hit(FRAME, 1, 9, by=PDQ.code)
    other = hit(FRAME, 2, 5)
    assert rank([shown, other, proposal]) == [proposal, other, shown]
    nearer = hit(FRAME, 1, 0, by=PDQ.code)
    assert rank([nearer, proposal]) == [proposal, nearer]
    second_opinion = hit(PHASH, 1, 3)
    assert rank([second_opinion, hit(PHASH, 3, 0), proposal]) == [proposal, hit(PHASH, 3, 0), second_opinion]
    assert rank([second_opinion, shown, proposal]) == [proposal, shown]


def test_of_two_animations_a_picture_that_is_near_speaks_alone() -> None:
    picture = hit(PDQ, 1, 30, quality=60)
    assert rank([hit(FRAME, 1, 0), hit(FRAME, 1, 0, by=PDQ.code), hit(PDQ, 1, 0, by=FRAME.code), picture]) == [picture]


def test_nothing_makes_nothing() -> None:
    assert rank([]) == []


KINDS = st.sampled_from([(MD5, 0), (SHA1, 0), (SHA256, 0), (PDQ, 0), (PHASH, 0), (FRAME, 0), (FRAME, 4), (PDQ, 7)])
"""Kind found, and by which it was asked about where that is another."""
HITS = st.lists(
    st.builds(
        lambda kind, row, distance, **more: hit(kind[0], row, distance, by=kind[1], **more),
        KINDS,
        st.integers(0, 3),
        st.integers(0, 31),
        subject=st.integers(0, 2),
        source=st.integers(0, 2),
        quality=st.sampled_from([-1, 50, 100]),
        orientation=st.integers(0, 15),
    ),
    max_size=40,
)


@given(hits=HITS, seed=st.integers())
def test_every_row_found_is_told_once_and_behind_a_proposal_again_in_one_order(hits: list[RawHit], seed: int) -> None:
    ranked = rank(hits)
    proposals = [lead for lead in ranked if lead.code == FRAME.code and not lead.by]
    sure = [(lead.subject, lead.source, lead.row) for lead in ranked if lead not in proposals]
    assert len(sure) == len(set(sure))
    behind = {(lead.subject, lead.source, lead.row) for lead in proposals}
    assert len(proposals) == len(behind)
    assert behind | set(sure) == {(found.subject, found.source, found.row) for found in hits}
    for lead in proposals:
        place = (lead.subject, lead.source, lead.row)
        alone = all(found.code == FRAME.code and not found.by for found in hits if found[:3] == place)
        assert alone == (place not in sure)
        if not alone:
            behind_it = next(other for other in ranked if other[:3] == place and other not in proposals)
            assert ranked.index(lead) < ranked.index(behind_it)
    assert set(ranked) <= set(hits)
    assert [lead.subject for lead in ranked] == sorted(lead.subject for lead in ranked)
    shuffled = random.Random(seed).sample(hits, len(hits))
    assert [(r.source, r.row, r.code, r.distance) for r in rank(shuffled)] == [
        (r.source, r.row, r.code, r.distance) for r in ranked
    ]
