"""What every store does with case files, notes, events and categorisations."""

from __future__ import annotations

from dataclasses import replace

import pytest

from node.domain.case_events import FIRST_PLACE, CaseEvent, CaseEventKind, HitDay
from node.domain.case_files import CaseFile, CaseNote, CaseStatus, CaseWords
from node.domain.categorising import Categorisation
from node.domain.ids import Origin, RecordId, federation_id, member_id
from node.domain.queries import Level
from node.domain.statements import Category, Tri
from node.domain.stored_hits import HitEvidence, StoredHit
from node.domain.stores import NodeStore
from node.domain.wording import Wording
from tests.contracts.holdings import prints

WORDS = CaseWords(title="Bridge", purpose="investigation", legal_basis="art. 706-47")
CASE = CaseFile(reference="C-1", opened_at=10, changed_at=10, lead="Dupont", officers=("Dupont", "Sato"), words=WORDS)
NOTE = CaseNote(reference="C-1", number=1, version=1, at=5, officer="Sato", text="two\nlines of ünicode")
SAID = Wording(
    category=Category(scheme="uk-caid", version="1", code="B"),
    baseline=Tri.NO,
    series="Bridge",
    victim_identified=Tri.UNKNOWN,
    tags=("a", "b"),
    language="fr",
)


def test_a_case_file_is_read_as_it_was_written_and_changed_only_from_the_version_before(store: NodeStore) -> None:
    closed = replace(CASE, version=2, changed_at=20, status=CaseStatus.CLOSED, officers=("Dupont",),
                     words=replace(WORDS, outcome="victim found"))  # fmt: skip
    with store.write() as tx:
        assert tx.case_file("C-1") is None
        assert not tx.put_case_file(closed), "there is no version 1 yet"
        assert tx.put_case_file(CASE)
        assert not tx.put_case_file(CASE)
    with store.read() as tx:
        assert tx.case_file("C-1") == CASE
    with store.write() as tx:
        assert not tx.put_case_file(replace(closed, version=3))
        assert tx.put_case_file(closed)
        assert not tx.put_case_file(replace(CASE, version=2, lead="Sato"))
    with store.read() as tx:
        assert tx.case_file("C-1") == closed
        assert tx.case_files_of(["C-1", "C-2"]) == {"C-1": closed}


def test_case_files_are_listed_by_reference_status_and_officer(store: NodeStore) -> None:
    with store.write() as tx:
        tx.put_case_file(replace(CASE, reference="C-3", status=CaseStatus.DORMANT, officers=()))
        tx.put_case_file(CASE)
        tx.put_case_file(replace(CASE, reference="C-2", officers=("Sato",), lead="Sato"))

    def listed(after: str = "", limit: int = 9, **of: object) -> list[str]:
        with store.read() as tx:
            return [each.reference for each in tx.case_files(after, limit, **of)]  # type: ignore[arg-type]

    assert listed() == ["C-1", "C-2", "C-3"]
    assert listed(after="C-1") == ["C-2", "C-3"]
    assert listed(limit=1) == ["C-1"]
    assert listed(status=CaseStatus.DORMANT) == ["C-3"]
    assert listed(officer="Sato") == ["C-1", "C-2"]
    assert listed(officer="Dupont", status=CaseStatus.OPEN) == ["C-1"]
    assert listed(officer="Nobody") == []


def test_closed_cases_come_with_the_last_changed_one_first(store: NodeStore) -> None:
    ended = replace(CASE, status=CaseStatus.CLOSED, words=replace(WORDS, outcome="victim found"))
    with store.write() as tx:
        tx.put_case_file(CASE)
        tx.put_case_file(replace(ended, reference="C-2", changed_at=30, officers=("Sato",), lead="Sato"))
        tx.put_case_file(replace(ended, reference="C-3", changed_at=50, officers=("Dupont",)))
        tx.put_case_file(replace(ended, reference="C-4", changed_at=40, officers=("Sato",), lead="Sato"))
    with store.read() as tx:
        assert [each.reference for each in tx.closed_case_files(9)] == ["C-3", "C-4", "C-2"]
        assert [each.reference for each in tx.closed_case_files(2)] == ["C-3", "C-4"]
        assert [each.reference for each in tx.closed_case_files(9, officer="Sato")] == ["C-4", "C-2"]
        assert tx.closed_case_files(1)[0].words.outcome == "victim found"


