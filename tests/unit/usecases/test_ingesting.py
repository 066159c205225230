"""An ingest: recorded before it is stored, told batch by batch, and summed up over the whole case."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from node.domain.holdings import IngestItem, IngestRequest
from node.domain.material import PictureFingerprints
from node.domain.queries import Level
from node.errors import Misuse, Unavailable
from node.usecases import ingesting
from node.usecases.ingesting import FileTaken, IngestEnded
from node.usecases.shown_hits import ShownHit
from tests.simulator.arriving import said_of, still
from tests.simulator.federation import Log
from tests.unit.usecases.readings import JP, Reading, collect, stream

REQUEST = IngestRequest(case="C-1")


@pytest.fixture
def reading() -> Iterator[Reading]:
    made = Reading()
    yield made
    made.close()


def item(prints: PictureFingerprints) -> IngestItem:
    return IngestItem(tag=prints.sha256, prints=prints, label=f"{prints.size}.jpg")


def files(*words: str) -> list[IngestItem]:
    return [item(still(word)) for word in words]


def ingest(
    reading: Reading, given: list[IngestItem], request: IngestRequest = REQUEST
) -> tuple[list[FileTaken], list[ShownHit], IngestEnded]:
    *events, end = asyncio.run(collect(reading.ingesting.run(request, stream(given))))
    assert isinstance(end, IngestEnded)
    taken = [event for event in events if isinstance(event, FileTaken)]
    return taken, [event for event in events if isinstance(event, ShownHit)], end


def test_the_salt_is_made_once_and_a_finished_file_is_known_by_its_tag(reading: Reading) -> None:
    assert reading.ingesting.salt() == reading.ingesting.salt() != bytes(32)
    (first, other) = files("one", "another")
    ingest(reading, [first])
    assert reading.ingesting.known([first.tag, other.tag]) == {first.tag}


def test_the_files_of_a_batch_are_recorded_before_the_batch_is_taken_in(
    reading: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingesting, "BATCH", 2)
    given = files("one", "two", "three")
    ingest(reading, given)
    assert [(each["what"], each["case"]) for each in reading.written()] == [("ingest", "C-1")] * 2
    assert [each["sha256"] for each in reading.written()] == [
        [one.prints.sha256.hex() for one in batch] for batch in (given[:2], given[2:])
    ]
    reading.audit.close()
    with pytest.raises(Unavailable):
        ingest(reading, files("four"))
    with reading.store.read() as tx:
        assert len(tx.holdings(limit=9)) == 3


def test_no_ingest_shares(reading: Reading) -> None:
    with pytest.raises(Misuse, match="no level 'shared'"):
        ingest(reading, files("one"), IngestRequest(case="C-1", level=Level.SHARED))
    assert reading.written() == []


def test_the_summary_covers_the_case_and_a_file_with_hits_is_told_once(reading: Reading) -> None:
    log = Log(JP)
    for word in ("one", "two"):
        log.say(said_of(still(word)))
    reading.receive(log)
    ingest(reading, files("one"))
    reading.match()
    taken, others, end = ingest(reading, files("two", "three"))
    assert [(each.result.new, each.hits_total, len(each.hits)) for each in taken] == [(True, 1, 1), (True, 0, 0)]
    assert [each.hit.holding for each in others] == [1]
    assert (end.files, end.new, end.with_hits, end.case_hits, end.hidden) == (2, 2, 2, 2, 0)
    taken, _, end = ingest(reading, files("two"))
    assert (end.files, end.new, taken[0].result.new) == (1, 0, False)


def test_a_fault_of_a_later_file_leaves_the_earlier_ones_durable(reading: Reading) -> None:
    async def torn() -> AsyncIterator[IngestItem]:
        for each in files("one", "two"):
            yield each
        raise Misuse("this is no file")

    async def all_of_it() -> None:
        async for _ in reading.ingesting.run(REQUEST, torn()):
            pass

    with pytest.raises(Misuse, match="this is no file"):
        asyncio.run(all_of_it())
    with reading.store.read() as tx:
        assert len(tx.holdings(limit=9)) == 2
