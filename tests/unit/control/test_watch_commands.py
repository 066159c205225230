"""The lines of watches: hashes that a person typed are subjects too."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from node.control.lines import subject_line
from node.control.watch_commands import WatchCommands
from node.domain.ids import RecordId
from node.domain.local_watches import LocalWatch
from node.domain.queries import Subject
from node.usecases.intake import subject_of
from node.usecases.local_watching import LocalAdded, LocalWords
from node.usecases.own_watches import OwnWatch
from node.usecases.publication import Publication, Settled
from node.usecases.question import Question
from node.usecases.watching import Added
from tests.simulator.asking import prints
from tests.unit.control.queries import Line, collect, feed

RECORD = RecordId.parse("vigil.test/FR/log/1#" + "cd" * 32)
HASH = "md5:" + "0a" * 16
ITEM = subject_line(subject_of(prints(1), "/evidence/1.jpg"))


class Remembering:
    """Takes watches abroad or here, and states none. It is the hub too, which nobody reaches."""

    def __init__(self, *, local: bool) -> None:
        self.local = local
        self.subjects: list[tuple[Subject, ...]] = []

    def add(self, asked: Question | LocalWords, *_: object, **__: object) -> LocalAdded | Added:
        self.subjects.append(asked.subjects)
        if self.local:
            return LocalAdded(
                watch=LocalWatch(id=3, subjects=2, fingerprints=6, until_day=30_000, at=1), not_watched=(), already=0
            )
        return Added(
            watch=OwnWatch(
                record=RECORD,
                case="A",
                purpose="investigation",
                legal_basis="art. 1",
                members=(),
                subjects=2,
                fingerprints=6,
                until_day=30_000,
                at=1,
            )
        )

    async def follow(self, _records: object) -> Settled:
        return Settled(states={RECORD: Publication.QUEUED})


def commands(of: Any) -> WatchCommands:
    return WatchCommands(watching=of, reading=of, publishing=of, local=of)


@pytest.mark.parametrize(("local", "name"), [(True, "local-3"), (False, str(RECORD))])
def test_a_watch_is_about_typed_hashes_and_about_items(local: bool, name: str) -> None:
    told = Remembering(local=local)
    ours = commands(told)
    arguments: Line = {"case": "A", "until": 30_000, "hashes": [HASH]}
    (line,) = asyncio.run(collect((ours.watch_local if local else ours.watch_add)(arguments, feed(ITEM))))
    assert line["watch"] == name
    ((first, second),) = told.subjects
    assert [first.label, second.label] == [HASH, "/evidence/1.jpg"]
    assert [each.value.hex() for each in first.fingerprints] == ["0a" * 16]
