"""A file is read once, whole, and within bounds; whatever is wrong with it is said without its name."""

import hashlib
import os
from pathlib import Path

import pytest

from node.errors import MediaError
from node.media import source
from tests.unit.media.reading import opened


def test_bytes_and_digests_are_those_of_the_file(tmp_path: Path) -> None:
    data = os.urandom(3 * 1024 * 1024 + 17)
    file = tmp_path / "file"
    file.write_bytes(data)
    with opened(file) as descriptor:
        read = source.read_source(descriptor)
    assert read.data == data
    assert read.md5 == hashlib.md5(data, usedforsecurity=False).digest()
    assert read.sha1 == hashlib.sha1(data, usedforsecurity=False).digest()
    assert read.sha256 == hashlib.sha256(data).digest()


def reason(path: Path) -> str:
    with pytest.raises(MediaError) as caught, opened(path) as descriptor:
        source.read_source(descriptor)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    assert path.name not in str(caught.value)
    return str(caught.value)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "hollow").touch()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "round").symlink_to(tmp_path / "round")
    assert reason(tmp_path / "missing") == "no such file or folder"
    assert reason(tmp_path / "hollow") == "empty file"
    assert reason(tmp_path) == "this is a folder, not a file"
    assert reason(tmp_path / "pipe") == "not a regular file"
    assert reason(tmp_path / "round").startswith("cannot be read: too many levels of symbolic links")
    assert reason(tmp_path / ("x" * 300)).startswith("cannot be read: file name too long")
    assert reason(Path("/dev/zero")) == "not a regular file"


def test_no_permission_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a refusing open: root, as whom tests may run, is refused nothing."""

    def refused(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refused)
    assert reason(tmp_path / "secret") == "no permission to read it"


def test_a_file_past_the_limit_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "hole"
    with file.open("wb") as hole:
        hole.truncate(source.MAX_FILE_BYTES + 1)
    monkeypatch.setattr(os, "read", None)  # reading it would fail
    assert reason(file) == f"too large: {source.MAX_FILE_BYTES + 1} bytes, the limit is {source.MAX_FILE_BYTES}"


@pytest.mark.parametrize("change", ["grows", "shrinks", "is written over"])
def test_a_file_that_changes_while_it_is_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    file = tmp_path / "shot"
    file.write_bytes(bytes(3_000_000))
    os.utime(file, (0, 0))
    really_read = os.read
    left = [1]

    def read(descriptor: int, length: int) -> bytes:
        chunk = really_read(descriptor, length)
        if left and left.pop():
            with file.open("r+b") as other:
                if change == "grows":
                    other.seek(0, os.SEEK_END)
                    other.write(b"more")
                elif change == "shrinks":
                    other.truncate(10)
                else:
                    other.write(b"else")
        return chunk

    monkeypatch.setattr(os, "read", read)
    assert reason(file) == "the file changed while it was read"
