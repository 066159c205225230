"""The kept index and the store: in step after every start, however the last life ended."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from node.domain.batch import BodyState
from node.domain.envelope import Disclosure
from node.domain.fingerprint_kinds import FRAME, SHA256
from node.domain.fingerprints import Fingerprint
from node.domain.ids import MemberId
from node.domain.material import VideoFingerprints, VideoFrame
from node.domain.ports import Store
from node.domain.queries import Level
from node.domain.search_ports import HOLDINGS_SOURCE, Probe, RawHit
from node.domain.statements import Contribution
from node.errors import Damaged, Misuse, StoreError
from node.match.folder import MANIFEST, IndexFolder
from node.match.index import LocalIndex
from node.store.store import open_store
from node.usecases.catalogue import Catalogue
from node.usecases.disclosure import Copy
from node.usecases.entry_columns import Handlings
from node.usecases.intake import columns_of
from node.usecases.replica import Rules, position, verify_package
from tests.simulator.federation import Log, Speaker, picture, roster
from tests.simulator.memory_store import MemoryStore, MemoryWriter
from tests.simulator.world import CODEC
from tests.unit.usecases.catalogued import holding, pdq

FR, JP = Speaker.named("FR"), Speaker.named("JP")
FRAMES = 6


def frames(number: int) -> tuple[VideoFrame, ...]:
    """The frames of a made-up video: those of no other number, nor of a picture's."""
    return tuple(
        VideoFrame(at=1_000 * at, pdq=hashlib.sha256(f"film {number} frame {at}".encode()).digest(), quality=90)
        for at in range(FRAMES)
    )


def video(number: int) -> VideoFingerprints:
    return VideoFingerprints(
        media_type="video/mp4",
        size=1,
        md5=bytes(16),
        sha1=bytes(20),
        sha256=number.to_bytes(32, "big"),
        frames=frames(number),
        between=(),
        milliseconds=1_000 * FRAMES,
        width=1,
        height=1,
    )


def film(number: int) -> Contribution:
    """A record about the same video."""
    prints = tuple(Fingerprint(code=FRAME.code, value=each.pdq, quality=90, at=each.at) for each in frames(number))
    return Contribution(fingerprints=prints, media_type="video/mp4")


def frame(number: int, at: int = FRAMES - 1) -> Probe:
    return Probe(number, FRAME.code, frames(number)[at].pdq, 90)


