"""What one member writes costs everybody in proportion to its length, and keeps nobody else waiting."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import event

from node.domain.batch import BodyState
from node.domain.envelope import Kind
from node.domain.ids import RecordId
from node.domain.limits import RECORD_CORRECTIONS, REMARKS_ON_ONE, WORDS_ON_ONE
from node.domain.statements import Comment, Retraction
from node.errors import StoreError
from node.store.store import SqliteNodeStore
from node.usecases import pieces as cutting
from node.usecases.applying_runs import NOWHERE, Places
from node.usecases.catalogue import NO_REASON, Catalogue
from node.usecases.disclosure import Copy
from node.usecases.entry_columns import Handlings
from node.usecases.fsck import check_store
from node.usecases.pieces import Piece, pieces
from node.usecases.purging import PURGE_AT_ONCE, Purge
from node.usecases.replica import Rules, Verified, position, verify_package
from tests.simulator import hostile_member as member
from tests.simulator.federation import TODAY, Log, Speaker, picture, roster
from tests.simulator.hostile_member import Logs
from tests.simulator.memory_store import MemoryStore
from tests.simulator.world import CODEC
from tests.stores import fresh_store

FR, FR2, JP = Speaker.named("FR"), Speaker.named("FR", epoch=2), Speaker.named("JP")
ROSTER = roster(FR, FR2, JP)
HELD, NOT_FOR_US, PURGED, MISSING, QUARANTINED = map(int, BodyState)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteNodeStore]:
    made = fresh_store(tmp_path / "hub.db")
    yield made
    made.close()


def catalogue_over(store: SqliteNodeStore | MemoryStore) -> Catalogue:
    return Catalogue(store=store, index=None, codec=CODEC)


def verified(store: SqliteNodeStore | MemoryStore, log: Log, stop: int | None = None) -> Verified:
    with store.write() as writer:
        at = position(writer, writer.open_log(log.speaker.origin))
    rules = Rules(roster=ROSTER, copy=Copy(reader=None, expired_before=TODAY), cosigned=True)
    package = log.package(at.state.size, stop, hub=True)
    return verify_package(at, package, rules, Handlings(CODEC.decode_handling))


def cut(store: SqliteNodeStore | MemoryStore, run: Verified) -> list[Piece]:
    with store.read() as reader:
        return pieces(reader, run, CODEC)


def apply(store: SqliteNodeStore | MemoryStore, run: Verified, places: Places = NOWHERE) -> None:
    with catalogue_over(store).change() as change:
        change.apply(run, places)


def take(store: SqliteNodeStore | MemoryStore, log: Log, stop: int | None = None) -> None:
    for piece in cut(store, verified(store, log, stop)):
        apply(store, piece.verified, piece.places)


def states(store: SqliteNodeStore | MemoryStore, log: Log) -> list[int]:
    with store.read() as reader:
        return list(reader.run(log.speaker.origin, 0, log.size, 1 << 30).states)


def faults(store: SqliteNodeStore) -> list[str]:
    return [fault for report in check_store(store, ROSTER) for fault in report.faults]


# --- the cost ---------------------------------------------------------------------------------------------------------


@contextmanager
def counted(store: SqliteNodeStore) -> Iterator[list[tuple[int, int]]]:
    """(Statements, rows changed) of each transaction of the block."""
    done: list[tuple[int, int]] = []
    statements, before = 0, 0

    def begun(connection: object) -> None:
        nonlocal statements, before
        statements, before = 0, rows(connection)

    def ran(*_: object) -> None:
        nonlocal statements
        statements += 1

    def ended(connection: object) -> None:
        done.append((statements, rows(connection) - before))

    def rows(connection: object) -> int:
        return int(connection.connection.driver_connection.total_changes)  # type: ignore[attr-defined]

    writer = store._engines.writer
    listeners: list[tuple[str, Callable[..., None]]] = [
        ("begin", begun),
        ("before_cursor_execute", ran),
        ("commit", ended),
    ]
    for name, listener in listeners:
        event.listen(writer, name, listener)
    yield done
    for name, listener in listeners:
        event.remove(writer, name, listener)


def cost(folder: Path, story: Callable[[int], Logs], count: int) -> tuple[int, int, int]:
    """Statements and rows in all, and the statements of the longest transaction."""
    store = fresh_store(folder / f"{story.__name__} {count}.db")
    with counted(store) as done:
        for log in story(count):
            take(store, log)
    assert faults(store) == []
    store.close()
    return sum(each for each, _ in done), sum(each for _, each in done), max(each for each, _ in done)


@pytest.mark.parametrize("story", member.STORIES)
def test_twice_as_much_costs_twice_as_much_and_no_transaction_is_long(
    tmp_path: Path, story: Callable[[int], Logs]
) -> None:
    """Counted in statements and rows, not in time. Once a story is longer than one piece, its transactions stay as
    short as they are.
    """
    statements, rows, longest = cost(tmp_path, story, 150)
    more_statements, more_rows, longest_of_more = cost(tmp_path, story, 300)
    assert more_statements <= 2.3 * statements
    assert more_rows <= 2.3 * rows
    assert longest_of_more <= 1.3 * longest + 50
    assert longest_of_more < 40 * cutting.WORK_AT_ONCE


def test_others_write_between_the_pieces_of_a_long_run(store: SqliteNodeStore) -> None:
    """Whoever waits gets the writer's place after the piece that runs, and not after the run."""
    (log,) = member.late_retractions(300)
    run = verified(store, log)
    catalogue, waiting, wrote = catalogue_over(store), threading.Event(), threading.Event()

    def other() -> None:
        waiting.set()
        with store.write():
            wrote.set()

    thread = threading.Thread(target=other)
    before = 0
    for number, piece in enumerate(cut(store, run)):
        with catalogue.change() as change:
            if number == 0:
                thread.start()
                waiting.wait()
                while not store._lock._waiting:
                    pass
            change.apply(piece.verified, piece.places)
        before += not wrote.is_set()
    thread.join()
    assert before <= 1


