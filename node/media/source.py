"""Reading one untrusted file: once, whole, bounded, and with its digests taken on the way.

Rules this module upholds:

- The digests and the decoder see the same bytes: they are read a single time, into memory.
- No file past `MAX_FILE_BYTES` is read.
- Whatever goes wrong is a `MediaError` in plain words.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from typing import Final

from node.errors import MediaError
from node.media.descriptors import changed_meanwhile, not_read, status_of

MAX_FILE_BYTES: Final = 512 * 1024 * 1024
"""The largest picture file that is read. A 200-megapixel photograph with 8 bits a channel, uncompressed, is 600 MB; as
any camera writes it, it is below 200."""
_CHUNK: Final = 1024 * 1024
"""Bytes a read: each chunk is digested while it is still in the processor's cache."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceBytes:
    """A file's bytes and their digests."""

    data: bytes
    md5: bytes
    sha1: bytes
    sha256: bytes


def read_source(descriptor: int) -> SourceBytes:
    """Reads an open file whole, from its beginning. Raises `MediaError`: empty, too large, changed meanwhile."""
    try:
        return _read(descriptor)
    except OSError as error:
        raise not_read(error) from None


def _read(descriptor: int) -> SourceBytes:
    before = status_of(descriptor)
    if before.size > MAX_FILE_BYTES:
        raise MediaError(f"too large: {before.size} bytes, the limit is {MAX_FILE_BYTES}")
    digests = [hashlib.new(name, usedforsecurity=False) for name in ("md5", "sha1", "sha256")]
    chunks: list[bytes] = []
    length = 0
    os.lseek(descriptor, 0, os.SEEK_SET)  # a worker that failed may have left it anywhere
    while chunk := os.read(descriptor, min(_CHUNK, MAX_FILE_BYTES + 1 - length)):
        for digest in digests:
            digest.update(chunk)
        chunks.append(chunk)
        length += len(chunk)
        if length > before.size:
            break  # it grows while it is read: the next lines say so
    if length != before.size or status_of(descriptor) != before:
        raise changed_meanwhile()
    if length == 0:
        raise MediaError("empty file")
    md5, sha1, sha256 = (digest.digest() for digest in digests)
    return SourceBytes(data=b"".join(chunks), md5=md5, sha1=sha1, sha256=sha256)
