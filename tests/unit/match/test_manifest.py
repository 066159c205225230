"""The manifest of an index: read as it was written, and never otherwise."""

from __future__ import annotations

import hashlib
import json
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.domain.index_ports import IndexMark
from node.errors import Damaged
from node.match.manifest import (
    BLOCK,
    DTYPES,
    Manifest,
    OtherVersion,
    file_name,
    generation_of,
    place,
    read,
    write,
)

numbers = st.integers(0, 2**40)
words = st.from_regex(r"[a-z][a-z0-9]{0,7}(-[a-z0-9]{1,4})?", fullmatch=True)
arrays = st.dictionaries(
    words, st.tuples(st.sampled_from(DTYPES), st.lists(st.integers(0, 5_000), min_size=1, max_size=3).map(tuple))
)
manifests = st.builds(
    Manifest,
    generation=st.integers(0, 10**12 - 1),
    mark=st.builds(
        IndexMark,
        store=st.binary(min_size=16, max_size=16),
        changes=numbers,
        sources=st.dictionaries(numbers, numbers, max_size=4),
    ),
    erased=numbers,
    algorithms=st.dictionaries(words, numbers, max_size=4),
    files=st.lists(st.builds(place, words, arrays), max_size=3, unique_by=lambda file: file.name).map(tuple),
)
ONE = Manifest(
    generation=3,
    mark=IndexMark(store=bytes(16), changes=4, sources={0: 1, 2: 30}),
    erased=5,
    algorithms={"pdq": 1},
    files=(place("pdq", {"hashes": ("uint64", (10, 4)), "sources": ("int32", (10,))}),),
)


@given(manifests)
def test_a_manifest_is_read_as_it_was_written(manifest: Manifest) -> None:
    assert read(write(manifest)) == manifest


@given(st.binary(max_size=400) | st.binary(max_size=100).map(lambda tail: write(ONE)[:-40] + tail))
def test_any_bytes_are_refused_in_one_way(data: bytes) -> None:
    with pytest.raises((Damaged, OtherVersion)):
        read(data)


@given(st.data())
def test_any_changed_byte_is_noticed(data: st.DataObject) -> None:
    raw = bytearray(write(ONE))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises((Damaged, OtherVersion)):
        read(bytes(raw))


def signed(fields: Any) -> bytes:
    """A manifest of these fields with a checksum that is right."""
    body = json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()
    return f"vigil-index/2 {sys.byteorder} {hashlib.sha256(body).hexdigest()}\n".encode() + body


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.data())
def test_fields_that_no_writer_writes_are_refused_under_a_right_checksum(data: st.DataObject) -> None:
    fields = json.loads(write(ONE).partition(b"\n")[2])
    at: Any = fields
    while True:
        key = data.draw(st.sampled_from(sorted(at) if isinstance(at, dict) else range(len(at))))
        if not (isinstance(at[key], dict | list) and at[key] and data.draw(st.booleans())):
            break
        at = at[key]
    before = json.dumps(at[key])
    at[key] = data.draw(json_values | numbers)
    if json.dumps(at[key]) == before:
        return
    try:
        got = read(signed(fields))
    except Damaged:
        return
    # Another number may be as good as the first: then it is what the file says, and nothing is out of bounds.
    assert write(got) == signed(fields)
    for file in got.files:
        for each in file.arrays:
            assert 0 <= each.offset <= each.offset + each.nbytes <= file.sums


@pytest.mark.parametrize(
    ("key", "value"),
    [("sums", 0), ("sums", BLOCK), ("sums", 10 * BLOCK), ("sums", -1), ("sums", 2**63)],
)
def test_a_manifest_that_lies_about_the_length_of_a_file_is_refused(key: str, value: int) -> None:
    fields = json.loads(write(ONE).partition(b"\n")[2])
    fields["files"][0][key] = value
    with pytest.raises(Damaged):
        read(signed(fields))


@pytest.mark.parametrize("offset", [0, 8, BLOCK - 1, 2 * BLOCK, 2**62, -BLOCK])
def test_a_manifest_that_lies_about_an_offset_is_refused(offset: int) -> None:
    fields = json.loads(write(ONE).partition(b"\n")[2])
    fields["files"][0]["arrays"][1][3] = offset
    with pytest.raises(Damaged):
        read(signed(fields))


def test_a_shape_beyond_all_bounds_is_refused() -> None:
    fields = json.loads(write(ONE).partition(b"\n")[2])
    fields["files"][0]["arrays"][0][2] = [2**62, 2**62]
    with pytest.raises(Damaged):
        read(signed(fields))


def test_another_version_and_another_byte_order_are_told_apart_from_damage() -> None:
    data = write(ONE)
    other = {"little": b"big", "big": b"little"}[sys.byteorder]
    with pytest.raises(OtherVersion, match="version"):
        read(data.replace(b"vigil-index/2", b"vigil-index/1", 1))
    with pytest.raises(OtherVersion, match="byte order"):
        read(data.replace(sys.byteorder.encode(), other, 1))


@given(st.integers(0, 10**12 - 1), words)
def test_a_file_tells_its_generation_by_its_name(generation: int, name: str) -> None:
    assert generation_of(file_name(generation, name)) == generation
    assert generation_of(name) is None
    assert generation_of(file_name(generation, name) + "/") is None
