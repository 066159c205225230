"""A run of bytes in an open file: read piece by piece, within its bounds, and refused where it changes meanwhile."""

import hashlib
import io
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.domain.material import DigestFingerprints
from node.errors import Empty, MediaError
from node.media import examine, picture, region
from node.media.region import Region
from tests.unit.media.pictures import encoded, scene
from tests.unit.media.reading import examined, opened


def test_digests_are_those_of_the_file_whether_it_is_held_or_not(tmp_path: Path) -> None:
    data = os.urandom(3 * 1024 * 1024 + 17)
    (tmp_path / "file").write_bytes(data)
    with opened(tmp_path / "file") as file:
        whole = Region(file)
        taken = whole.digests()
        assert whole.hold() == taken
        assert whole.all(len(data)) == whole.at(0, len(data)) == data
        assert whole.part(5, 9).all(9) == data[5:14]
        whole.let_go()
        assert whole.all(len(data)) == data
    assert taken.md5 == hashlib.md5(data, usedforsecurity=False).digest()
    assert taken.sha1 == hashlib.sha1(data, usedforsecurity=False).digest()
    assert taken.sha256 == hashlib.sha256(data).digest()


NUMBERS = st.integers(-3, 40)


@given(data=st.binary(max_size=30), start=NUMBERS, size=st.none() | NUMBERS, offset=NUMBERS, length=st.integers(0, 40))
def test_nothing_is_read_past_the_end_of_a_part(
    data: bytes, start: int, size: int | None, offset: int, length: int
) -> None:
    with tempfile.TemporaryFile() as file:
        file.write(b"before" + data + b"behind")
        file.flush()
        outer = Region(file.fileno(), 6, len(data))
        begin = min(max(start, 0), len(data))
        expected = data[begin:] if size is None else data[begin : begin + max(size, 0)]
        part = outer.part(start, size)
        assert (part.size, part.all(len(data))) == (len(expected), expected)
        assert part.at(offset, length) == (expected[offset : offset + length] if offset >= 0 else b"")


@given(
    st.binary(max_size=50), st.lists(st.tuples(st.integers(0, 2), st.integers(0, 60), st.integers(-1, 60)), max_size=9)
)
def test_it_reads_as_a_binary_file_does(data: bytes, steps: list[tuple[int, int, int]]) -> None:
    like = io.BytesIO(data)
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        ours = Region(file.fileno())
        for whence, offset, length in steps:
            assert ours.seek(offset, whence) == like.seek(offset, whence)
            assert ours.read(length) == like.read(length)
            assert ours.tell() == like.tell()


@pytest.mark.parametrize("change", ["grows", "shrinks", "is written over"])
def test_a_file_that_changes_while_it_is_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    file = tmp_path / "shot"
    file.write_bytes(bytes(3_000_000))
    os.utime(file, (0, 0))
    really_read = os.pread
    left = [2]

    def read(descriptor: int, length: int, offset: int) -> bytes:
        chunk = really_read(descriptor, length, offset)
        if length == 1 << 20 and left and left.pop():
            with file.open("r+b") as other:
                if change == "grows":
                    other.seek(0, os.SEEK_END)
                    other.write(b"more")
                elif change == "shrinks":
                    other.truncate(10)
                else:
                    other.write(b"else")
        return chunk

    monkeypatch.setattr(os, "pread", read)
    with pytest.raises(MediaError, match="the file changed while it was read"):
        examined(file)


def test_what_is_wrong_with_a_file_is_told_without_its_name(tmp_path: Path) -> None:
    (tmp_path / "hollow").touch()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "round").symlink_to(tmp_path / "round")
    expected = {
        tmp_path / "missing": "no such file or folder",
        tmp_path / "hollow": "empty file",
        tmp_path: "this is a folder, not a file",
        tmp_path / "pipe": "not a regular file",
        tmp_path / "round": "cannot be read: too many levels of symbolic links",
        tmp_path / ("x" * 300): "cannot be read: file name too long",
        Path("/dev/zero"): "not a regular file",
    }
    for path, words in expected.items():
        with pytest.raises(MediaError) as caught:
            examined(path)
        assert str(caught.value) == words
        assert isinstance(caught.value, Empty) == (words == "empty file")
        assert caught.value.__cause__ is None


def test_no_permission_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a refusing open: root, as whom tests may run, is refused nothing."""

    def refused(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refused)
    with pytest.raises(MediaError, match=r"^no permission to read it$"):
        examined(tmp_path / "secret")


def test_a_picture_too_large_to_be_decoded_has_its_digests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = encoded(scene(80, 60), "PNG")
    (tmp_path / "large").write_bytes(data)
    for module in (examine, picture):
        monkeypatch.setattr(module, "MAX_PICTURE_BYTES", 1_000)
    monkeypatch.setattr(Region, "hold", None)  # it is not read into memory
    found = examined(tmp_path / "large")
    assert isinstance(found, DigestFingerprints)
    assert (found.media_type, found.sha256) == ("image/png", hashlib.sha256(data).digest())
    assert found.note == f"too large: {len(data)} bytes, the limit is 1000"


def test_a_file_past_the_limit_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (tmp_path / "hole").open("wb") as hole:
        hole.truncate(2_000)
    monkeypatch.setattr(examine, "MAX_FILE_BYTES", 1_000)
    monkeypatch.setattr(region, "digests_of", None)
    with pytest.raises(MediaError, match="too large: 2000 bytes, the limit is 1000"):
        examined(tmp_path / "hole")


def test_memory_does_not_grow_with_the_size_of_a_file(tmp_path: Path) -> None:
    import tracemalloc

    with (tmp_path / "hole").open("wb") as hole:
        hole.truncate(200_000_000)
    tracemalloc.start()
    try:
        found = examined(tmp_path / "hole")
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()
    assert isinstance(found, DigestFingerprints)
    assert found.size == 200_000_000
