"""Whatever officers do in whatever order, no version of a note is lost, and a case has a status that can follow."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from node.domain.case_events import CaseEvent
from node.domain.case_files import CaseFile, CaseNote, CaseStatus
from node.errors import Misuse, NotFound, Refused
from node.usecases.acting import caller
from tests.unit.usecases.case_desk import TITLE, CaseDesk, officer

OFFICERS = st.sampled_from(["Dupont", "Sato", "Silva"])
LETTERS = st.characters(codec="utf-8", categories=["L", "N", "P", "Zs"])
TEXTS = st.text(LETTERS, min_size=1, max_size=20).filter(str.strip)
NOTES = st.lists(st.tuples(OFFICERS, st.integers(0, 4), TEXTS), max_size=12)
ACTS = st.lists(
    st.tuples(OFFICERS, st.sampled_from(["close", "rest", "reopen", "open", "assign"]), st.integers(0, 2)), max_size=15
)


@given(NOTES)
def test_every_version_of_every_note_is_kept_with_its_author(acts: list[tuple[str, int, str]]) -> None:
    desk = CaseDesk()
    written: dict[int, list[tuple[str, str]]] = {}
    try:
        desk.work.open("C", TITLE)
        for who, number, text in acts:
            with officer(who):
                try:
                    note = desk.notes.edit("C", number, text) if number else desk.notes.write("C", text)
                except NotFound:
                    assert number not in written
                    continue
            written.setdefault(note.number, []).append((who, text.strip()))
            assert note.version == len(written[note.number])
        kept = {number: [(each.officer, each.text) for each in _versions(desk, number)] for number in written}
        assert kept == written
        with desk.node.store.read() as tx:
            assert tx.count_notes("C") == len(written)
    finally:
        desk.close()


def _versions(desk: CaseDesk, number: int) -> list[CaseNote]:
    return list(desk.notes.versions("C", number))


@given(ACTS)
def test_a_case_is_always_in_a_status_that_can_follow_and_its_timeline_says_how_it_came_there(
    acts: list[tuple[str, str, int]],
) -> None:
    """Some acts name a version that is not the present one: they change nothing."""
    desk = CaseDesk()
    try:
        desk.work.open("C", TITLE)
        for who, act, behind in acts:
            before = _file(desk)
            with officer(who):
                try:
                    after = _do(desk, act, before.version - behind)
                except (Misuse, Refused):
                    assert _file(desk) == before
                    continue
            assert not behind
            assert after == _file(desk)
            assert after.version == before.version + 1
            assert (after.status is CaseStatus.CLOSED) == bool(after.words.outcome)
            assert after.lead in ("", *after.officers)
        told: list[CaseEvent] = [each for each in reversed(desk.events()) if each.version]
        assert [each.version for each in told] == list(range(1, _file(desk).version + 1))
        status = CaseStatus.OPEN
        for each in told:
            status = {
                "closed": CaseStatus.CLOSED, "dormant": CaseStatus.DORMANT, "reopened": CaseStatus.OPEN,
            }.get(each.kind, status)  # fmt: skip
        assert status is _file(desk).status
    finally:
        desk.close()


def _do(desk: CaseDesk, act: str, seen: int) -> CaseFile:
    if act == "open":
        return desk.work.open("C", TITLE)
    if act == "close":
        return desk.work.close("C", seen, "an outcome")
    if act == "assign":
        return desk.work.assign("C", seen, lead=caller().name)
    return desk.work.rest("C", seen) if act == "rest" else desk.work.reopen("C", seen)


def _file(desk: CaseDesk) -> CaseFile:
    with desk.node.store.read() as tx:
        found = tx.case_file("C")
    assert found is not None
    return found
