"""What was purged is in no file of the database: told by reading the files, not the tables."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from node.domain.batch import BodyState
from node.domain.envelope import Disclosure
from node.domain.holdings import FileReference
from node.domain.ids import MemberId, Origin, RecordId
from node.domain.local_watches import LocalWatch
from node.domain.material import ComposedFingerprints, PictureFingerprints
from node.domain.parts import Place, Role
from node.domain.queries import Level, QueryHeader, SignedQuery
from node.domain.query_ports import AskedQuery
from node.domain.reviews import Decision, FileDigests, Pair, ReviewState
from node.domain.stored_hits import HitEvidence, StoredHit
from node.domain.stores import NodeStore
from node.errors import StoreError
from node.store import engine, vault
from node.store.store import SqliteHubStore, SqliteNodeStore, open_node_store
from tests.contracts.holdings import prints
from tests.simulator.batches import FR, JP, append, batch
from tests.stores import fresh_hub_store, fresh_store

BR = replace(FR, member=MemberId("BR"))
TAG = b"a mark: "
MARK = 32
"""Bytes of a mark, which begins with the tag: as long as a nonce."""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteNodeStore]:
    made = fresh_store(tmp_path / "node.db")
    yield made
    made.close()


@pytest.fixture
def hub_store(tmp_path: Path) -> Iterator[SqliteHubStore]:
    made = fresh_hub_store(tmp_path / "hub.db")
    yield made
    made.close()


class Marks:
    """Secrets that can be recognised in a file, whatever they became a part of."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def mark(self) -> bytes:
        return TAG + self.random.randbytes(MARK - len(TAG))

    def disclosure(self) -> Disclosure:
        body = self.mark() + bytes([7]) * self.random.choice((10, 150, 400, 3_000, 20_000))
        return Disclosure(nonce=self.mark(), body=body, handling_nonce=self.mark(), handling=self.mark())


def found(folder: Path) -> set[bytes]:
    """Every mark in any file of a folder."""
    data = b"".join(path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file())
    return {data[each.start() : each.start() + MARK] for each in re.finditer(TAG, data)}


def traces(folder: Path, secrets: list[Disclosure]) -> int:
    """How many of these left a body, a nonce or a handling in any file."""
    left = found(folder)
    return sum(
        not left.isdisjoint((each.body[:MARK], each.nonce, each.handling_nonce, each.handling)) for each in secrets
    )


def grow(store: NodeStore, marks: Marks, origin: Origin, count: int) -> list[Disclosure]:
    """Appends `count` entries with marked disclosures."""
    made = batch(store, origin, [f"{origin.member}{marks.random.random()}" for _ in range(count)])
    shown = [marks.disclosure() for _ in range(count)]
    made = replace(
        made,
        nonces=[each.nonce for each in shown],
        bodies=[each.body for each in shown],
        handling_nonces=[each.handling_nonce for each in shown],
        handlings=[each.handling for each in shown],
    )
    append(store, made)
    return shown


@pytest.mark.parametrize("seed", range(3))
def test_no_byte_of_a_purged_entry_is_in_any_file(store: SqliteNodeStore, tmp_path: Path, seed: int) -> None:
    """Three logs grow in turns, in runs of all lengths, and bodies of all sizes go in any order."""
    marks = Marks(seed)
    logs: dict[Origin, list[Disclosure]] = {FR: [], JP: [], BR: []}
    gone: list[Disclosure] = []
    for _ in range(60):
        origin = marks.random.choice(list(logs))
        logs[origin] += grow(store, marks, origin, marks.random.randrange(1, 25))
        if marks.random.random() < 0.4:
            victims = marks.random.sample(range(len(logs[origin])), k=min(5, len(logs[origin])))
            with store.write() as writer:
                writer.purge(origin, victims)
            gone += [logs[origin][index] for index in victims]
    kept = [each for log in logs.values() for each in log if each not in gone]
    store.scrub()
    assert traces(tmp_path, gone) == 0
    assert traces(tmp_path, kept) == len(kept)
    store.close()
    assert traces(tmp_path, gone) == 0


@pytest.mark.parametrize("seed", [1, 3])  # with these a vault that deletes row by row leaves a trace
def test_nothing_stays_behind_when_nearly_all_goes_in_any_order(
    store: SqliteNodeStore, tmp_path: Path, seed: int
) -> None:
    """Emptied pages are what makes SQLite move rows together. Deleting row by row, one to three of 1,500 stayed."""
    marks = Marks(seed)
    shown = [marks.disclosure() for _ in range(1_500)]
    with store.write() as writer:
        ids = writer.acknowledge([(FR, b"entry", each.nonce, each) for each in shown])
    order = marks.random.sample(range(1_500), k=1_450)
    for at in range(0, len(order), 25):
        with store.write() as writer:
            writer.placed([ids[place] for place in order[at : at + 25]])
    store.scrub()
    assert traces(tmp_path, [shown[place] for place in order]) == 0
    assert traces(tmp_path, shown) == 50