class Life:
    """One life of a node: a store, and the index that a start finds and makes."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store, self.folder = store, folder
        self.index = LocalIndex()
        self.files = IndexFolder(folder, self.index)
        self.catalogue = Catalogue(store=store, index=self.index, codec=CODEC, files=self.files)
        self.catalogue.start()

    def take(self, log: Log) -> None:
        with self.store.write() as writer:
            at = position(writer, writer.open_log(log.speaker.origin))
        rules = Rules(roster=roster(FR, JP), copy=Copy(reader=MemberId("JP")), cosigned=True)
        package = log.package(at.state.size, hub=True)
        verified = verify_package(at, package, rules, Handlings(CODEC.decode_handling))
        with self.catalogue.change() as change:
            change.apply(verified)

    def hold(self, number: int, *, film: bool = False) -> int:
        prints = video(number) if film else holding(number)
        with self.catalogue.change() as change:
            row, new = change.writer.put_holding(prints, level=Level.NATIONAL, case="c", tag=b"", now=1)
            if new:
                change.hold(columns_of([row], [prints]))
        return row

    def purge(self, rows: Sequence[int]) -> None:
        with self.catalogue.change() as change:
            purge = change.purge()
            for row in rows:
                purge.record(FR.origin, row, bytes(32))

    def found(self, number: int) -> list[tuple[int, int]]:
        return sorted((hit.source, hit.row) for hit in self.index.search([pdq(number)], 31))

    def films(self, number: int) -> list[tuple[int, int]]:
        """Where each single frame of the video is found."""
        found = {
            tuple(sorted((hit.source, hit.row) for hit in self.index.search([frame(number, at)], 31)))
            for at in range(FRAMES)
        }
        assert len(found) == 1, "every frame of a video, or none"
        return list(found.pop())


@pytest.fixture
def log() -> Log:
    made = Log(FR)
    made.pictures(range(20))
    return made


def in_step(life: Life) -> None:
    """The index finds exactly what an index made anew from the store finds."""
    fresh = LocalIndex()
    Catalogue(store=life.store, index=fresh, codec=CODEC).rebuild()
    probes = [pdq(number) for number in range(40)]
    probes += [Probe(number, SHA256.code, number.to_bytes(32, "big")) for number in range(200, 240)]
    probes += [frame(number, at) for number in range(240) for at in range(FRAMES)]

    def all_of(index: LocalIndex) -> list[tuple[int, int, int, int]]:
        return sorted((hit.subject, hit.code, hit.source, hit.row) for hit in index.search(probes, 31))

    assert all_of(life.index) == all_of(fresh)
    assert life.index.sizes() == fresh.sizes()


def test_a_start_opens_what_was_kept_and_catches_up(tmp_path: Path, log: Log) -> None:
    store, folder = MemoryStore(), tmp_path / "index"
    first = Life(store, folder)
    first.take(log)
    first.hold(200)
    first.catalogue.keep()
    log.pictures(range(20, 25))
    first.take(log)
    first.hold(201)
    second = Life(store, folder)
    assert second.index.tables["pdq"].settled == 21
    assert second.index.tables["pdq"].waiting == 6
    assert second.found(22) == [(1, 22)]
    assert second.found(200) == [(HOLDINGS_SOURCE, 1)]
    assert second.found(201) == [(HOLDINGS_SOURCE, 2)]
    in_step(second)


def test_videos_are_kept_caught_up_with_and_overwritten(tmp_path: Path, log: Log) -> None:
    store, folder = MemoryStore(), tmp_path / "index"
    first = Life(store, folder)
    for number in (30, 31):
        log.say(film(number))
    first.take(log)
    first.hold(200, film=True)
    first.catalogue.keep()
    log.say(film(32))
    first.take(log)
    first.hold(201, film=True)
    second = Life(store, folder)
    assert second.index.tables["vpdq-frame"].settled == 3 * FRAMES
    assert second.index.tables["vpdq-frame"].waiting == 2 * FRAMES
    assert [second.films(number) for number in (30, 31, 32, 200, 201)] == [
        [(1, 20)],
        [(1, 21)],
        [(1, 22)],
        [(HOLDINGS_SOURCE, 1)],
        [(HOLDINGS_SOURCE, 2)],
    ]
    in_step(second)
    secrets = [each.pdq[part] for each in frames(31) for part in (slice(8), slice(24, 32))]
    assert all(secret in (folder / "000000000001.vpdq-frame").read_bytes() for secret in secrets)
    second.purge([21, 22])
    assert second.films(31) == second.films(32) == []
    assert not any(secret in path.read_bytes() for secret in secrets for path in folder.iterdir())
    in_step(second)
    report = second.catalogue.check_index()
    assert report is not None
    assert (report.entries, report.faults) == (23, ())
    third = Life(store, folder)
    assert third.films(31) == third.films(32) == []
    third.catalogue.keep()
    in_step(Life(store, folder))


def test_a_lost_frame_is_told_by_fsck_and_found_by_scrubbing(tmp_path: Path, log: Log) -> None:
    store, folder = MemoryStore(), tmp_path / "index"
    first = Life(store, folder)
    first.hold(200, film=True)
    first.hold(201)
    first.catalogue.keep()
    path = folder / "000000000001.vpdq-frame"
    raw = bytearray(path.read_bytes())
    raw[:16] = bytes(16)
    path.write_bytes(raw)
    second = Life(store, folder)
    report = second.catalogue.check_index()
    assert report is not None
    assert [fault.split(":")[0] for fault in report.faults] == ["1 of 13 fingerprints are not found"]
    with pytest.raises(Damaged):
        second.files.scrub(1 << 40)


class Dies(BaseException):
    """The process ends here."""


@contextmanager
def dying(life: Life, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The process ends right after the transaction, before the index hears of it."""

    def die(*_: object) -> None:
        raise Dies

    with monkeypatch.context() as patch:
        patch.setattr(life.index, "remove", die)
        patch.setattr(life.index, "add", die)
        with suppress(Dies):
            yield