def test_a_note_keeps_every_version_and_a_version_is_written_once(store: NodeStore) -> None:
    edited = replace(NOTE, version=2, at=6, officer="Dupont", text="another text")
    second = replace(NOTE, number=2)
    with store.write() as tx:
        assert tx.put_case_note(NOTE)
        assert not tx.put_case_note(replace(NOTE, text="in its place"))
        assert tx.put_case_note(second)
        assert tx.put_case_note(edited)
        tx.put_case_note(replace(NOTE, reference="C-2"))
    with store.read() as tx:
        assert tx.note_versions("C-1", 1) == [NOTE, edited]
        assert tx.note_versions("C-1", 3) == []
        assert tx.case_notes("C-1") == [second, edited]
        assert tx.case_notes("C-1", limit=1) == [second]
        assert tx.case_notes("C-1", before=2) == [edited]
        assert (tx.count_notes("C-1"), tx.count_notes("C-9")) == (2, 0)


def _event(at: int, kind: CaseEventKind = CaseEventKind.INGESTED, **more: object) -> CaseEvent:
    return CaseEvent(**{"case": "C-1", "kind": kind, "at": at, "until": at, **more})  # type: ignore[arg-type]


def test_events_are_paged_from_the_newest_and_two_of_one_second_keep_their_order(store: NodeStore) -> None:
    told = [
        _event(5, count=3, officer="Sato"),
        _event(7, CaseEventKind.CLOSED, version=2, words="victim found"),
        _event(7, CaseEventKind.REOPENED, version=3),
        _event(6, CaseEventKind.ASKED, subject="ab"),
    ]
    with store.write() as tx:
        for each in [*told, _event(9, case="C-2")]:
            tx.put_case_event(each)
    with store.read() as tx:
        page = tx.case_events("C-1", FIRST_PLACE, 2)
        rest = tx.case_events("C-1", page[-1].place, 9)
        assert [replace(each, id=0) for each in [*page, *rest]] == [told[2], told[1], told[3], told[0]]
        assert tx.case_events("C-1", rest[-1].place, 9) == []
        assert [each.kind for each in tx.case_changes("C-1", 1)] == ["closed", "reopened"]
        assert [each.kind for each in tx.case_changes("C-1", 2)] == ["reopened"]
        newest = tx.newest_case_events(["C-1", "C-2", "C-9"])
        assert {case: each.kind for case, each in newest.items()} == {"C-1": "asked", "C-2": "ingested"}
    with store.write() as tx:
        tx.extend_case_event(rest[-1].id, 4, 50)
    with store.read() as tx:
        (grown,) = tx.case_events("C-1", rest[0].place, 9)
        assert (grown.at, grown.until, grown.count) == (5, 50, 7)


def test_a_forgotten_case_leaves_the_others_whole(store: NodeStore) -> None:
    with store.write() as tx:
        for reference in ("C-1", "C-2"):
            tx.put_case_file(replace(CASE, reference=reference))
            tx.put_case_note(replace(NOTE, reference=reference))
            tx.put_case_note(replace(NOTE, reference=reference, version=2))
            tx.put_case_event(_event(5, case=reference, words="an outcome"))
    with store.write() as tx:
        assert tx.forget_case("C-1") == 1
        assert tx.forget_case("C-1") == 0
    with store.read() as tx:
        assert (tx.case_file("C-1"), tx.case_notes("C-1"), tx.case_events("C-1", FIRST_PLACE, 9)) == (None, [], [])
        assert tx.case_files("", 9, officer="Sato") == [replace(CASE, reference="C-2")]
        assert len(tx.note_versions("C-2", 1)) == 2
        assert [each.words for each in tx.case_events("C-2", FIRST_PLACE, 9)] == ["an outcome"]
    with store.write() as tx:
        assert tx.put_case_file(CASE), "the reference can be used again"


