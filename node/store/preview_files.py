"""The ciphertexts of previews, in append-only segment files in one folder of the home.

Rules this module upholds:

- Files are 0600 and have at most `SEGMENT_BYTES`. A piece is durable before a row of the database refers to it: a crash
  in between leaves bytes that no key opens, and the next start overwrites them.
- AES-256-GCM. Each key encrypts one picture, so the nonce is constant (NIST SP 800-38D, 8.2: a pair of key and nonce is
  used once). The associated data names holding, still and form: a ciphertext is valid in its own place only.
- A piece that cannot be read or is damaged is a missing preview, never an error: nothing else depends on it.
- The names of the files are numbers, and no message contains a path.
"""

from __future__ import annotations

import os
import re
import secrets
import struct
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from node.domain.previews import KEY_SIZE, KeptPreview, Preview, Segment, uncovered
from node.errors import DiskFull, StoreError
from node.store.engine import translate_os

SEGMENT_BYTES: Final = 64 << 20
"""Most bytes of a segment, unless its only piece is larger."""
_CHUNK: Final = 1 << 20
_NONCE: Final = bytes(12)
_LABEL: Final = b"vigil/preview/v1\0"
_ABOUT: Final = struct.Struct(">QBB")
_COVERED, _CLEAR = 0, 1
_NAME: Final = re.compile(r"(0|[1-9][0-9]{0,17})\.seg")


