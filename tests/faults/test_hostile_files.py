"""Damaged files of every kind that Vigil reads or names go through the confined workers: each ends in one result, in
our words, and what comes behind it is fingerprinted as if nothing had been.

How many there are of a format is `MANY`; VIGIL_FUZZ names another number for a longer or shorter run.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

from node.domain.material import DigestFingerprints, PictureFingerprints
from node.errors import MediaError
from node.media.pool import fingerprint_files
from node.media.reply_values import MAX_REASON
from node.media.tasks import Examined
from tests.unit.media.hostile_files import FORMATS, KINDS, SMALL, damaged, whole
from tests.unit.media.pictures import encoded

FEW = 240
"""In `make check`: about one of each kind, each time others of the same seeds."""
MANY = int(os.environ.get("VIGIL_FUZZ", "20000"))
A_FOLDER = 4_000


def judge(folder: Path, files: Iterable[bytes]) -> Counter[str]:
    """Fingerprints these files with a whole picture at the end; how many ended as what."""
    paths = []
    for number, data in enumerate(files):
        paths.append(folder / f"{number:05}")
        paths[-1].write_bytes(data)
    last = folder / "last"
    last.write_bytes(encoded(SMALL, "JPEG"))
    given: dict[Path, Examined] = {}
    ended: Counter[str] = Counter()
    for each in fingerprint_files([*paths, last], workers=2, wall_seconds=60):
        hold(each)
        if each.place is None:
            assert each.path not in given, "one result for each file"
            given[each.path] = each
            ended[type(each.result).__name__] += 1
        else:
            assert each.path not in given, "parts come before their file"
            ended["part"] += 1
    assert set(given) == {*paths, last}
    assert isinstance(given[last].result, PictureFingerprints)
    for path in paths:
        path.unlink()
    return ended


def hold(examined: Examined) -> None:
    """What is said is said in our words, and a part has a place and digests."""
    result = examined.result
    words = str(result) if isinstance(result, MediaError) else result.note
    assert words.isascii()
    assert not words or words.isprintable()
    assert len(words) <= MAX_REASON
    assert str(examined.path) not in words
    if not isinstance(result, MediaError):
        assert len(result.sha256) == 32
        assert result.size == examined.path.stat().st_size or examined.place is not None
    if examined.place is not None:
        assert examined.place.path
        assert len(examined.place.parent) == 32


def test_every_kind_is_whole_before_it_is_damaged(tmp_path: Path) -> None:
    """Else the damage would be judged on files that nothing is made of anyway. None of these is unreadable."""
    made = {kind: data for kind in KINDS if (data := whole(kind)) is not None}
    assert len(made) > len(KINDS) * 0.8, sorted(set(KINDS) - set(made))
    paths = {tmp_path / str(number): kind for number, kind in enumerate(made)}
    for path, kind in paths.items():
        path.write_bytes(made[kind])
    unread = [paths[each.path] for each in fingerprint_files(paths, workers=2)
              if each.place is None and isinstance(each.result, MediaError)]  # fmt: skip
    assert unread == []


def test_every_format_has_files_to_damage() -> None:
    """Else its long test would pass on nothing."""
    assert [name for name, kinds in FORMATS.items() if not any(whole(kind) for kind in kinds)] == []


def test_a_few_hundred_damaged_files_cost_nothing_but_themselves(tmp_path: Path) -> None:
    files = (damaged([KINDS[seed % len(KINDS)]], seed) for seed in range(FEW))
    ended = judge(tmp_path, (data for data in files if data is not None))
    assert ended[DigestFingerprints.__name__]
    assert ended[PictureFingerprints.__name__] > 1


@pytest.mark.faults
@pytest.mark.parametrize("name", FORMATS)
def test_thousands_of_damaged_files_of_a_format_cost_nothing_but_themselves(tmp_path: Path, name: str) -> None:
    for first in range(0, MANY, A_FOLDER):
        files = (damaged(FORMATS[name], seed) for seed in range(first, min(first + A_FOLDER, MANY)))
        judge(tmp_path, (data for data in files if data is not None))