def test_old_events_of_a_reference_without_file_and_holdings_are_forgotten(store: NodeStore) -> None:
    _hold(store, 1, case="holdings")
    with store.write() as tx:
        tx.put_case_file(CASE)
        for case in ("C-1", "holdings", "stray"):
            tx.put_case_event(_event(5, case=case, words="an outcome"))
        tx.put_case_event(_event(5, case="stray", until=10))
    with store.write() as tx:
        assert tx.forget_stray_events(5) == 0
        assert tx.forget_stray_events(10) == 1
        assert [each.until for each in tx.case_events("stray", FIRST_PLACE, 9)] == [10]
        assert tx.forget_stray_events(11) == 1
        assert len(tx.case_events("C-1", FIRST_PLACE, 9)) == len(tx.case_events("holdings", FIRST_PLACE, 9)) == 1


def _hold(store: NodeStore, *numbers: int, case: str = "C-1") -> list[int]:
    with store.write() as tx:
        return [
            tx.put_holding(prints(f"{each}"), level=Level.NATIONAL, case=case, tag=b"", now=1)[0] for each in numbers
        ]


def test_days_with_hits_count_what_was_first_found_on_them(store: NodeStore) -> None:
    mine, other = _hold(store, 1), _hold(store, 2, case="C-2")
    origin = Origin(federation_id("test"), member_id("JP"), 1)
    evidence = HitEvidence(algorithm="pdq", distance=3)

    def hit(holding: int, leaf: int, at: int, *, ended: bool = False) -> StoredHit:
        return StoredHit(
            id=0, holding=holding, record=RecordId(origin, bytes([leaf]) * 32), place=leaf, first_seen=at,
            last_seen=at, evidence=None if ended else evidence, ended=ended,
        )  # fmt: skip

    day = 86_400
    with store.write() as tx:
        tx.open_log(origin)
        tx.add_hits([hit(mine[0], 1, day + 5), hit(mine[0], 2, day + 9), hit(mine[0], 3, 3 * day), hit(other[0], 1, 9)])
    with store.read() as reader:
        assert reader.hit_days("C-1") == [
            HitDay(at=3 * day, until=3 * day, hits=1),
            HitDay(at=day + 5, until=day + 9, hits=2),
        ]
        assert reader.hit_days("C-9") == []


def test_a_categorisation_adds_a_version_and_the_newest_counts(store: NodeStore) -> None:
    first, second, third = _hold(store, 1, 2, 3)
    said = Categorisation(holding=first, at=5, officer="Sato", wording=SAID)
    changed = Categorisation(holding=first, at=6, officer="Dupont", wording=Wording(series="River"))
    with store.write() as tx:
        tx.put_categorisations([])
        tx.put_categorisations([said, replace(said, holding=second)])
        tx.put_categorisations([changed])
    with store.read() as tx:
        assert tx.categorisations([first, second, third, 99]) == {
            first: replace(changed, version=2),
            second: replace(said, holding=second, version=1),
        }
        assert tx.categorisation_history(first, 9) == [replace(changed, version=2), replace(said, version=1)]
        assert tx.categorisation_history(first, 1) == [replace(changed, version=2)]
    with store.write() as tx:
        tx.put_categorisations([Categorisation(holding=first, at=7)])
        (empty,) = tx.categorisations([first]).values()
        assert (empty.version, empty.says_something) == (3, False)


@pytest.mark.parametrize(
    ("category", "found"), [("uk-caid:1:B", [0]), ("", [1, 2]), ("uk-caid:1:C", []), (None, [0, 1, 2])]
)
def test_holdings_are_listed_by_their_present_category(
    store: NodeStore, category: str | None, found: list[int]
) -> None:
    rows = _hold(store, 1, 2, 3)
    with store.write() as tx:
        tx.put_categorisations([Categorisation(holding=each, at=5, wording=SAID) for each in rows[:2]])
        tx.put_categorisations([Categorisation(holding=rows[1], at=6)])
    with store.read() as tx:
        assert [each.id for each in tx.holdings(case="C-1", category=category)] == [rows[at] for at in found]


def test_a_deleted_holding_takes_what_was_said_of_it_along(store: NodeStore) -> None:
    first, second = _hold(store, 1, 2)
    with store.write() as tx:
        tx.put_categorisations([Categorisation(holding=each, at=5, wording=SAID) for each in (first, second)])
        tx.delete_holding(first)
    with store.read() as tx:
        assert list(tx.categorisations([first, second])) == [second]
        assert tx.categorisation_history(first, 9) == []
