"""Declared orientations are believed only where the hash itself bears them out."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from node.domain.fingerprint_kinds import PDQ_QUALITY_FLOOR, PDQ_RADIUS
from node.domain.orientations import INVERSE, ORIENTATIONS, strangers, turned
from node.media import pdq
from tests.unit.media.pictures import flat, scene

HASHES = st.binary(min_size=32, max_size=32)


def hashes(image: Image.Image) -> pdq.PdqHashes:
    return pdq.pdq_hashes(*flat(image.convert("RGB")))


@pytest.mark.parametrize("seed", range(20))
def test_the_orientations_of_a_picture_are_taken_for_what_they_are(seed: int) -> None:
    found = hashes(scene(320 + seed, 240, seed))
    assert found.quality >= PDQ_QUALITY_FLOOR
    assert strangers(found.orientations) == 0


def test_those_of_photographs_are(photos: Path) -> None:
    files = sorted((photos / "land").glob("*.jpg"))[:60]
    assert files
    for path in files:
        with Image.open(path) as image:
            found = hashes(image)
        if found.quality >= PDQ_QUALITY_FLOOR:
            assert strangers(found.orientations) == 0, path.name


@given(HASHES)
def test_turning_four_times_or_mirroring_twice_gives_the_same_hash(value: bytes) -> None:
    again = value
    for _ in range(4):
        again = turned(again)[ORIENTATIONS.index("rotate90")]
    assert again == value
    for name in ("flip", "flop", "transpose", "transverse", "rotate180"):
        at = ORIENTATIONS.index(name)
        assert turned(turned(value)[at])[at] == value
    assert len(set(turned(value))) >= 4


@given(HASHES, st.integers(1, 7), st.sets(st.integers(0, 255), min_size=PDQ_RADIUS + 1, max_size=PDQ_RADIUS + 1))
def test_one_bit_past_the_radius_is_a_stranger(value: bytes, at: int, bits: set[int]) -> None:
    def bent(chosen: set[int]) -> list[bytes]:
        given = list(turned(value))
        number = int.from_bytes(given[at], "big") ^ sum(1 << bit for bit in chosen)
        given[at] = number.to_bytes(32, "big")
        return given

    assert strangers(bent(bits)) == 1
    bits.pop()
    assert strangers(bent(bits)) == 0


def test_unrelated_hashes_are_strangers_all() -> None:
    assert strangers([os.urandom(32) for _ in range(8)]) == 7


def test_a_hash_alone_or_none_has_no_strangers() -> None:
    assert strangers(()) == strangers((bytes(32),)) == 0


@given(st.binary(min_size=32, max_size=32), st.integers(0, 7))
def test_each_orientation_is_undone_by_its_inverse(value: bytes, turn: int) -> None:
    assert turned(turned(value)[turn])[INVERSE[turn]] == value
