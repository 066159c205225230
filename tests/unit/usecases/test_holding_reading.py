"""Whoever reads holdings is in the audit log, and only one holding in full has paths and fingerprints."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.domain.queries import Level
from node.errors import NotFound, Unavailable
from node.usecases.holding_reading import HoldingReading
from tests.unit.usecases.audited import Audited
from tests.unit.usecases.disposal_desk import Desk


@pytest.fixture(scope="module")
def audited() -> Iterator[Audited]:
    made = Audited(Desk().store)
    yield made
    made.close()


def reading(audited: Audited) -> HoldingReading:
    return HoldingReading(store=audited.store, audit=audited.audit, has_original=lambda _: True)


@given(limit=st.integers(1, 7), case=st.sampled_from(["", "A", "B"]))
def test_pages_of_any_size_make_the_whole_list_once(audited: Audited, limit: int, case: str) -> None:
    found, after, more = list[int](), 0, True
    while more:
        page = reading(audited).page(case=case, after=after, limit=limit)
        assert len(page.listed) <= limit
        found += [each.holding.id for each in page.listed]
        after, more = page.after, page.more
    assert found == ([4, 5] if case == "B" else [1, 2, 3, 4, 5])


def test_a_page_is_recorded_with_what_narrows_it(audited: Audited) -> None:
    page = reading(audited).page(case="A", level=Level.SHARED, limit=2)
    assert [each.holding.id for each in page.listed] == [1, 2]
    assert audited.last() == {"what": "holdings", "case": "A", "limit": 2, "at": audited.now}


def test_fingerprints_are_given_on_request_and_the_request_is_recorded(audited: Audited) -> None:
    shown = reading(audited).one(4, digests=False)
    assert (shown.fingerprints, shown.part_of_total, shown.has_original) == (None, 0, True)
    assert [each.path for each in shown.files] == ["/A/4", "/B/4"]
    assert audited.last() == {"what": "holding", "holdings": [4], "digests": False, "at": audited.now}
    in_full = reading(audited).one(4, digests=True)
    assert [each for each, _ in in_full.fingerprints or ()] == list(in_full.holding.fingerprints)
    assert audited.last()["digests"] is True


def test_a_holding_that_is_not_here_was_asked_for_all_the_same(audited: Audited) -> None:
    with pytest.raises(NotFound, match="no holding 99"):
        reading(audited).one(99, digests=False)
    assert audited.last()["holdings"] == [99]


def test_what_cannot_be_recorded_is_not_shown() -> None:
    audited = Audited(Desk().store)
    audited.close()
    with pytest.raises(Unavailable):
        reading(audited).page()
    with pytest.raises(Unavailable):
        reading(audited).one(1, digests=False)
