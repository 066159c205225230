"""Archives, as the programs write them that people use.

Rules this module upholds:

- Any program of its kind takes each member out as it was put in.
"""

from __future__ import annotations

import base64
import gzip
import importlib
import io
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import chain

Member = tuple[str, bytes]
"""Name and content."""


def zipped(members: Sequence[Member], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A ZIP."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name), data, compression)
    return buffer.getvalue()


def streamed_zip(members: Sequence[Member]) -> bytes:
    """A ZIP that was written to a pipe: lengths behind the data."""

    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.data = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, data: object) -> int:
            self.data += memoryview(data)  # type: ignore[arg-type]
            return memoryview(data).nbytes  # type: ignore[arg-type]

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return bytes(pipe.data)


def tarred(members: Sequence[Member], kind: int = tarfile.PAX_FORMAT) -> bytes:
    """A tar."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=kind) as archive:
        for name, data in members:
            made = tarfile.TarInfo(name)
            made.size = len(data)
            archive.addfile(made, io.BytesIO(data))
    return buffer.getvalue()


def seven(members: Sequence[Member]) -> bytes:
    """A 7z, LZMA2."""
    buffer = io.BytesIO()
    with importlib.import_module("py7zr").SevenZipFile(buffer, "w") as archive:
        for name, data in members:
            archive.writestr(data, name)
    return buffer.getvalue()


def zstd(members: Sequence[Member]) -> bytes:
    """A tar within Zstandard."""
    return bytes(importlib.import_module("imagecodecs").zstd_encode(tarred(members)))


def ar(members: Sequence[Member]) -> bytes:
    """A Unix archive, as of a Debian package."""
    made = b"!<arch>\n"
    for name, data in members:
        made += f"{name + '/':<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(data):<10}`\n".encode() + data
        made += b"\n" * (len(data) % 2)
    return made


def cpio(members: Sequence[Member]) -> bytes:
    """A cpio in the new ASCII form."""
    made = b""
    for number, (name, data) in enumerate([*members, ("TRAILER!!!", b"")]):
        fields = (number + 1, 0o100644, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
        made += b"070701" + b"".join(f"{field:08X}".encode() for field in fields) + name.encode() + b"\0"
        made += b"\0" * (-len(made) % 4) + data + b"\0" * (-len(data) % 4)
    return made


# ---- what other programs take out of a damaged one


def taken_out(data: bytes) -> frozenset[bytes]:
    """Contents that Python's own readers take out of an archive or a compressed file, as far as they come."""
    return frozenset(chain(_taken(_from_zip, data), _taken(_from_tar, data), _taken(_from_gzip, data)))


def _taken(reader: Callable[[bytes], Iterator[bytes]], data: bytes) -> Iterator[bytes]:
    contents = reader(data)
    while True:
        try:
            yield next(contents)
        except StopIteration:
            return
        except Exception:  # noqa: BLE001  (what a reader refuses ends what it takes out)
            return


def _from_zip(data: bytes) -> Iterator[bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in archive.namelist():
            with suppress(zipfile.BadZipFile, zlib.error):
                yield archive.read(name)


def _from_tar(data: bytes) -> Iterator[bytes]:
    with tarfile.open(fileobj=io.BytesIO(data), mode="r|*") as archive:
        for member in archive:
            file = archive.extractfile(member)
            if file is not None:
                yield file.read()


def _from_gzip(data: bytes) -> Iterator[bytes]:
    yield gzip.decompress(data)


def spelled(content: bytes, data: bytes) -> bool:
    """Whether a content lies in a file as it is, deflated as zipfile does it, or in lines of Base64."""
    deflate = zlib.compressobj(-1, zlib.DEFLATED, -15)
    lines = base64.encodebytes(content)
    spellings = (content, deflate.compress(content) + deflate.flush(), lines, lines.replace(b"\n", b"\r\n"))
    return any(each in data for each in spellings)
