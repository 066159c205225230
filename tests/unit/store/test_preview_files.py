"""The segment files of previews: nothing readable stays, and what is damaged is missing."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.domain.previews import COVERED_SIZE, KeptPreview, Preview, Segment, uncovered
from node.errors import DiskFull
from node.store.preview_files import SegmentFiles

if TYPE_CHECKING:
    from pathlib import Path


def preview(number: int, size: int = 900) -> Preview:
    return Preview(clear=bytes([number]) * size, covered=bytes([number ^ 255]) * COVERED_SIZE)


def stored(files: SegmentFiles, number: int) -> list[KeptPreview]:
    return files.put([(each, 0, preview(each)) for each in range(1, number + 1)])


def raw(folder: Path) -> bytes:
    return b"".join(each.read_bytes() for each in sorted(folder.iterdir()))


def test_both_forms_come_back_and_neither_is_readable_in_the_file(tmp_path: Path) -> None:
    files = SegmentFiles(tmp_path / "previews")
    for kept in stored(files, 3):
        assert files.clear(kept) == preview(kept.holding).clear
        assert files.covered(kept) == preview(kept.holding).covered
        assert preview(kept.holding).clear[:16] not in raw(tmp_path / "previews")
        assert kept.keys.hex() not in repr(kept)
    (segment,) = (tmp_path / "previews").iterdir()
    assert stat.S_IMODE(segment.stat().st_mode) == 0o600


def test_a_segment_has_a_most_size(tmp_path: Path) -> None:
    files = SegmentFiles(tmp_path, segment_bytes=4_000)
    kept = stored(files, 10)
    assert len(files.segments()) == 4
    assert max(files.segments().values()) <= 4_000
    assert all(files.clear(each) == preview(each.holding).clear for each in kept)


def test_a_ciphertext_is_valid_in_its_own_place_only(tmp_path: Path) -> None:
    files = SegmentFiles(tmp_path)
    (kept,) = stored(files, 1)
    assert files.clear(replace(kept, holding=2)) is None
    assert files.covered(replace(kept, still=1)) is None


@given(damage=st.integers(0, 2_000), by=st.integers(1, 255))
def test_a_damaged_piece_is_a_missing_preview(tmp_path_factory: pytest.TempPathFactory, damage: int, by: int) -> None:
    folder = tmp_path_factory.mktemp("previews")
    files = SegmentFiles(folder)
    (kept,) = stored(files, 1)
    (segment,) = folder.iterdir()
    data = bytearray(segment.read_bytes())
    at = damage % len(data)
    data[at] ^= by
    segment.write_bytes(data)
    is_in_covered = at < kept.covered_size
    assert (files.covered(kept) is None) == is_in_covered
    assert (files.clear(kept) is None) != is_in_covered


def test_without_the_file_there_is_no_preview(tmp_path: Path) -> None:
    files = SegmentFiles(tmp_path)
    (kept,) = stored(files, 1)
    next(tmp_path.iterdir()).unlink()
    assert files.clear(kept) is None
    assert files.covered(kept) is None
    assert files.move([kept]) == []


@given(keep=st.sets(st.integers(0, 7)))
def test_overwriting_leaves_no_byte_of_what_is_not_kept(
    tmp_path_factory: pytest.TempPathFactory, keep: set[int]
) -> None:
    folder = tmp_path_factory.mktemp("previews")
    files = SegmentFiles(folder)
    kept = stored(files, 8)
    before = raw(folder)
    live = [each.place for number, each in enumerate(kept) if number in keep]
    assert (files.waste(0, live) > 0) == (len(keep) < 8)
    files.overwrite(0, live)
    after = raw(folder)
    assert bool(files.segments()) == bool(keep)
    for number, each in enumerate(kept):
        piece = before[each.place.start : each.place.start + each.place.size]
        assert (piece in after) == (number in keep)
        assert (files.clear(each) is not None) == (number in keep)
    if keep:
        assert files.waste(0, live) == 0
        assert files.overwrite(0, live) == 0


def test_a_moved_piece_opens_with_the_same_keys(tmp_path: Path) -> None:
    files = SegmentFiles(tmp_path)
    kept = stored(files, 3)
    files.end_segment()
    moved = files.move(kept[1:])
    assert {each.place.number for each in moved} == {1}
    files.overwrite(0, [])
    assert [files.clear(each) for each in moved] == [preview(2).clear, preview(3).clear]
    assert list(files.segments()) == [1]


def test_a_full_disk_leaves_the_segment_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = SegmentFiles(tmp_path)
    (kept,) = stored(files, 1)
    before = raw(tmp_path)
    whole = os.pwrite

    def full(file: int, data: Any, at: int) -> int:
        if at > len(before):
            raise OSError(28, "No space left on device")
        return whole(file, data[:100], at)

    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", full)
        with pytest.raises(DiskFull):
            stored(files, 2)
    assert raw(tmp_path) == before
    assert files.clear(kept) == preview(1).clear
    assert all(files.clear(each) is not None for each in stored(files, 2))


@given(pieces=st.lists(st.tuples(st.integers(0, 50), st.integers(1, 20)), max_size=8))
def test_what_is_uncovered_and_what_is_live_make_the_whole(pieces: list[tuple[int, int]]) -> None:
    live = [Segment(number=0, start=start, size=size) for start, size in pieces]
    loose = {at for start, end in uncovered(80, live) for at in range(start, end)}
    assert loose == set(range(80)) - {at for start, size in pieces for at in range(start, start + size)}
