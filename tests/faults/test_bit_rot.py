"""A disk that gives back other bytes than it was given: fsck names log and entry, and nothing is signed over it.

One bit of one value is turned over in the database, by SQL, where SQLite itself sees nothing wrong.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from node.errors import Damaged
from node.tlog.note import format_vkey
from node.usecases.catalogue import Catalogue
from node.usecases.fsck import check_store
from node.usecases.ledger import Draft
from node.usecases.ownlog import OwnLog
from node.wire.convert import ProtoCodec
from tests.faults.drivers import append
from tests.faults.drivers.parts import DATABASE, FR, ROSTER, hub_head, node_over, opened
from tests.faults.flaky import RememberingSigner
from tests.simulator import federation as sim

LOG = str(FR.origin)
SIZE = 258
"""Entries: one full tile, a tile above it, and two leaves more."""
AT = 77
"""The index of the entry that is bent; its row comes one later."""


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A node's home with a published log, and a statement that waits for its place."""
    home = tmp_path_factory.mktemp("prepared")
    append.prepare(home)
    with opened(home) as store:
        node = node_over(store, "more")
        state = node.own.state()
        node.own.reconcile(hub_head(state.checkpoint, state.checkpoint_size))
        node.ledger.contribute([Draft(statement=sim.picture(4_000 + each)) for each in range(SIZE - append.BEFORE)])
        state = node.own.place_and_sign()
        node.own.reconcile(hub_head(state.checkpoint, state.checkpoint_size))
        node.ledger.contribute([Draft(statement=sim.picture(5_000))])
    return home


@pytest.fixture
def home(prepared: Path, scratch: Path) -> Path:
    copy = scratch / "home"
    shutil.copytree(prepared, copy)
    return copy


def flip(place: int) -> Callable[[bytes], bytes]:
    """Turns over one bit of the byte at `place` (from the end where negative)."""

    def bent(value: bytes) -> bytes:
        changed = bytearray(value)
        changed[place] ^= 0x10
        return bytes(changed)

    return bent


def bend(home: Path, column: str, where: str, how: Callable[[bytes], bytes]) -> int:
    """Changes one value, named `table.column`; its length."""
    table, name = column.split(".")
    connection = sqlite3.connect(home / DATABASE)
    with connection:
        ((value,),) = connection.execute(f"SELECT {name} FROM {table} WHERE {where}").fetchall()  # noqa: S608
        connection.execute(f"UPDATE {table} SET {name} = ? WHERE {where}", (how(value),))  # noqa: S608
    connection.close()
    return len(value)


def faults_of(home: Path) -> dict[str, tuple[str, ...]]:
    """What fsck says, by log, where it says anything."""
    with opened(home) as store:
        return {report.log: report.faults for report in check_store(store, ROSTER) if report.faults}


def test_a_sound_store_has_no_faults(home: Path) -> None:
    assert faults_of(home) == {}


@pytest.mark.parametrize(
    ("column", "where", "place", "words"),
    [
        ("entries.entry", f"slot = {AT + 1}", 40, f"entry {AT} is not what its leaf hash says"),
        ("entries.sealed", f"slot = {AT + 1}", -1, f"entry {AT}: a body does not open the commitment"),
        ("entries.sealed", f"slot = {AT + 1}", 10, f"entry {AT}: a body does not open the commitment"),
        ("entries.sealed", f"slot = {AT + 1}", 2, f"entry {AT}: a stored body is shorter than it says"),
        ("entries.state", f"slot = {AT + 1}", 0, "states of the entries"),
        ("tiles.data", "level = 0 AND idx = 0", AT * 32, f"entry {AT} is not what its leaf hash says"),
        ("tiles.data", "level = 0 AND idx = 1", 33, "entry 257 is not what its leaf hash says"),
        ("tiles.data", "level = 1 AND idx = 0", 5, "tile 0 of level 1 does not match the tiles below it"),
        ("logs.root", "number = 1", 0, "do not make the stored root"),
        ("logs.checkpoint", "number = 1", -9, "the checkpoint: a signature"),
        ("logs.cosigned", "number = 1", -9, "the cosigned checkpoint: a cosignature"),
        ("vault.sealed", "live = x'01'", -1, "a statement that waits for its place does not match its name"),
        ("outbox.entry", "1", -1, "a statement that waits for its place does not match its name"),
        ("outbox.leaf", "1", 0, "a statement that waits for its place does not match its name"),
    ],
)
def test_a_flipped_bit_is_named(home: Path, column: str, where: str, place: int, words: str) -> None:
    bend(home, column, where, flip(place))
    found = faults_of(home)
    assert set(found) == {LOG}
    assert any(words in fault for fault in found[LOG]), found


def test_every_byte_of_an_entry_and_of_what_it_hides_counts(home: Path) -> None:
    for column in ("entries.entry", "entries.sealed"):
        where = f"slot = {AT + 1}"
        length = bend(home, column, where, lambda value: value)
        for place in range(0, length, 7):
            bend(home, column, where, flip(place))
            assert f"entry {AT}" in " ".join(faults_of(home)[LOG]), f"byte {place} of {column}"
            bend(home, column, where, flip(place))
    assert faults_of(home) == {}


def test_one_fault_hides_no_other(home: Path) -> None:
    bend(home, "entries.sealed", f"slot = {AT + 1}", flip(2))
    bend(home, "entries.sealed", "slot = 11", flip(-1))
    bend(home, "entries.entry", "slot = 258", flip(50))
    named = " ".join(faults_of(home)[LOG])
    assert all(f"entry {index}" in named for index in (AT, 10, 257))


def test_a_log_whose_name_is_bent_is_a_fault_and_no_traceback(home: Path) -> None:
    bend(home, "logs.origin", "number = 1", lambda _: "nothing of ours")  # type: ignore[arg-type,return-value]
    assert any("origin" in fault for fault in faults_of(home)["logs"])


@pytest.mark.parametrize(
    ("column", "where"), [("tiles.data", "level = 0 AND idx = 1"), ("tiles.data", "level = 1"), ("logs.root", "1")]
)
def test_nothing_is_appended_to_or_signed_over_a_bent_tree(home: Path, column: str, where: str) -> None:
    """A root made from a bent tile would contradict every checkpoint before it, in our own hand."""
    bend(home, column, where, flip(3))
    signer = RememberingSigner(f"log {FR.origin}")
    with opened(home) as store:
        codec = ProtoCodec()
        own = OwnLog(
            store=store,
            codec=codec,
            catalogue=Catalogue(store=store, index=None, codec=codec),
            origin=FR.origin,
            vkey=format_vkey(FR.vkey),
            signer=signer,
            roster=lambda: ROSTER,
        )
        own.reconcile(hub_head(b"", 0))
        before = own.state()
        with pytest.raises(Damaged, match="do not make its stored root"):
            own.place_and_sign()
        assert own.state() == before
    assert signer.signed == []