class SegmentFiles:
    """`PreviewFiles` in the folder `folder`, which is made when it is needed."""

    def __init__(self, folder: Path, *, segment_bytes: int = SEGMENT_BYTES) -> None:
        self._folder = folder
        self._most = segment_bytes
        self._lock = threading.Lock()
        self._begin_anew = False

    def put(self, stills: Sequence[tuple[int, int, Preview]]) -> list[KeptPreview]:
        made = [(holding, still, *_sealed(holding, still, preview)) for holding, still, preview in stills]
        places = self._append([covered + clear for _, _, _, covered, clear in made])
        return [
            KeptPreview(holding=holding, still=still, place=place, covered_size=len(covered), keys=keys)
            for (holding, still, keys, covered, _), place in zip(made, places, strict=True)
        ]

    def covered(self, kept: KeptPreview) -> bytes | None:
        place = replace(kept.place, size=kept.covered_size)
        return _opened(kept, _COVERED, self._read(place))

    def clear(self, kept: KeptPreview) -> bytes | None:
        start, size = kept.place.start + kept.covered_size, kept.place.size - kept.covered_size
        return _opened(kept, _CLEAR, self._read(replace(kept.place, start=start, size=size)))

    def move(self, kept: Sequence[KeptPreview]) -> list[KeptPreview]:
        found = [(each, self._read(each.place)) for each in kept]
        present = [(each, data) for each, data in found if data is not None]
        places = self._append([data for _, data in present])
        return [replace(each, place=place) for (each, _), place in zip(present, places, strict=True)]

    def segments(self) -> Mapping[int, int]:
        found: dict[int, int] = {}
        try:
            with os.scandir(self._folder) as entries:
                for entry in entries:
                    if known := _NAME.fullmatch(entry.name):
                        found[int(known[1])] = entry.stat(follow_symlinks=False).st_size
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise _translated(error) from None
        return found

    def end_segment(self) -> None:
        self._begin_anew = True

    def waste(self, number: int, live: Sequence[Segment]) -> int:
        with self._opened(number, os.O_RDONLY) as (file, size):
            return sum(_count(file, start, end) for start, end in uncovered(size, live))

    def overwrite(self, number: int, live: Sequence[Segment]) -> int:
        with self._lock:
            with self._opened(number, os.O_RDWR) as (file, size):
                gone = 0
                for start, end in uncovered(size, live):
                    if used := _count(file, start, end):
                        gone += used
                        _write_zeros(file, start, end)
                if gone:
                    os.fsync(file)
            # A crash right here leaves a file of zeros, which the next start deletes.
            if not live:
                self._path(number).unlink(missing_ok=True)
                self._sync_folder()
        return gone

    # --- inside ---------------------------------------------------------------------------------------------------

    def _path(self, number: int) -> Path:
        return self._folder / f"{number}.seg"

    def _read(self, place: Segment) -> bytes | None:
        """These bytes; None if they are not there."""
        try:
            file = os.open(self._path(place.number), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError:
            return None
        try:
            data = os.pread(file, place.size, place.start)
        except OSError:
            return None
        finally:
            os.close(file)
        return data if len(data) == place.size else None

    def _append(self, pieces: Sequence[bytes]) -> list[Segment]:
        """Appends these, in as many segments as they need. Durable on return."""
        places: list[Segment] = []
        with self._lock:
            waiting = list(pieces)
            while waiting:
                number, size = self._current(len(waiting[0]))
                taken: list[bytes] = []
                at = size
                while waiting and (not taken or at + len(waiting[0]) <= self._most):
                    piece = waiting.pop(0)
                    places.append(Segment(number=number, start=at, size=len(piece)))
                    taken.append(piece)
                    at += len(piece)
                self._write(number, size, b"".join(taken))
        return places

    def _current(self, size: int) -> tuple[int, int]:
        """Returns the segment for a piece of `size` bytes, and where it ends now."""
        present = self.segments()
        last = max(present, default=0)
        used = present.get(last, 0)
        if self._begin_anew or (used and used + size > self._most):
            self._begin_anew = False
            return last + 1, 0
        return last, used

    def _write(self, number: int, at: int, data: bytes) -> None:
        """Writes `data` at the end of a segment. If that fails, the segment ends where it ended before."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = os.open(self._path(number), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            try:
                _write_all(file, at, data)
                os.fsync(file)
            except OSError:
                with suppress(OSError):  # what is left has no key, and the next start overwrites it
                    os.ftruncate(file, at)
                raise
            finally:
                os.close(file)
            if not at:
                self._sync_folder()
        except OSError as error:
            raise _translated(error) from None

    @contextmanager
    def _opened(self, number: int, how: int) -> Iterator[tuple[int, int]]:
        """An open segment and its size. Raises `StoreError`."""
        try:
            file = os.open(self._path(number), how | os.O_CLOEXEC | os.O_NOFOLLOW)
            try:
                yield file, os.fstat(file).st_size
            finally:
                os.close(file)
        except OSError as error:
            raise _translated(error) from None

    def _sync_folder(self) -> None:
        """Makes the names of the segments durable."""
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _sealed(holding: int, still: int, preview: Preview) -> tuple[bytes, bytes, bytes]:
    """Returns both keys, the ciphertext of the covered picture, and that of the clear one."""
    keys = secrets.token_bytes(2 * KEY_SIZE)
    forms = ((_COVERED, preview.covered), (_CLEAR, preview.clear))
    covered, clear = (
        AESGCM(_key(keys, form)).encrypt(_NONCE, picture, _about(holding, still, form)) for form, picture in forms
    )
    return keys, covered, clear


def _opened(kept: KeptPreview, form: int, data: bytes | None) -> bytes | None:
    if data is None:
        return None
    try:
        return AESGCM(_key(kept.keys, form)).decrypt(_NONCE, data, _about(kept.holding, kept.still, form))
    except (InvalidTag, ValueError):  # the latter for too few bytes
        return None


def _key(keys: bytes, form: int) -> bytes:
    return keys[form * KEY_SIZE : (form + 1) * KEY_SIZE]


def _about(holding: int, still: int, form: int) -> bytes:
    return _LABEL + _ABOUT.pack(holding, still, form)


def _count(file: int, start: int, end: int) -> int:
    """How many bytes of this range are not zero."""
    found = 0
    for at in range(start, end, _CHUNK):
        data = os.pread(file, min(_CHUNK, end - at), at)
        found += len(data) - data.count(0)
    return found


def _write_zeros(file: int, start: int, end: int) -> None:
    for at in range(start, end, _CHUNK):
        _write_all(file, at, bytes(min(_CHUNK, end - at)))


def _write_all(file: int, at: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        written = os.pwrite(file, left, at)
        left, at = left[written:], at + written


def _translated(error: OSError) -> StoreError:
    """An error of the file system, without the path in it."""
    translated = translate_os(error)
    if isinstance(translated, DiskFull):
        return DiskFull("no space is left for previews", remedy="free space on the disk of this home, then try again")
    return StoreError(
        f"the folder of the previews cannot be used ({error.strerror})",
        remedy="check the owner and the mode of the folder previews in this home, and its disk",
    )
