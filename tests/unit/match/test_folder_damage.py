"""Damaged, cut and missing files of a kept index are noticed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from node.domain.fingerprint_kinds import FRAME, PDQ, PHASH, FingerprintKind
from node.errors import Damaged
from node.match.folder import MANIFEST, IndexFolder
from node.match.index import LocalIndex
from node.match.manifest import read
from node.match.segments import unguarded
from tests.unit.match.every_kind import LOG, WHOLE, answers, filled
from tests.unit.match.keeping import keep, reopened


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small") / "index"
    keep(filled(), folder)
    return folder


def judged(folder: Path) -> None:
    """What is opened answers right, or is said to be damaged by the end of a round of scrubbing."""
    index = LocalIndex()
    files = IndexFolder(folder, index)
    if files.open() is None:
        assert answers(index) == set()
        return
    try:
        while not files.scrub(1 << 20):
            pass
    except Damaged:
        return
    assert answers(index) == WHOLE


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(data=st.data())
def test_any_flipped_byte_is_noticed_or_changes_nothing(small: Path, data: st.DataObject) -> None:
    path = small / data.draw(st.sampled_from(sorted(path.name for path in small.iterdir())))
    raw = np.memmap(path, np.uint8)
    # Most bytes of a small file are padding: aim at what is there.
    places = np.flatnonzero(raw) if data.draw(st.booleans()) else np.arange(len(raw))
    at, before = places[data.draw(st.integers(0, len(places) - 1))], raw.copy()
    raw[at] ^= data.draw(st.integers(1, 255))
    try:
        judged(small)
    finally:
        path.write_bytes(before.tobytes())


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99])
def test_a_file_cut_short_or_grown_is_noticed_at_once(tmp_path: Path, share: float) -> None:
    keep(filled(), tmp_path)
    for path in sorted(tmp_path.iterdir()):
        before = path.read_bytes()
        path.write_bytes(before[: int(len(before) * share)])
        assert IndexFolder(tmp_path, LocalIndex(), read_only=True).open() is None
        path.write_bytes(before + b"\0")
        assert IndexFolder(tmp_path, LocalIndex(), read_only=True).open() is None
        path.write_bytes(before)
    assert IndexFolder(tmp_path, LocalIndex()).open() is not None


def test_a_missing_file_is_noticed_at_once(tmp_path: Path) -> None:
    keep(filled(), tmp_path)
    (tmp_path / "000000000001.pdq").unlink()
    index = LocalIndex()
    assert IndexFolder(tmp_path, index).open() is None
    assert answers(index) == set()


@pytest.mark.parametrize("kind", [PDQ, FRAME, PHASH], ids=lambda kind: kind.name)
@pytest.mark.parametrize("fault", ["no tables", "other chunks", "too few ids", "other size"])
def test_tables_that_do_not_fit_their_hashes_are_not_believed(
    tmp_path: Path, kind: FingerprintKind, fault: str
) -> None:
    keep(filled(), tmp_path)
    whole = reopened(tmp_path)[0].tables[kind.name]._mapped
    assert whole is not None
    arrays = dict(whole.segment.arrays())
    if fault == "no tables":
        arrays = {name: array for name, array in arrays.items() if name not in {"chunks", "blocks", "wide", "ids"}}
    elif fault == "other chunks":
        arrays["chunks"] = arrays["chunks"][:-1]
    elif fault == "too few ids":
        arrays["ids"] = arrays["ids"][:-1]
    else:
        arrays["hashes"] = arrays["hashes"].reshape(-1, 3 - arrays["hashes"].shape[1])
    with pytest.raises(Damaged):
        LocalIndex().tables[kind.name].open(arrays, unguarded)


def test_removing_from_a_damaged_block_does_not_make_the_damage_good(tmp_path: Path) -> None:
    index = filled()
    keep(index, tmp_path)
    path = tmp_path / "000000000001.sha256"
    laid = {each.name: each for each in read((tmp_path / MANIFEST).read_bytes()).files[2].arrays}
    raw = bytearray(path.read_bytes())
    raw[laid["hashes"].offset] ^= 1
    path.write_bytes(raw)
    again, files = reopened(tmp_path)
    again.remove(LOG, [5])
    files.sync(1)
    with pytest.raises(Damaged):
        files.scrub(1 << 40)
    _, files = reopened(tmp_path)
    with pytest.raises(Damaged):
        files.scrub(1 << 40)
