"""The folder of an index: the files of one generation, the manifest that names them, and the change to the next one.

Rules this module upholds:

- The index is derived data: after any damage it is rebuilt from the store, never repaired.
- A generation is complete or absent: its files are durable before the manifest that names them, and the new manifest
  replaces the former one in one step (rename). A file that no manifest names is a leftover and is deleted.
- Data that `erased` reports as overwritten is overwritten on the disk.
- Only the owner of the home writes. Others may map and read a generation (`read_only`), also after it was replaced.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import numpy as np

from node.domain.index_ports import IndexMark
from node.domain.search_ports import SearchIndex
from node.errors import Damaged, Misuse, StoreError, Unavailable
from node.match.files import MappedFile, sync_folder, translated, write_whole
from node.match.generation import ROWS, Generation, build_generation, mapped, read_erased, write_erased
from node.match.index import LocalIndex
from node.match.manifest import (
    BLOCK,
    MAX_MANIFEST,
    Manifest,
    OtherVersion,
    file_name,
    generation_of,
    read,
    write,
)
from node.match.merge_policy import worth_merging
from node.match.segments import Array, Progress, array_of, in_memory

MANIFEST: Final = "manifest"
KEEP_AT_LEAST: Final = 8_192
"""Fingerprints of a kind from which on a first generation is written. Reading fewer from the store takes a tenth of a
second."""
RETRY_SECONDS: Final = 600.0
"""Time until the disk is tried again, while an index is in memory only."""
STALE_SECONDS: Final = 600.0
"""Time for which a generation may keep the positions of removed fingerprints."""
READ_ATTEMPTS: Final = 5
"""How often a reader searches again for the files of a generation that was replaced while it opened them."""
_log = logging.getLogger(__name__)


class IndexFolder:
    """`IndexFiles` of `index` in `folder`. `read_only`: for another process than the owner. `trouble`: why the index is
    in memory only, in words for people, or "".
    """

    def __init__(self, folder: Path, index: LocalIndex, *, read_only: bool = False) -> None:
        self._folder = folder
        self._index = index
        self._read_only = read_only
        self._manifest: Manifest | None = None
        self._made_at = 0.0
        self._files: dict[str, MappedFile] = {}
        self._next: Generation | None = None
        self._mark: IndexMark | None = None
        self._rows: Mapping[str, Array] = {}
        self._retry_at = 0.0
        self._stopping = False
        self._erased = 0
        self._scrubbing = 0
        self.trouble = ""

    # --- opening ------------------------------------------------------------------------------------------------------

    def open(self) -> tuple[IndexMark, int] | None:
        """See `IndexFiles`. It opens the manifest, one mapping per kind, and the rows' bits, however many fingerprints
        there are.
        """
        reason = ""
        for _ in range(READ_ATTEMPTS if self._read_only else 1):
            try:
                with translated():
                    try:
                        return self._open()
                    except FileNotFoundError:
                        reason = "a file of it is missing"  # or, for a reader: no longer, and the next manifest is
            except (StoreError, OtherVersion) as error:
                reason = str(error)
                break
            finally:
                if self._manifest is None:
                    self._let_go()
        self._index.clear()
        _log.warning("the stored index is not usable; Vigil rebuilds it from the database: %s", reason)
        return None

    def _open(self) -> tuple[IndexMark, int] | None:
        if not self._read_only:
            self._folder.mkdir(mode=0o700, exist_ok=True)
        try:
            data = self._read_manifest()
        except FileNotFoundError:
            return None
        manifest = read(data)
        if dict(manifest.algorithms) != dict(self._index.rules()):
            raise OtherVersion("the index was made by other versions of the algorithms, or for another quality floor")
        files = {
            each.name: mapped(self._folder, manifest.generation, each, writable=not self._read_only)
            for each in manifest.files
        }
        if ROWS not in files or not set(files) <= {ROWS, *self._index.tables}:
            raise Damaged("the manifest of the index does not name the files of an index")
        for name, table in self._index.tables.items():
            if name in files:
                table.open(files[name].arrays, files[name].changing)
        self._index.rows.unpack(
            array_of(files[ROWS].arrays, "pages", np.int64, (-1, 2)),
            array_of(files[ROWS].arrays, "bits", np.uint8, (-1, -1)),
        )
        self._manifest, self._files = manifest, files
        self._made_at = (self._folder / MANIFEST).stat().st_mtime
        self._erased = max(manifest.erased, read_erased(self._folder, manifest.generation))
        if not self._read_only:
            self._clean()
        return manifest.mark, self._erased

    def _read_manifest(self) -> bytes:
        with (self._folder / MANIFEST).open("rb") as file:
            return file.read(MAX_MANIFEST + 1)

    def _clean(self) -> None:
        """Removes files that the manifest does not name."""
        generation = self._manifest.generation if self._manifest else -1
        names = {file_name(generation, name) for name in self._files}
        for path in list(self._folder.iterdir()):
            of = generation_of(path.name)
            if path.name.endswith(".part") or (of is not None and path.name not in names):
                path.unlink(missing_ok=True)

    # --- the next generation ------------------------------------------------------------------------------------------

    @property
    def waiting(self) -> bool:
        """See `IndexFiles`."""
        if self.trouble:
            return time.monotonic() > self._retry_at
        tables = self._index.tables.values()
        if self._manifest is None:
            return any(table.waiting > KEEP_AT_LEAST for table in tables)
        whole = sum(table.settled + table.waiting for table in tables)
        if any(
            worth_merging(waiting=table.waiting, settled=table.settled, spent=table.spent, whole=whole)
            for table in tables
        ):
            return True
        # The clock of the file system: a step of it makes a generation too early or too late, and no more.
        stale = self._erased > self._manifest.erased
        return stale and abs(time.time() - self._made_at) > STALE_SECONDS

    def freeze(self, mark: IndexMark) -> None:
        """See `IndexFiles`."""
        self._mark = mark
        self._rows = self._index.rows.packed()
        for table in self._index.tables.values():
            table.freeze()

    def build(self, progress: Progress) -> None:
        """See `IndexFiles`. If the disk refuses, everything is built in memory, and `trouble` says so."""
        try:
            with translated():
                self._build_files(progress)
        except StoreError as error:
            self._fail(error)
            self._drop_next()
            for table in self._index.tables.values():
                table.build(in_memory, progress)
        else:
            self.trouble = ""

    def _fail(self, error: StoreError) -> None:
        self.trouble, self._retry_at = f"{error}", time.monotonic() + RETRY_SECONDS
        _log.warning("the index is not stored in files: %s", error)

    def _build_files(self, progress: Progress) -> None:
        def tell(done: int, total: int) -> None:
            if self._stopping:
                raise Unavailable("the index is not rebuilt now: this node is ending")
            progress(done, total)

        self._folder.mkdir(mode=0o700, exist_ok=True)
        self._next = build_generation(self._folder, self._newest() + 1, self._index.tables, self._rows, tell)

    def _newest(self) -> int:
        """Returns the newest generation that left any trace, so that no name is used twice while a reader may search
        for it.
        """
        found = [generation_of(path.name) or 0 for path in self._folder.iterdir()]
        return max([self._manifest.generation if self._manifest else 0, *found])

    def publish(self, erased: int) -> bool:
        """See `IndexFiles`.

        A crash before the rename leaves the earlier generation, and files without a name in a manifest. A crash after
        it leaves this generation, and the unused files of the earlier one.
        """
        for table in self._index.tables.values():
            table.replay()
        made = self._next
        if self._mark is not None and made is not None:
            try:
                with translated():
                    self._put_in_place(made, self._mark, erased)
            except StoreError as error:
                self._fail(error)
                raise
        for table in self._index.tables.values():
            table.install()
        if made is None:
            # What is on the disk is let go of: removals would not be overwritten there any more. It makes room, too.
            self.discard()
        self._erased, self._next, self._rows = erased, None, {}
        return made is not None

    def _put_in_place(self, built: Generation, mark: IndexMark, erased: int) -> None:
        for file in built.files.values():
            file.sync()
        made = Manifest(
            generation=built.number,
            mark=mark,
            erased=erased,
            algorithms=self._index.rules(),
            files=built.places,
        )
        part = self._folder / f"{MANIFEST}.part"
        write_whole(part, write(made))
        sync_folder(self._folder)  # the names of the files, before the manifest may name them
        part.rename(self._folder / MANIFEST)
        self._manifest, self._files, self._made_at, self._scrubbing = made, built.files, time.time(), 0
        # It is in place for everybody who looks. Should the disk fail now, a crash may bring the manifest before back:
        # the store has forgotten the notes that one would need by then, so it is not used (`usecases.index_sync`).
        with suppress(OSError):
            sync_folder(self._folder)
            self._clean()

    def abandon(self) -> None:
        """See `IndexFiles`."""
        for table in self._index.tables.values():
            table.abandon()
        self._drop_next()
        self._rows = {}

    def _drop_next(self) -> None:
        self._next = None
        with suppress(OSError):
            self._clean()

    # --- what is overwritten, and what is damaged ---------------------------------------------------------------------

    def sync(self, erased: int) -> None:
        """See `IndexFiles`. A crash before its end leaves a smaller number, so some removals are repeated."""
        if self._manifest is None or erased <= self._erased:
            return
        with translated():
            for file in self._files.values():
                file.sync()
            write_erased(self._folder, self._manifest.generation, erased)
        self._erased = erased

    def scrub(self, size: int) -> bool:
        """See `IndexFiles`."""
        left = max(1, size // BLOCK)
        files = list(self._files.values())
        while left > 0 and files:
            done, ended = files[self._scrubbing % len(files)].scrub(left)
            left -= max(done, 1)
            if not ended:
                return False
            self._scrubbing += 1
            if self._scrubbing >= len(files):
                self._scrubbing = 0
                return True
        return not files

    def discard(self) -> None:
        """See `IndexFiles`. It removes the manifest first: a crash after that leaves files that no manifest names."""
        self._let_go()
        with translated(), suppress(FileNotFoundError):
            (self._folder / MANIFEST).unlink(missing_ok=True)
            sync_folder(self._folder)
            self._clean()

    # --- rebuilt from the store ---------------------------------------------------------------------------------------

    def rebuilt(self) -> SearchIndex:
        """See `IndexFiles`."""
        return self._index.beside()

    def adopt(self, index: SearchIndex) -> None:
        """See `IndexFiles`."""
        if not isinstance(index, LocalIndex):
            raise Misuse("only an index that `rebuilt` gave can take the place of this one")
        self.discard()
        self._index.adopt(index)

    def uncount(self, source: int, rows: Sequence[int]) -> None:
        """See `IndexFiles`."""
        self._index.rows.remove(source, np.asarray(rows, dtype=np.int64))

    def _let_go(self) -> None:
        self._manifest, self._files, self._erased, self._scrubbing = None, {}, 0, 0

    def stop(self) -> None:
        """Ends a running `build`, which then raises `Unavailable`, and any later one. From any thread."""
        self._stopping = True

    def close(self) -> None:
        """Closes the files. They stay mapped as long as a search uses them."""
        self._let_go()


def describe(folder: Path) -> str:
    """Returns facts about an index folder for people, from its manifest alone."""
    try:
        with translated():
            if not (folder / MANIFEST).exists():
                return "not stored in files yet: a small index is made from the database at each start"
            manifest = read((folder / MANIFEST).read_bytes())
    except (StoreError, OtherVersion) as error:
        return f"not usable ({error}): the next start builds it from the database"
    size = sum(file.size for file in manifest.files)
    return f"generation {manifest.generation}, {size >> 20} MiB in {len(manifest.files)} files"