# --- the bounds -------------------------------------------------------------------------------------------------------


def test_a_chain_of_corrections_is_bounded_and_can_be_retracted(store: SqliteNodeStore) -> None:
    log = Log(FR)
    root = log.say(picture(0))
    at = root
    for number in range(RECORD_CORRECTIONS + 3):
        at = log.say(picture(number + 1), kind=Kind.CORRECTION, target=at)
    take(store, log)
    expected = [PURGED] * RECORD_CORRECTIONS + [HELD] + [QUARANTINED] * 3
    assert states(store, log) == expected
    log.say(Retraction(), kind=Kind.RETRACTION, target=root)
    take(store, log)
    assert states(store, log)[RECORD_CORRECTIONS] == PURGED
    assert faults(store) == []


def test_what_one_log_says_about_one_entry_is_bounded(store: SqliteNodeStore) -> None:
    log, other = Log(FR), Log(JP)
    first, second = log.pictures([1, 2])
    for number in range(WORDS_ON_ONE + 2):
        log.say(picture(10 + number), kind=Kind.CORRECTION, target=first)
    for _ in range(2):
        member.remarks(other, second, REMARKS_ON_ONE)
    take(store, log)
    take(store, other)
    assert states(store, other) == [HELD] * REMARKS_ON_ONE + [QUARANTINED] * REMARKS_ON_ONE
    with store.read() as reader:
        reasons = dict(reader.quarantined(log.speaker.origin))
        links = reader.links(log.speaker.origin, 0, log.size)
    assert len(reasons) == WORDS_ON_ONE + 1
    # The last ones belong to no record; those before them to the record that they tried to correct.
    alone = [index for index, link in links.items() if link.chain.leaf != first.leaf]
    assert alone == [log.size - 2, log.size - 1]
    assert faults(store) == []


def test_a_word_that_points_forward_belongs_to_no_record(store: SqliteNodeStore) -> None:
    """So nothing has to be moved when what it points at comes."""
    log = Log(FR)
    member.backwards(log, 3, 2)
    take(store, log)
    assert states(store, log) == [QUARANTINED] * 5
    with store.read() as reader:
        assert reader.owed(1) == []
        assert not reader.awaits(FR.origin)
    assert faults(store) == []


