"""A receiver that reads an export and then a later one ends with what the later one has: no row stays behind."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.domain.references import At, Reference, Withdrawal
from node.interop.left_out import LeftOut
from node.interop.misp_writing import write_misp
from node.interop.ncmec_writing import Sender, write_ncmec
from node.interop.stix_writing import write_stix
from node.interop.stopncii_writing import write_stopncii
from tests.interop.expected import items
from tests.interop.test_writing_json import ADULTS, BUNDLE, EVENT
from tests.interop.written_rows import references

Rows = list[Reference | Withdrawal]
Write = Callable[[Rows, int], Iterable[bytes]]
WRITERS: dict[str, Write] = {
    "misp": lambda rows, at: write_misp(rows, LeftOut(), replace(EVENT, timestamp=EVENT.timestamp + at)),
    "stix21": lambda rows, at: write_stix(rows, LeftOut(), replace(BUNDLE, modified=f"2026-01-02T00:00:0{at}.000Z")),
    "ncmec": lambda rows, at: write_ncmec(lambda: rows, LeftOut(), Sender(99, "Unit", f"2026-01-02T00:00:0{at}Z")),
    "stopncii": lambda rows, at: write_stopncii(rows, LeftOut(), ADULTS, timestamp=at),
}
Name = tuple[str, bytes, bytes]


def taken(form: str, data: bytes, before: dict[Name, Reference]) -> dict[Name, Reference]:
    """What a list has after an import, by what names a row: its id, or its hashes without one."""
    rows = dict(before)
    for item in items(data, name=form):
        if isinstance(item, Reference):
            rows[item.id, b"" if item.id else item.pdq, b"" if item.id else item.md5] = item
        elif isinstance(item, Withdrawal):
            named = item.named
            rows.pop((named.id, named.pdq, named.md5), None)
    return rows


def named(row: Reference, number: int) -> Reference:
    """A row with a name of its own, as records have one, or with its hashes alone, as holdings do."""
    md5 = bytes([number + 1]) * 16
    return row._replace(id=row.id and f"record {number}", md5=md5, pdq=b"", photodna=b"", media_type="video/mp4")


@pytest.mark.parametrize("form", WRITERS)
@settings(max_examples=30)
@given(
    st.lists(references(), max_size=4), st.lists(references(), max_size=2), st.sets(st.integers(0, 3)), st.booleans()
)
def test_nothing_stays_behind(
    form: str, given_rows: list[Reference], new: list[Reference], gone: set[int], knows_hashes: bool
) -> None:
    first = [named(row, number) for number, row in enumerate(given_rows)]
    stays = [row for number, row in enumerate(first) if number not in gone]
    added = [named(row, number + 100) for number, row in enumerate(new)]
    ends = [
        Withdrawal(At(), id=row.id, reference=row if knows_hashes or not row.id or form == "stopncii" else None)
        for number, row in enumerate(first)
        if number in gone
    ]
    before = taken(form, b"".join(WRITERS[form]([*first], 1)), {})
    assert len(before) == len(first)
    # A later export has all that stands, or only what is new: what stands is not lost by either.
    versions: list[Rows] = [[*stays, *added, *ends], [*added, *ends]]
    for later in versions:
        after = taken(form, b"".join(WRITERS[form](later, 2)), before)
        wanted = taken(form, b"".join(WRITERS[form]([*stays, *added], 2)), {})
        assert after.keys() == wanted.keys()
