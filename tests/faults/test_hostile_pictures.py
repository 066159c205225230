"""Damaged pictures of every format go through the confined workers: each ends as fingerprints or as a line in our
words, whatever it does to its decoder, and what comes behind it is fingerprinted as if nothing had been.
"""

from pathlib import Path

import pytest

from node.domain.material import DigestFingerprints, PictureFingerprints, VideoFingerprints
from node.errors import MediaError
from node.media.pool import fingerprint_files
from node.media.reply_values import MAX_REASON
from tests.unit.media.hostile import damaged, originals
from tests.unit.media.reading import of_files

MANY = 20_000
A_FOLDER = 1_000


def judge(folder: Path, seeds: range) -> int:
    """Fingerprints the damaged files of these seeds with a whole one at the end; how many were refused."""
    paths = []
    for seed in seeds:
        _name, data = damaged(seed)
        paths.append(folder / str(seed))
        paths[-1].write_bytes(data)
    last = folder / "last"
    last.write_bytes(originals()["jpeg"])
    refused = 0
    results = of_files(fingerprint_files([*paths, last], workers=2, wall_seconds=60))
    # One that takes long for its size comes last, so the order is not that of the files.
    assert sorted(path for path, _ in results) == sorted([*paths, last])
    by_path = dict(results)
    whole = by_path.pop(last)
    for path, result in by_path.items():
        if isinstance(result, MediaError | DigestFingerprints):
            refused += 1
            said = str(result) if isinstance(result, MediaError) else result.note
            assert not said or said.isprintable(), path.name
            assert len(said) <= MAX_REASON, path.name
            # The first few bytes of a picture can be a text, such as "GIF8": then there is nothing to say.
            assert said or (isinstance(result, DigestFingerprints) and result.media_type == "text/plain"), path.name
        else:
            # What holds a still picture may hold a film: a damaged brand can make a film of it, of one frame.
            assert isinstance(result, PictureFingerprints | VideoFingerprints)
    assert isinstance(whole, PictureFingerprints)
    return refused


def test_every_kind_of_original_is_whole(tmp_path: Path) -> None:
    """Else the damage would be judged on files that are refused anyway."""
    for name, data in originals().items():
        (tmp_path / name).write_bytes(data)
    refused = {
        path.name: str(result)
        for path, result in of_files(fingerprint_files([tmp_path / name for name in originals()], workers=1))
        if isinstance(result, MediaError)
    }
    assert refused == {}


def test_a_few_hundred_damaged_pictures_cost_nothing_but_themselves(tmp_path: Path) -> None:
    assert 0 < judge(tmp_path, range(300)) < 300


@pytest.mark.faults
@pytest.mark.parametrize("first", range(1_000, 1_000 + MANY, A_FOLDER))
def test_thousands_of_damaged_pictures_cost_nothing_but_themselves(tmp_path: Path, first: int) -> None:
    assert 0 < judge(tmp_path, range(first, first + A_FOLDER)) < A_FOLDER
