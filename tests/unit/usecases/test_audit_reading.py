"""What the audit log shows of an entry, and that it has its own readers."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.domain.batch import BodyState
from node.domain.envelope import Kind
from node.errors import Unavailable
from node.usecases.access import record_access
from node.usecases.acts import perform
from node.usecases.audit import AuditEntry
from node.usecases.audit_reading import AuditReading, ShownEntry
from tests.simulator.memory_store import MemoryStore
from tests.unit.usecases.audited import ORIGIN, Audited


@pytest.fixture
def audited() -> Iterator[Audited]:
    made = Audited(MemoryStore())
    yield made
    made.close()


def read(audited: Audited, after: int | None = None, limit: int = 50) -> list[ShownEntry]:
    reading = AuditReading(store=audited.store, audit=audited.audit)
    return [entry for page in reading.pages(after, limit) for entry in page]


@given(entries=st.integers(0, 6), after=st.none() | st.integers(0, 9), limit=st.integers(1, 9))
def test_a_reading_has_the_entries_from_a_place_or_the_newest_and_always_itself(
    entries: int, after: int | None, limit: int
) -> None:
    audited = Audited(MemoryStore())
    for number in range(entries):
        record_access(audited.audit, "records", limit=number)
    size = entries + 1
    start = max(0, size - limit) if after is None else min(after, size)
    assert [each.index for each in read(audited, after, limit)] == list(range(start, min(size, start + limit)))
    assert audited.last()["what"] == "audit"
    audited.close()


@given(
    values=st.lists(st.binary(min_size=32, max_size=32).map(bytes.hex), max_size=4),
    words=st.text(st.characters(codec="ascii", categories=["L"]), min_size=12),
)
def test_fingerprints_are_counted_and_a_field_that_is_not_named_is_not_shown(values: list[str], words: str) -> None:
    audited = Audited(MemoryStore())
    body = {"what": "match", "at": 1, "case": "C", "sha256": values, "note": words}
    audited.audit.append(AuditEntry(kind=Kind.AUDIT_SEARCH, body=body))
    shown, _ = read(audited)
    assert (shown.fields, shown.fingerprints) == ({"what": "match", "at": 1, "case": "C"}, len(values))
    text = json.dumps(dict(shown.fields))
    assert not any(value in text for value in [*values, words])
    audited.close()


def test_an_act_is_shown_with_its_end_and_a_purged_entry_as_purged(audited: Audited) -> None:
    perform(audited.audit, "backup", lambda: None)
    record_access(audited.audit, "records")
    with audited.store.write() as tx:
        tx.purge(ORIGIN, [2])
    act, outcome, purged, _ = read(audited)
    assert (act.kind, act.fields["outcome"]) == (Kind.AUDIT_ADMINISTRATION, "done")
    assert (outcome.kind, outcome.fields["of"]) == (Kind.AUDIT_OUTCOME, 0)
    assert (purged.state, purged.fields) == (BodyState.PURGED, {})


def test_a_reading_that_cannot_be_recorded_shows_nothing(audited: Audited) -> None:
    audited.close()
    with pytest.raises(Unavailable):
        read(audited)