def test_a_crash_between_the_purge_and_the_overwriting_leaves_nothing(
    tmp_path: Path, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither findable nor on the disk, once the next start is through."""
    store, folder = MemoryStore(), tmp_path / "index"
    first = Life(store, folder)
    first.take(log)
    first.catalogue.keep()
    secret = pdq(7).value
    with dying(first, monkeypatch):
        first.purge([7])
    assert any(secret[:8] in path.read_bytes() for path in folder.iterdir())
    second = Life(store, folder)
    assert second.index.tables["pdq"].settled == 20, "it was opened, not made anew"
    assert not any(secret[:8] in path.read_bytes() for path in folder.iterdir())
    assert second.found(7) == []
    in_step(second)
    third = Life(store, folder)
    assert third.found(7) == []
    in_step(third)
    third.catalogue.keep()
    with store.read() as reader:
        assert reader.changes() == []
        assert reader.line().forgotten == reader.line().changes == 1


def test_a_crash_after_the_overwriting_and_before_its_number_changes_nothing(
    tmp_path: Path, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, folder = MemoryStore(), tmp_path / "index"
    first = Life(store, folder)
    first.take(log)
    first.catalogue.keep()

    def die(_: int) -> None:
        raise Dies

    monkeypatch.setattr(first.files, "sync", die)
    with suppress(Dies):
        first.purge([7])
    second = Life(store, folder)
    assert second.found(7) == []
    in_step(second)


def test_a_body_that_came_late_is_there_after_a_start(tmp_path: Path, log: Log) -> None:
    """Its row lies below what the kept index has: a note tells of it, until it is kept."""
    store, folder = MemoryStore(), tmp_path / "index"
    first = Life(store, folder)
    first.take(log)
    with store.read() as reader:
        run = reader.run(FR.origin, 5, 6, 0)
    with store.write() as writer:
        assert isinstance(writer, MemoryWriter)
        rows = writer._open(FR.origin).rows
        rows[5] = replace(rows[5], state=BodyState.MISSING)
    first.index.remove(1, [5])
    first.catalogue.keep()
    assert Life(store, folder).found(5) == []
    with first.catalogue.change() as change:
        disclosure = Disclosure(
            nonce=run.nonces[0], body=run.bodies[0], handling_nonce=run.handling_nonces[0], handling=run.handlings[0]
        )
        change.fill(FR.origin, {5: run.entries[0][1]}, {5: disclosure})
    assert first.found(5) == [(1, 5)]
    for _ in range(2):
        again = Life(store, folder)
        assert again.found(5) == [(1, 5)]
        in_step(again)
    Life(store, folder).catalogue.keep()
    last = Life(store, folder)
    assert last.found(5) == [(1, 5)]
    assert last.index.tables["pdq"].waiting == 0
    in_step(last)


def test_a_transaction_that_was_said_to_fail_and_stands_is_followed(
    tmp_path: Path, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, folder = MemoryStore(), tmp_path / "index"
    life = Life(store, folder)
    life.take(log)
    life.catalogue.keep()
    real = store.write

    @contextmanager
    def lying() -> Iterator[object]:
        with real() as writer:
            yield writer
        raise StoreError("the disk failed")

    with monkeypatch.context() as patch:
        patch.setattr(store, "write", lying)
        with pytest.raises(StoreError):
            life.purge([4])
        with pytest.raises(StoreError):
            life.hold(210)
    life.hold(211)
    assert life.found(4) == []
    assert life.found(210) == [(HOLDINGS_SOURCE, 1)]
    in_step(life)
    again = Life(store, folder)
    assert again.found(4) == []
    in_step(again)


# --- store and index that disagree ------------------------------------------------------------------------------------


def kept(store: Store, folder: Path, log: Log) -> Life:
    life = Life(store, folder)
    life.take(log)
    life.hold(200)
    life.hold(201)
    life.catalogue.keep()
    return life


def test_the_index_of_another_store_is_not_used(tmp_path: Path, log: Log) -> None:
    kept(MemoryStore(), tmp_path / "index", log)
    other = Life(MemoryStore(), tmp_path / "index")
    assert other.index.sizes() == {}
    assert not (tmp_path / "index" / MANIFEST).exists()
    in_step(other)


def test_the_index_of_before_a_restored_backup_is_not_used(tmp_path: Path, log: Log) -> None:
    """What was said of a row since the backup is not what the restored store says of it."""
    database, folder = tmp_path / "vigil.sqlite3", tmp_path / "index"
    store = open_store(database, create=True)
    life = kept(store, folder, log)
    store.backup_to(str(tmp_path / "backup"))
    life.purge([3])
    life.catalogue.keep()
    store.close()
    shutil.copyfile(tmp_path / "backup", database)
    store = open_store(database, create=False)
    again = Life(store, folder)
    assert again.index.tables["pdq"].waiting == 22, "it was made anew"
    assert again.found(3) == [(1, 3)]
    in_step(again)
    store.close()


def test_an_index_that_is_ahead_of_a_copied_store_is_not_used(tmp_path: Path, log: Log) -> None:
    """A copy made by hand has the same line; it is told by what the index has and the store has not."""
    database, folder = tmp_path / "vigil.sqlite3", tmp_path / "index"
    store = open_store(database, create=True)
    life = kept(store, folder, log)
    store.close()
    shutil.copyfile(database, tmp_path / "copy")
    for what in ("a row", "a change"):
        store = open_store(database, create=False)
        life = Life(store, folder)
        if what == "a row":
            life.hold(202)
            life.catalogue.keep()
        else:
            life.catalogue.keep()
            life.purge([2])
        store.close()
        shutil.copyfile(tmp_path / "copy", database)
        store = open_store(database, create=False)
        again = Life(store, folder)
        assert again.index.tables["pdq"].settled == 0, what
        in_step(again)
        again.catalogue.keep()
        store.close()


def test_an_older_folder_that_was_put_back_is_not_used(tmp_path: Path, log: Log) -> None:
    """The notes of what it lacks were forgotten when the next generation had it."""
    store, folder = MemoryStore(), tmp_path / "index"
    life = kept(store, folder, log)
    shutil.copytree(folder, tmp_path / "old")
    life.purge([3])
    life.catalogue.keep()
    shutil.rmtree(folder)
    shutil.copytree(tmp_path / "old", folder)
    again = Life(store, folder)
    assert again.found(3) == []
    in_step(again)


def test_a_damaged_file_is_noticed_and_made_anew_while_it_is_searched(tmp_path: Path, log: Log) -> None:
    store, folder = MemoryStore(), tmp_path / "index"
    kept(store, folder, log)
    path = folder / "000000000001.pdq"
    raw = bytearray(path.read_bytes())
    raw[:64] = bytes(64)
    path.write_bytes(raw)
    life = Life(store, folder)
    assert life.found(0) == [], "the damage hides it"
    life.catalogue.tend()
    assert life.found(0) == [(1, 0)]
    in_step(life)
    life.catalogue.keep()
    in_step(Life(store, folder))


def test_fsck_finds_an_index_in_step_well(tmp_path: Path, log: Log) -> None:
    life = kept(MemoryStore(), tmp_path / "index", log)
    log.pictures([20])
    life.take(log)
    life.purge([3])
    report = life.catalogue.check_index()
    assert report is not None
    assert (report.log, report.entries, report.faults) == ("index", 22, ())


def test_fsck_asks_once_for_what_many_records_have(tmp_path: Path, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    life = kept(MemoryStore(), tmp_path / "index", log)
    log.pictures([20] * 5)
    life.take(log)
    asked: list[list[tuple[int, bytes]]] = []
    search = LocalIndex.search

    def told(index: LocalIndex, probes: Sequence[Probe], radius: int) -> list[RawHit]:
        asked.append([(probe.code, probe.value) for probe in probes])
        return search(index, probes, radius)

    monkeypatch.setattr(LocalIndex, "search", told)
    report = life.catalogue.check_index()
    assert report is not None
    assert report.faults == ()
    assert report.bodies > sum(map(len, asked))
    assert all(len(set(values)) == len(values) for values in asked)


def test_fsck_tells_what_a_search_would_miss(tmp_path: Path, log: Log) -> None:
    store, folder = MemoryStore(), tmp_path / "index"
    kept(store, folder, log)
    path = folder / "000000000001.pdq"
    raw = bytearray(path.read_bytes())
    raw[:16] = bytes(16)
    path.write_bytes(raw)
    report = Life(store, folder).catalogue.check_index()
    assert report is not None
    assert [fault.split(":")[0] for fault in report.faults] == ["1 of 68 fingerprints are not found"]
    life = kept(MemoryStore(), tmp_path / "other", log)
    life.index.remove(1, [4])
    life.index.add(1, columns_of([77], [holding(230)]))
    life.index.add(1, columns_of([78], [holding(231)]))
    report = life.catalogue.check_index()
    assert report is not None
    assert len(report.faults) == 2


def test_a_hub_without_an_index_notes_nothing(log: Log) -> None:
    store = MemoryStore()
    catalogue = Catalogue(store=store, index=None, codec=CODEC)
    catalogue.start()
    catalogue.tend()
    catalogue.keep()
    with catalogue.change() as change:
        change.writer.open_log(FR.origin)
    with store.read() as reader:
        assert reader.line().changes == 0


class LivesOfANode(RuleBasedStateMachine):
    """Any order of records, holdings, purges, keeping, crashes and starts leaves index and store in step."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.store, self.log, self.size, self.held = MemoryStore(), Log(FR), 0, 200
        self.purged: set[int] = set()
        self.life = Life(self.store, self.folder / "index")

    @rule(count=st.integers(1, 3), films=st.booleans())
    def records(self, count: int, *, films: bool) -> None:
        for number in range(self.size, self.size + count):
            self.log.say(film(number) if films else picture(number))
        self.size += count
        self.life.take(self.log)

    @rule(films=st.booleans())
    def holding(self, *, films: bool) -> None:
        self.held += 1
        self.life.hold(self.held, film=films)

    @rule(data=st.data(), dies=st.booleans())
    def purge(self, data: st.DataObject, *, dies: bool) -> None:
        if not self.size:
            return
        rows = data.draw(st.lists(st.integers(0, self.size - 1), min_size=1, max_size=3, unique=True))
        if dies:
            with pytest.MonkeyPatch.context() as patch, dying(self.life, patch):
                self.life.purge(rows)
            self.start()
        else:
            self.life.purge(rows)

    @rule()
    def keep(self) -> None:
        self.life.catalogue.keep()

    @rule()
    def start(self) -> None:
        self.life = Life(self.store, self.folder / "index")

    @invariant()
    def every_count_agrees(self) -> None:
        if hasattr(self, "life"):
            with self.store.read() as reader:
                held = {log.number: reader.body_counts(log.number)[BodyState.HELD] for log in reader.logs()}
            expected = {source: count for source, count in held.items() if count}
            expected |= {HOLDINGS_SOURCE: self.held - 200} if self.held > 200 else {}
            assert self.life.index.sizes() == expected

    def teardown(self) -> None:
        if hasattr(self, "life"):
            in_step(self.life)
            self.start()
            in_step(self.life)
            shutil.rmtree(self.folder)


TestLivesOfANode = LivesOfANode.TestCase
TestLivesOfANode.settings = settings(max_examples=30, stateful_step_count=15, deadline=None)


def test_an_index_in_files_is_not_made_anew_behind_its_folder_s_back(tmp_path: Path, log: Log) -> None:
    life = Life(MemoryStore(), tmp_path / "index")
    log.pictures([1])
    life.take(log)
    before = dict(life.index.sizes())
    with pytest.raises(Misuse, match="by its folder"):
        life.catalogue.rebuild()
    assert dict(life.index.sizes()) == before