def test_so_many_reasons_are_kept_and_all_that_is_set_aside_is_counted(
    store: SqliteNodeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("node.store.log_writes.REASONS_KEPT", 3)
    log = Log(FR)
    for _ in range(2):
        member.set_aside(log, 2)
        take(store, log)
    member.backwards(log, 2, 0)
    take(store, log)
    with store.read() as reader:
        assert [index for index, _ in reader.quarantined(FR.origin)] == [0, 1, 2]
        assert reader.body_counts(1)[QUARANTINED] == 6
    assert faults(store) == []
    views = catalogue_over(store).records(FR.origin)
    assert [each.reason == NO_REASON for each in views] == [False] * 3 + [True] * 3


# --- deleting in pieces -----------------------------------------------------------------------------------------------


def much_said() -> tuple[Log, Log, RecordId]:
    """A record, and more comments about it than one transaction deletes."""
    owner, other = Log(FR), Log(JP)
    record = owner.say(picture(0))
    member.nested_remarks(other, record, PURGE_AT_ONCE + 100)
    return owner, other, record


def test_a_retraction_deletes_in_several_transactions_what_was_said(store: SqliteNodeStore) -> None:
    owner, other, record = much_said()
    take(store, owner)
    take(store, other)
    owner.say(Retraction(), kind=Kind.RETRACTION, target=record)
    with counted(store) as done:
        take(store, owner)
    assert len(done) >= 3
    assert states(store, other) == [PURGED] * other.size
    assert faults(store) == []


def test_what_a_crash_left_to_be_deleted_is_deleted_at_the_next_start(
    store: SqliteNodeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, other, record = much_said()
    take(store, owner)
    take(store, other)
    owner.say(Retraction(), kind=Kind.RETRACTION, target=record)

    def dies(_self: Purge) -> None:
        raise StoreError("died here")

    with monkeypatch.context() as patched:
        patched.setattr(Purge, "pay", dies)
        with pytest.raises(StoreError):
            take(store, owner)
    assert states(store, other).count(HELD) == 100
    assert faults(store) == []  # what is owed is noted, and so is no fault
    catalogue_over(store).start()
    assert states(store, other) == [PURGED] * other.size


def test_the_words_of_who_is_spared_stay(store: SqliteNodeStore) -> None:
    owner, other, record = much_said()
    other.say(Comment(text="seen"), kind=Kind.COMMENT, target=record)
    owner.say(Comment(text="ours"), kind=Kind.COMMENT, target=record)
    take(store, owner)
    take(store, other)
    catalogue = catalogue_over(store)
    with catalogue.change() as change:
        change.purge().remarks(record, spare=FR.id)
    assert states(store, owner) == [HELD, HELD]
    assert states(store, other) == [PURGED] * other.size


# --- pieces -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("story", member.STORIES)
@pytest.mark.parametrize("stop_after", [None, 1, 2])
def test_pieces_make_the_log_that_the_whole_run_makes(
    monkeypatch: pytest.MonkeyPatch, story: Callable[[int], Logs], stop_after: int | None
) -> None:
    """Also where the process dies between two of them, and the rest comes in a run of its own."""
    monkeypatch.setattr(cutting, "WORK_AT_ONCE", 7)
    whole, cut_up = MemoryStore(), MemoryStore()
    for log in story(30):
        apply(whole, verified(whole, log))
        parts = cut(cut_up, verified(cut_up, log))
        for part in parts[:stop_after]:
            apply(cut_up, part.verified, part.places)
        if stop_after is not None and stop_after < len(parts):
            with cut_up.read() as reader:
                log_state = reader.log(log.speaker.origin)
            assert log_state is not None
            assert log_state.size < log_state.checkpoint_size == log_state.anchor_size == log.size
            apply(cut_up, verified(cut_up, log))
    for log in story(30):
        with whole.read() as one, cut_up.read() as other:
            assert one.log(log.speaker.origin) == other.log(log.speaker.origin)
        assert states(whole, log) == states(cut_up, log)
    assert whole._state.links == cut_up._state.links
    assert whole._state.chains == cut_up._state.chains