def test_before_the_scrub_the_journal_still_remembers(store: SqliteNodeStore, tmp_path: Path) -> None:
    """Why a purge ends with `scrub`; and that this file's way of looking finds what is there."""
    shown = grow(store, Marks(1), FR, 5)
    with store.write() as writer:
        writer.purge(FR, range(5))
    assert traces(tmp_path, shown) == 5
    store.scrub()
    assert traces(tmp_path, shown) == 0
    assert (tmp_path / "node.db-wal").stat().st_size == 0


def test_what_was_set_aside_or_filled_in_later_is_forgotten_as_well(store: SqliteNodeStore, tmp_path: Path) -> None:
    marks = Marks(2)
    shown = grow(store, marks, FR, 40)
    append(store, batch(store, FR, [f"absent{i}" for i in range(40)], states=[BodyState.MISSING] * 40))
    late = [marks.disclosure() for _ in range(40)]
    with store.write() as writer:
        for at, each in enumerate(late):
            writer.fill(FR, {40 + at: each})
    with store.write() as writer:
        for index in range(0, 40, 2):
            writer.set_aside(FR, index, "a reason")
        writer.purge(FR, range(41, 80, 3))
    store.scrub()
    assert traces(tmp_path, shown[0::2]) == 0
    assert traces(tmp_path, shown[1::2]) == 20
    assert traces(tmp_path, late[1::3]) == 0
    assert traces(tmp_path, late[0::3]) == 14


@pytest.mark.parametrize("seed", range(2))
def test_what_waited_is_forgotten_once_it_is_placed_or_retracted(
    store: SqliteNodeStore, tmp_path: Path, seed: int
) -> None:
    """The outbox keeps no second copy, however its rows come and go."""
    marks = Marks(seed)
    waiting: dict[int, Disclosure] = {}
    gone: list[Disclosure] = []
    for _ in range(30):
        shown = [marks.disclosure() for _ in range(marks.random.randrange(1, 40))]
        with store.write() as writer:
            ids = writer.acknowledge([(FR, b"entry", marks.random.randbytes(32), each) for each in shown])
        waiting |= dict(zip(ids, shown, strict=True))
        chosen = marks.random.sample(sorted(waiting), k=marks.random.randrange(len(waiting)))
        with store.write() as writer:
            writer.placed(chosen)
        gone += [waiting.pop(number) for number in chosen]
    store.scrub()
    assert traces(tmp_path, gone) == 0
    assert traces(tmp_path, list(waiting.values())) == len(waiting)
    with store.read() as reader:
        assert {each.id: each.disclosure for each in reader.pending(FR, 9_999)} == waiting


def test_a_trimmed_message_leaves_no_payload(hub_store: SqliteHubStore, tmp_path: Path) -> None:
    marks = Marks(4)
    messages = [marks.mark() + bytes(200) for _ in range(200)]
    for message in messages:
        with hub_store.write() as writer:
            writer.put_switchboard_message("JP", message)
    with hub_store.write() as writer:
        writer.trim_switchboard(151)
    hub_store.scrub()
    assert found(tmp_path) == {each[:MARK] for each in messages[150:]}


def test_a_forgotten_query_leaves_no_payload(store: SqliteNodeStore, tmp_path: Path) -> None:
    marks = Marks(4)
    payloads = [marks.mark() + bytes(200) for _ in range(200)]
    for number, payload in enumerate(payloads):
        header = QueryHeader(
            query_id=number.to_bytes(16, "big"),
            asker=MemberId("FR"),
            recipients=(),
            purpose="victim-identification",
            issued_at=number,
            expires_at=number + 60,
            cost=1,
        )
        query = SignedQuery(header=b"header", payload=payload, signature=bytes(64))
        with store.write() as writer:
            writer.put_asked(AskedQuery(query=query, header=header, created_at=number))
            writer.close_query(header.query_id, number + 9)
    with store.write() as writer:
        assert writer.forget_queries(150) == 150
    store.scrub()
    assert found(tmp_path) == {each[:MARK] for each in payloads[150:]}


