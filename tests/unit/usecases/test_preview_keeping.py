"""Previews are stored with their holdings, go with them, and survive a process that is killed in between."""

from __future__ import annotations

import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from node.domain.statements import Reason
from node.errors import DiskFull, Refused
from node.store.store import open_node_store
from node.usecases.disposal import Disposal
from tests.simulator.arriving import still
from tests.simulator.memory_store import MemoryStore
from tests.stores import fresh_store
from tests.unit.usecases.previewed import Keeper, preview, seen

ROOT = Path(__file__).parents[3]
WRITES = 18
"""Those of the whole run, by Python: SQLite makes its own (`tests.faults`)."""


@pytest.fixture
def keeper(tmp_path: Path) -> Keeper:
    return Keeper(MemoryStore(), tmp_path / "previews")


def test_a_holding_has_its_previews_as_soon_as_it_is_there(keeper: Keeper) -> None:
    one, two = keeper.take("one", "two", stills=3)
    kept = keeper.kept()
    assert [keeper.files.clear(each) for each in kept[one]] == [preview("one", n).clear for n in range(3)]
    assert [keeper.files.covered(each) for each in kept[two]] == [preview("two", n).covered for n in range(3)]
    keeper.check()


def test_material_that_is_held_already_gets_previews_and_keeps_them(keeper: Keeper) -> None:
    (held,) = keeper.holder.take(still("one"))
    assert keeper.kept() == {}
    assert keeper.take("one") == [held.holding]
    first = keeper.kept()
    other = replace(still("one"), previews=(preview("other"),))
    keeper.holder.take(other)
    keeper.holder.take(still("one"))
    assert keeper.kept() == first
    keeper.check()


def test_one_picture_twice_in_a_batch_has_one_preview(keeper: Keeper) -> None:
    keeper.take("one", "one")
    assert len(keeper.kept()) == 1
    keeper.check()


def test_a_node_that_keeps_none_refuses_them_and_takes_nothing_in(tmp_path: Path) -> None:
    keeper = Keeper(MemoryStore(), tmp_path / "previews", wanted=False)
    with pytest.raises(Refused, match="keeps no previews"):
        keeper.take("one")
    keeper.holder.take(still("two"))
    with keeper.store.read() as tx:
        assert [each.sha256 for each in tx.holdings(limit=9)] == [still("two").sha256]
    assert not (tmp_path / "previews").exists()


def test_what_is_not_stored_has_no_preview(keeper: Keeper) -> None:
    assert isinstance(keeper.store, MemoryStore)
    keeper.store.fail_next_commit = DiskFull("planned")
    with pytest.raises(DiskFull):
        keeper.take("one")
    assert keeper.kept() == {}
    assert keeper.loose() > 0
    keeper.keeping.start()
    keeper.check()
    assert keeper.files.segments() == {}


def test_a_purge_destroys_keys_and_ciphertext(tmp_path: Path) -> None:
    store = fresh_store(tmp_path / "node.db")
    keeper = Keeper(store, tmp_path / "previews")
    one, two = keeper.take("one", "two")
    gone = keeper.kept()[one][0]
    piece = (tmp_path / "previews" / "0.seg").read_bytes()[gone.place.start :][: gone.place.size]
    disposal = Disposal(
        store=store,
        catalogue=keeper.holder.node.catalogue,
        retract=lambda _record, _reason: None,
        remove_original=lambda _sha256: False,
        clock=lambda: 0,
        tidy_previews=keeper.keeping.tidy,
    )
    disposal.order(disposal.plan([one], "", Reason.UNSTATED))
    disposal.finish()
    keeper.check()
    assert set(keeper.kept()) == {two}
    store.close()
    database = b"".join(each.read_bytes() for each in tmp_path.glob("node.db*"))
    segments = b"".join(each.read_bytes() for each in (tmp_path / "previews").iterdir())
    for key in (gone.keys, gone.keys[:32], gone.keys[32:], gone.keys[:8]):
        assert key not in database
    for start in range(0, len(piece) - 16, 16):
        assert piece[start : start + 16] not in segments


def test_a_segment_that_is_mostly_waste_is_given_up(keeper: Keeper) -> None:
    holdings = keeper.take(*(f"picture {number}" for number in range(20)))
    before = keeper.files.segments()
    assert len(before) > 2
    kept = holdings[::7]
    for holding in set(holdings) - set(kept):
        keeper.delete(holding)
    assert keeper.keeping.tidy() > 0
    keeper.check()
    assert set(keeper.kept()) == set(kept)
    assert sum(keeper.files.segments().values()) < sum(before.values()) / 2
    assert keeper.keeping.tidy() == 0


def test_a_node_that_wants_none_any_more_destroys_those_that_it_had(keeper: Keeper) -> None:
    keeper.take("one", "two")
    Keeper(keeper.store, keeper.folder, wanted=False).keeping.start()
    assert keeper.kept() == {}
    assert keeper.files.segments() == {}
    assert isinstance(keeper.store, MemoryStore)
    assert keeper.store.scrubs > 0


def test_previews_whose_files_are_lost_are_made_again(keeper: Keeper) -> None:
    (one,) = keeper.take("one")
    (keeper.folder / "0.seg").unlink()
    keeper.keeping.start()
    assert keeper.kept() == {}
    assert keeper.take("one") == [one]
    keeper.check()
    assert set(keeper.kept()) == {one}


@pytest.mark.parametrize("number", range(0, WRITES, 2))
def test_a_kill_at_any_write_loses_nothing_that_was_said(tmp_path: Path, number: int) -> None:
    fresh_store(tmp_path / "node.db").close()
    command = [sys.executable, "-m", "tests.unit.usecases.previewed", str(tmp_path), str(number)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == -signal.SIGKILL, ran.stderr
    said = ran.stdout.split("\n")
    store = open_node_store(tmp_path / "node.db", create=False)
    keeper = Keeper(store, tmp_path / "previews")
    keeper.keeping.start()
    keeper.check()
    with store.read() as tx:
        held = {each.id for each in tx.holdings(limit=100)}
    kept = keeper.kept()
    assert set(kept) == held, "a holding and its previews are stored together"
    taken = sum(line.startswith("taken") for line in said)
    deleted = {int(line.split()[1]) for line in said if line.startswith("deleted")}
    assert 3 * taken - 1 <= len(held) <= 3 * (taken + 1)
    assert not deleted & held
    assert keeper.take("after", stills=2)
    keeper.check()
    store.close()


def test_pictures_are_told_apart() -> None:
    assert seen("one").previews != seen("two").previews
