"""A full disk: a clear error with a remedy, nothing acknowledged is lost, and with space freed the work goes on."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from node.domain.stores import NodeStore
from node.errors import DiskFull
from node.store.lock import own
from node.store.store import SqliteStore
from node.usecases.ledger import Draft
from tests.conftest import absent
from tests.faults import invariants
from tests.faults.drivers import append, retract
from tests.faults.drivers.parts import FR, hub_head, node_over, opened, text
from tests.simulator import federation as sim

BATCH: Final = 200
SAYS: Final = "no space is left for the database"
REMEDY: Final = "free space on its disk, then try again"
MANY: Final = 100
"""More batches than a small disk holds."""


@dataclass(frozen=True)
class Small:
    """A home on little space. `free` makes room."""

    home: Path
    fill: Callable[[NodeStore], None]
    free: Callable[[NodeStore], None]


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A disk of six MiB of its own."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(mount, check=False, capture_output=True).returncode:
        absent("only root may mount the small disk that this needs")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def ballast(folder: Path) -> Path:
    """Takes all the space that is left on a disk, and gives the file that holds it."""
    file = folder / "ballast"
    with file.open("wb", buffering=0) as heavy:
        for size in (65_536, 512):
            try:
                while heavy.write(b"\0" * size):
                    pass
            except OSError:
                continue
    return file


def limit_pages(store: NodeStore, pages: int) -> None:
    """The writer finds no room past so many pages: what a full disk is to SQLite, without being root."""
    assert isinstance(store, SqliteStore)
    with store._engines.writer.connect() as connection:
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")


def pages_of(store: NodeStore) -> int:
    assert isinstance(store, SqliteStore)
    with store._engines.writer.connect() as connection:
        return int(connection.exec_driver_sql("PRAGMA page_count").scalar() or 0)


@pytest.fixture(params=["pages", "disk"])
def small(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Small]:
    """A prepared node's home where space runs out: by SQLite's own limit, and on a disk that is really full."""
    if request.param == "pages":
        home = tmp_path / "home"
        home.mkdir()
        append.prepare(home)
        yield Small(
            home, lambda store: limit_pages(store, pages_of(store) + 60), lambda store: limit_pages(store, 1 << 30)
        )
        return
    with small_disk(tmp_path / "disk") as disk:
        home = disk / "home"
        home.mkdir()
        append.prepare(home)
        (disk / "reserve").write_bytes(b"r" * (3 << 20))
        yield Small(home, lambda _: None, lambda _: (disk / "reserve").unlink())


def test_appending_until_the_disk_is_full_loses_nothing_and_goes_on(small: Small) -> None:
    said: list[dict[str, object]] = []
    with opened(small.home) as store:
        node = node_over(store, "full")
        before = node.own.state()
        node.own.reconcile(hub_head(before.checkpoint, before.checkpoint_size))
        small.fill(store)
        told: list[DiskFull] = []
        for number in range(MANY):
            drafts = [Draft(statement=sim.picture(10_000 + number * BATCH + each)) for each in range(BATCH)]
            try:
                said.append({"acknowledged": [str(each) for each in node.ledger.contribute(drafts)]})
                said.append({"signed": text(node.own.place_and_sign().checkpoint)})
            except DiskFull as error:
                told.append(error)
                if len(told) == 3:
                    break
        assert [(str(each), each.remedy) for each in told] == [(SAYS, REMEDY)] * 3
        assert said, "nothing was acknowledged before the disk was full"
        with store.read() as reader:
            # Reading and searching go on meanwhile.
            log = reader.log(FR.origin)
            assert log is not None
            assert len(reader.run(FR.origin, 0, log.size, 1 << 30).entries) == log.size
        small.free(store)
        said.append({"signed": text(node.own.place_and_sign().checkpoint)})
    invariants.node_stands(small.home, said)


def test_a_start_on_a_full_disk_says_so_and_succeeds_once_there_is_room(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        home = disk / "home"
        home.mkdir()
        append.prepare(home)
        file = ballast(disk)
        with pytest.raises(DiskFull) as caught, opened(home):
            pass
        assert "free space" in caught.value.remedy
        with own(home):
            # The lock needs no room: who comes to make some is not kept out.
            pass
        file.unlink()
        invariants.node_stands(home, [])


def test_a_retraction_on_a_full_disk_is_told_and_made_good(tmp_path: Path) -> None:
    """Forgetting needs room too (a journal, before it is emptied): where there is none, the person is told."""
    with small_disk(tmp_path / "disk") as disk:
        home = disk / "home"
        home.mkdir()
        retract.prepare(home)
        with opened(home) as store:
            node = node_over(store, "full")
            state = node.own.state()
            node.own.reconcile(hub_head(state.checkpoint, state.checkpoint_size))
            file = ballast(disk)
            drafts = [Draft(statement=sim.picture(20_000 + each)) for each in range(20 * BATCH)]
            with pytest.raises(DiskFull):
                node.ledger.contribute(drafts)
            with pytest.raises(DiskFull):
                node.ledger.retract(retract.record(home, retract.RETRACTED))
            assert invariants.bytes_left(home, invariants.secrets_of(retract.RETRACTED)[0]) != []
            file.unlink()
            assert node.ledger.retract(retract.record(home, retract.RETRACTED)) is not None
            invariants.forgotten(home, [retract.RETRACTED])
        invariants.purges_hold(home, [{"gone": [retract.RETRACTED]}])
