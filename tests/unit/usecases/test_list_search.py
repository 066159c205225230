"""A search over lists: which rows are found, what is said of them, and to whom."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from node.domain.fingerprint_kinds import MD5, PDQ, PHOTODNA, SHA1, SHA256, FingerprintKind
from node.domain.ids import MemberId
from node.domain.lists import LIST_SOURCES, ListState, ReferenceList, list_owner
from node.domain.queries import Level, MatchRule
from node.usecases.crowd import MAX_ALIKE
from node.usecases.intake import subject_of
from node.usecases.lists import ListTerms
from node.usecases.stored_hits import StoredHits
from tests.unit.usecases.listed import FR, NOW, Shelf, of_kind, opened, prints, row, value


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    with opened(tmp_path / "vigil.db") as made:
        yield made


def flipped(given: bytes, bits: int) -> bytes:
    """The same with the first `bits` bits turned over."""
    return (int.from_bytes(given, "big") ^ ((1 << bits) - 1)).to_bytes(len(given), "big")


@pytest.mark.parametrize("kind", [MD5, SHA1, SHA256, PDQ, PHOTODNA], ids=lambda kind: kind.name)
def test_each_kind_of_hash_alone_is_found_and_says_from_which_row(shelf: Shelf, kind: FingerprintKind) -> None:
    given = value(5, kind.size)
    only = row(5, **{"md5": b"", "pdq_quality": 90, kind.name: given})
    shelf.take("US set", [row(1), only, row(2)])
    (hit,) = shelf.found(of_kind(kind.code, given)).hits
    assert hit.algorithm == kind.name
    assert hit.distance == (None if kind.exact else 0)
    assert hit.weak is kind.weak
    assert hit.level is Level.NATIONAL
    assert (hit.record, hit.holding) == (None, None)
    assert hit.row is not None
    assert (hit.row.name, hit.row.record, hit.row.is_abuse) == ("US set", 5, True)
    assert hit.category is not None
    assert (hit.category.scheme, hit.category.version, hit.category.code) == ("us-vics", "1", "1")
    assert shelf.disagreements == []


def test_a_pdq_is_found_up_to_the_radius_and_photodna_never_near(shelf: Shelf) -> None:
    shelf.take("L", [row(1, md5=b"", pdq=value(1, 32), pdq_quality=80), row(2, md5=b"", photodna=value(2, 144))])
    (near,) = shelf.found(of_kind(PDQ.code, flipped(value(1, 32), 31))).hits
    assert (near.algorithm, near.distance, near.quality) == ("pdq", 31, 80)
    assert shelf.found(of_kind(PDQ.code, flipped(value(1, 32), 32))).hits == ()
    assert shelf.found(of_kind(PDQ.code, flipped(value(1, 32), 1)), rule=MatchRule.EXACT).hits == ()
    assert shelf.found(of_kind(PHOTODNA.code, flipped(value(2, 144), 1))).hits == ()
    assert len(shelf.found(of_kind(PHOTODNA.code, value(2, 144)), rule=MatchRule.EXACT).hits) == 1


def test_a_row_that_matches_by_two_hashes_is_one_hit_by_the_stronger(shelf: Shelf) -> None:
    shelf.take("L", [row(1, sha1=value(1, 20)), row(2)])
    (hit,) = shelf.found(subject_of(prints(1))).hits
    assert hit.algorithm == "sha1"


def test_the_same_hash_in_two_lists_and_a_holding_is_three_hits(shelf: Shelf) -> None:
    shelf.take("A", [row(1)])
    shelf.take("B", [row(1, code="2")])
    (holding,) = shelf.hold(1)
    found = shelf.found(of_kind(MD5.code, value(1, 16)))
    assert sorted((hit.row.name if hit.row else "", hit.holding) for hit in found.hits) == [
        ("", holding),
        ("A", None),
        ("B", None),
    ]
    assert dict(found.searched) == {"FR/list A": 1, "FR/list B": 1, "FR/holdings": 1}


def test_what_is_taken_in_or_out_is_in_no_answer_and_no_fault_of_the_index(shelf: Shelf) -> None:
    subject = of_kind(MD5.code, value(1, 16))
    taking = shelf.begin("L", [row(1)], Level.HIT_NO_HIT)
    assert shelf.lists.named("L").state is ListState.TAKING
    assert (shelf.found(subject).hits, shelf.abroad(subject)) == ((), ())
    assert "FR/list L" not in shelf.found(subject).searched
    taking.finish(shelf.lists.named("L").head)
    assert (len(shelf.found(subject).hits), len(shelf.abroad(subject))) == (1, 1)
    with shelf.store.write() as tx:
        tx.set_list(_in_state(shelf, "L", ListState.GOING))
    assert (shelf.found(subject).hits, shelf.abroad(subject)) == ((), ())
    assert shelf.disagreements == [], "the index is whole: nobody needs to make it again"
    with shelf.store.write() as tx:
        tx.set_list(_in_state(shelf, "L", ListState.INCOMPLETE))
    assert len(shelf.found(subject).hits) == 1
    assert shelf.lists.remove("L") == 1
    assert (shelf.found(subject).hits, shelf.abroad(subject)) == ((), ())
    assert shelf.index.sizes() == {}
    assert shelf.disagreements == []


def _in_state(shelf: Shelf, name: str, state: ListState) -> ReferenceList:
    return replace(shelf.lists.named(name), state=state)


def test_a_row_that_only_the_index_has_is_no_hit_and_a_fault_of_the_index(shelf: Shelf) -> None:
    of = shelf.take("L", [row(1)])
    with shelf.store.write() as tx:
        tx.delete_rows(of.number, 10)
    assert shelf.found(of_kind(MD5.code, value(1, 16))).hits == ()
    assert shelf.disagreements == [1]


def test_a_list_that_answers_says_one_bit_and_a_local_one_nothing(shelf: Shelf) -> None:
    shelf.take("local", [row(1), row(2)])
    subjects = [of_kind(MD5.code, value(number, 16)) for number in (1, 2)]
    assert shelf.abroad(*subjects) == ()
    shelf.take("answers", [row(2), row(3)], Level.HIT_NO_HIT)
    (hit,) = shelf.abroad(*subjects)
    assert (hit.subject, hit.whole, hit.origin, hit.algorithm, hit.level) == (0, True, "FR", "md5", Level.HIT_NO_HIT)
    assert (hit.record, hit.distance, hit.quality, hit.category, hit.series, hit.statement, hit.row) == (None,) * 7
    shelf.lists.change("answers", ListTerms(level=Level.NATIONAL))
    assert shelf.abroad(*subjects) == ()


def test_the_allow_list_hides_what_was_asked_and_counts_it(shelf: Shelf) -> None:
    shelf.take("L", [row(1)])
    subject = subject_of(prints(1))
    with shelf.store.write() as tx:
        tx.allow([prints(1).sha256], 1)
    found = shelf.found(subject)
    assert (found.hits, dict(found.hidden)) == ((), {0: 1})
    (shown,) = shelf.found(subject, show_all=True).hits
    assert shown.allowed


def test_a_list_with_one_hash_many_times_is_bounded_and_counted(shelf: Shelf) -> None:
    many = [row(9, id=f"r{each}", at=row(each).at) for each in range(100)]
    shelf.take("crowded", many)
    shelf.take("other", [row(9)])
    found = shelf.found(of_kind(MD5.code, value(9, 16)))
    of_crowd = [hit for hit in found.hits if hit.row and hit.row.name == "crowded"]
    assert len(of_crowd) == MAX_ALIKE
    assert {hit.alike for hit in of_crowd} == {100}
    assert [hit.leads for hit in of_crowd] == [True] + [False] * (MAX_ALIKE - 1)
    assert dict(found.left_out) == {(0, list_owner("crowded")): 100 - MAX_ALIKE}
    assert sum(hit.row is not None and hit.row.name == "other" for hit in found.hits) == 1


def test_hits_on_lists_are_not_kept_and_their_crowds_neither(shelf: Shelf) -> None:
    (holding,) = shelf.hold(9)
    shelf.take("crowded", [row(9, id=f"r{each}") for each in range(100)])
    found = shelf.found(subject_of(prints(9)))
    stored = StoredHits(store=shelf.store, own=FR, clock=lambda: NOW)
    assert stored.found([holding], found.hits) == []
    assert stored.crowds([holding], found) == {}


def test_a_member_is_not_taken_for_a_list() -> None:
    assert list_owner("DE") != MemberId("DE")
    assert LIST_SOURCES == 1 << 30


def test_rows_of_poor_quality_and_without_content_match_nothing(shelf: Shelf) -> None:
    shelf.take(
        "L",
        [
            row(1, md5=b"", pdq=value(1, 32), pdq_quality=49),
            row(2, md5=b"", pdq=bytes(31) + b"\x01", pdq_quality=100),
            row(3, md5=b"", pdq=value(3, 32)),
        ],
    )
    assert shelf.found(of_kind(PDQ.code, value(1, 32)), of_kind(PDQ.code, bytes(32))).hits == ()
    (hit,) = shelf.found(of_kind(PDQ.code, value(3, 32))).hits
    assert hit.quality is None, "its list does not state one"


def test_a_changed_row_says_what_the_newest_file_says_and_a_withdrawn_one_nothing(shelf: Shelf) -> None:
    shelf.take("L", [row(1, id="a"), row(2, id="b")])
    taking = shelf.lists.begin("L", ListTerms(), b"g" * 32, "officer")
    taking.take([row(1, id="a", series="Bridge")])
    taking.finish(shelf.lists.named("L").head, replaces=True)
    assert (taking.counts.changed, taking.counts.withdrawn, taking.added) == (1, 1, 0)
    (hit,) = shelf.found(of_kind(MD5.code, value(1, 16))).hits
    assert hit.series == "Bridge"
    assert shelf.found(of_kind(MD5.code, value(2, 16))).hits == ()
    assert shelf.index.sizes() == {shelf.lists.named("L").source: 1}