def test_the_space_of_what_was_forgotten_comes_back(hub_store: SqliteHubStore, tmp_path: Path) -> None:
    """A vault that only ever blanked rows would grow with every query."""
    marks, sizes = Marks(5), []
    for _ in range(6):
        for _ in range(vault.REWRITE_AT // 8):
            with hub_store.write() as writer:
                ids = [writer.put_switchboard_message("FR", marks.random.randbytes(4_000)) for _ in range(8)]
                writer.trim_switchboard(ids[-1])
        hub_store.scrub()
        sizes.append((tmp_path / "hub.db").stat().st_size)
    assert sizes[-1] == sizes[1]


def test_a_scrub_that_a_reader_holds_up_says_so(
    store: SqliteNodeStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = grow(store, Marks(6), FR, 3)
    monkeypatch.setattr(engine, "BUSY_SECONDS", 0.05)
    impatient = open_node_store(tmp_path / "node.db", create=False)
    with impatient.read():
        with impatient.write() as writer:
            writer.purge(FR, range(3))
        with pytest.raises(StoreError, match="still in it") as caught:
            impatient.scrub()
    assert "reads" in caught.value.remedy
    assert traces(tmp_path, shown) == 3
    impatient.scrub()
    impatient.close()
    assert traces(tmp_path, shown) == 0


def test_a_scrub_waits_for_a_reader_that_ends_in_time(store: SqliteNodeStore, tmp_path: Path) -> None:
    shown = grow(store, Marks(7), FR, 3)
    with ThreadPoolExecutor(1) as pool:
        with store.read():
            with store.write() as writer:
                writer.purge(FR, range(3))
            scrubbed = pool.submit(store.scrub)
        scrubbed.result(60)
    assert traces(tmp_path, shown) == 0


def test_a_backup_holds_what_is_held_and_nothing_that_was_purged(store: SqliteNodeStore, tmp_path: Path) -> None:
    shown = grow(store, Marks(8), FR, 20)
    with store.write() as writer:
        writer.purge(FR, range(10))
    folder = tmp_path / "backups"
    folder.mkdir()
    store.backup_to(str(folder / "copy.db"))
    assert traces(folder, shown[:10]) == 0
    assert traces(folder, shown[10:]) == 10


def prints_of(marks: Marks, number: int) -> PictureFingerprints:
    return PictureFingerprints(
        media_type="image/jpeg",
        size=1_000 + number,
        md5=marks.mark()[:16],
        sha1=marks.mark()[:20],
        sha256=marks.mark(),
        pdq=marks.mark(),
        pdq_quality=90,
        pdq_orientations=(),
        phash=marks.mark()[:8],
        width=1,
        height=1,
    )


@pytest.mark.parametrize("seed", [2, 3])
def test_a_deleted_holding_leaves_neither_its_hash_nor_its_path_in_any_file(
    store: SqliteNodeStore, tmp_path: Path, seed: int
) -> None:
    """Holdings whose rows have grown and moved since, because records were made about them."""
    marks = Marks(seed)
    made = [prints_of(marks, number) for number in range(700)]
    paths = {}
    for start in range(0, len(made), 50):
        with store.write() as writer:
            for each in made[start : start + 50]:
                number, _ = writer.put_holding(each, level=Level.NATIONAL, case="C-1", tag=marks.mark(), now=1)
                paths[number] = marks.mark().hex()
                writer.put_file_reference(number, FileReference(case="C-1", path="/evidence/" + paths[number]))
    numbers = list(paths)
    with store.write() as writer:
        for number in marks.random.sample(numbers, 300):
            writer.set_record(number, RecordId(FR, bytes(32)))
    gone = marks.random.sample(numbers, 250)
    for number in gone:
        with store.write() as writer:
            writer.delete_holding(number)
    with store.write() as writer:
        writer.end_deletions([])
    store.scrub()
    data = b"".join(path.read_bytes() for path in sorted(tmp_path.iterdir()) if path.is_file())
    assert [number for number in gone if paths[number].encode() in data] == []
    assert [number for number in gone if made[number - 1].pdq in data] == []
    assert [number for number in gone if made[number - 1].sha256 in data] == []
    kept = [number for number in numbers if number not in set(gone)]
    assert all(made[number - 1].pdq in data and paths[number].encode() in data for number in kept)


def test_the_evidence_of_hits_is_gone_with_their_records_and_when_better_takes_its_place(
    tmp_path: Path, store: SqliteNodeStore
) -> None:
    marks = Marks(9)
    plain = HitEvidence(algorithm="sha256")
    with store.write() as writer:
        writer.put_holding(prints("held"), level=Level.NATIONAL, case="A", tag=b"", now=1)
        number = writer.open_log(JP).number
        writer.add_hits(
            [
                StoredHit(
                    id=0,
                    holding=1,
                    record=RecordId(JP, n.to_bytes(32, "big")),
                    place=n,
                    evidence=replace(plain, algorithm=(TAG + marks.random.randbytes(12).hex().encode()).decode()),
                    first_seen=1,
                    last_seen=1,
                )
                for n in range(600)
            ]
        )
    assert len(found(tmp_path)) == 600
    with store.write() as writer:
        writer.end_hits(number, range(0, 600, 3))
    with store.write() as writer:
        writer.change_hits([replace(each, evidence=plain) for each in writer.hits(limit=600) if each.place % 3 == 1])
        left = {each.evidence.algorithm.encode() for each in writer.hits(limit=600) if each.evidence} - {b"sha256"}
    store.scrub()
    assert found(tmp_path) == left
    assert len(left) == 200
    with store.write() as writer:
        assert writer.forget_hits_of_holding(1) == 600
    store.scrub()
    assert found(tmp_path) == set()


@pytest.mark.parametrize("seed", [4, 5])
def test_a_deleted_part_or_parent_leaves_neither_looks_nor_places_in_any_file(
    store: SqliteNodeStore, tmp_path: Path, seed: int
) -> None:
    """Each holding lies in another, and half of them are gone: no look, no name and no digest of a parent is left."""
    marks = Marks(seed)
    made = [
        replace(
            prints_of(marks, number),
            composed=(
                ComposedFingerprints(
                    background="white", pdq_quality=90, pdq_orientations=(marks.mark(),), phash=bytes(8)
                ),
            ),
        )
        for number in range(400)
    ]
    names, parents = {}, {}
    for start in range(0, len(made), 50):
        with store.write() as writer:
            for at, each in enumerate(made[start : start + 50], start):
                number, _ = writer.put_holding(each, level=Level.NATIONAL, case="C-1", tag=b"", now=1)
                names[number] = marks.mark().hex()
                parents[number] = marks.mark() if at % 2 else made[marks.random.randrange(400)].sha256
                place = Place(parent=parents[number], path=(3, at), role=Role.MEMBER, name=names[number])
                writer.put_place(number, place)
    gone = set(marks.random.sample(list(names), 200))
    for number in sorted(gone):
        with store.write() as writer:
            writer.delete_holding(number)
    with store.write() as writer:
        writer.end_deletions([])
    store.scrub()
    data = b"".join(path.read_bytes() for path in sorted(tmp_path.iterdir()) if path.is_file())
    lost = {made[number - 1].sha256 for number in gone}
    left = [number for number in names if number not in gone and parents[number] not in lost]
    assert [number for number in gone if names[number].encode() in data] == []
    assert [number for number in gone if made[number - 1].composed[0].pdq_orientations[0] in data] == []
    assert [number for number in gone if made[number - 1].sha256 in data] == []
    held = {each.sha256 for each in made}
    assert [number for number in gone if parents[number] not in held and parents[number] in data] == []
    assert all(names[number].encode() in data and parents[number] in data for number in left)


def test_notes_and_digests_of_reviews_are_gone_with_the_holding_or_with_what_stated_them(
    tmp_path: Path, store: SqliteNodeStore
) -> None:
    marks = Marks(11)
    secrets = {number: [marks.mark() for _ in range(3)] for number in (1, 2, 3)}
    with store.write() as writer:
        for number, (name, digest, note) in secrets.items():
            writer.put_holding(prints(f"held {number}"), level=Level.NATIONAL, case="A", tag=b"", now=1)
            review = writer.add_review(Pair(holding=number, name=name), FileDigests(sha256=digest))
            why = TAG.decode() + note.hex()
            writer.add_decision(review.id, Decision(state=ReviewState.REJECTED, officer="A", at=1, note=why))
    assert len(found(tmp_path)) == 9
    with store.write() as writer:
        writer.forget_reviews_of_holding(1)
        writer.set_review_file(2, FileDigests())
        writer.close_review(3)
    store.scrub()
    kept = found(tmp_path)
    assert {name for name, _, _ in secrets.values()} & kept == {secrets[2][0], secrets[3][0]}
    assert {digest for _, digest, _ in secrets.values()} & kept == set()
    assert len(kept) == 4, "two names and two notes"


def test_a_removed_local_watch_leaves_nothing_of_what_it_looked_for(store: SqliteNodeStore, tmp_path: Path) -> None:
    marks = Marks(9)
    watch = LocalWatch(subjects=1, fingerprints=1, until_day=20_000, at=1)
    gone, kept = marks.mark(), marks.mark()
    with store.write() as writer:
        first = writer.add_local_watch(watch, gone)
        writer.add_local_watch(watch, kept)
        writer.delete_local_watch(first.id)
    store.scrub()
    assert found(tmp_path) == {kept}
