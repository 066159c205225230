"""The sections of a report on the holdings of a case: what was taken in, and what was contributed.

Rules this module upholds:

- An exhibit is named by its number here and the SHA-256 of its file. No perceptual hash is in a report.
- Paths are in a report only if the officer asked for them.
"""

from __future__ import annotations

from collections import Counter
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Final, NamedTuple

from node.domain.calendar import SECONDS_A_DAY
from node.domain.envelope import decode
from node.domain.queries import Level
from node.usecases.report_values import Column, Fact, Form

if TYPE_CHECKING:
    from collections.abc import Iterator

    from node.domain.categorising import Categorisation
    from node.domain.holdings import Holding
    from node.domain.ids import RecordId
    from node.usecases.report_source import ReportSource
    from node.usecases.report_values import Row, Section

_LEVELS: Final = {Level.NATIONAL: "national", Level.HIT_NO_HIT: "hit/no-hit", Level.SHARED: "shared"}
_TAKEN_IN: Final = (
    Column(name="holding", title="Holding", form=Form.NUMBER),
    Column(name="added_at", title="Taken in", form=Form.MOMENT),
    Column(name="media_type", title="Type"),
    Column(name="size", title="Bytes", form=Form.SIZE),
    Column(name="level", title="Level"),
    Column(name="category", title="Category"),
    Column(name="series", title="Series"),
    Column(name="sha256", title="SHA-256", form=Form.DIGEST),
    Column(name="not_read", title="Not read"),
)
_PATHS: Final = Column(name="paths", title="Files")
_CONTRIBUTED: Final = (
    Column(name="holding", title="Holding", form=Form.NUMBER),
    Column(name="record", title="Record", form=Form.DIGEST),
    Column(name="place", title="Place in the log", form=Form.NUMBER),
    Column(name="issued", title="Issued (day)", form=Form.MOMENT),
    Column(name="state", title="State"),
)


def material(source: ReportSource) -> list[Section]:
    """The holdings of the case, and the records that share them; both by the number of the holding."""
    levels: Counter[Level] = Counter()
    size = shared = latest = 0
    for each in chain.from_iterable(source.holding_pages()):
        levels[each.level] += 1
        size += each.size
        shared += each.record is not None
        latest = max(latest, each.added_at)
    total = levels.total()
    facts = [
        Fact(name="holdings", title="Holdings", value=total, form=Form.NUMBER),
        Fact(name="bytes", title="Bytes", value=size, form=Form.SIZE),
    ]
    facts += [
        Fact(name=level.name.lower(), title=f"Of level {_LEVELS[level]}", value=levels[level], form=Form.NUMBER)
        for level in Level
    ]
    columns = (*_TAKEN_IN, *((_PATHS,) if source.choices.paths else ()))
    rows = partial(_taken_in_rows, source)
    return [
        source.table("taken_in", "Material taken in", columns, rows, total=total, latest=latest, facts=facts),
        source.table(
            "contributed",
            "Contributed to the federation",
            _CONTRIBUTED,
            partial(_contributed_rows, source),
            total=shared,
            facts=[Fact(name="records", title="Shared holdings", value=shared, form=Form.NUMBER)],
        ),
    ]


class _Contributed(NamedTuple):
    """A row, as `_CONTRIBUTED` says."""

    holding: int
    record: str
    place: int | None
    issued: int | None
    state: str


def _taken_in_rows(source: ReportSource) -> Iterator[Row]:
    for page in source.holding_pages():
        said = source.tx.categorisations([each.id for each in page])
        yield from (_taken_in_row(source, each, said.get(each.id)) for each in page)


def _taken_in_row(source: ReportSource, each: Holding, said: Categorisation | None) -> Row:
    category = said.wording.category if said else None
    row: Row = (
        each.id,
        each.added_at,
        each.media_type,
        each.size,
        each.level.spelled,
        str(category) if category else None,
        said.wording.series if said else None,
        each.sha256.hex(),
        each.note or None,
    )
    if not source.choices.paths:
        return row
    files = [str(file) for file in source.tx.file_references(each.id) if file.case == source.case]
    return (*row, "\n".join(files) or None)


def _contributed_rows(source: ReportSource) -> Iterator[_Contributed]:
    """A page of records is looked up together: each look-up may read the whole log."""
    for page in source.holding_pages():
        shared = [(each.id, each.record) for each in page if each.record is not None]
        logs = {origin: source.tx.log(origin) for origin in {record.origin for _, record in shared}}
        places = {
            origin: source.tx.find(origin, [record.leaf for _, record in shared if record.origin == origin])
            for origin in logs
        }
        for number, record in shared:
            place, log = places[record.origin].get(record.leaf), logs[record.origin]
            if place is None:
                yield _Contributed(number, str(record), None, None, "waits for a place in the log")
            else:
                state = "published" if log is not None and place < log.cosigned_size else "signed"
                yield _Contributed(number, str(record), place, _issued(source, record, place), state)


def _issued(source: ReportSource, record: RecordId, place: int) -> int | None:
    """The day of a record, in Unix seconds."""
    entry, _ = source.tx.entry_at(record.origin, place)
    envelope = decode(entry)
    return None if envelope is None else envelope.issued_day * SECONDS_A_DAY
