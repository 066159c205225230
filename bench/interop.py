"""Lists: how quickly a file becomes a searchable list and a list becomes a file, and how much memory that takes.

Rules this module upholds:

- The rows are made from a seed. A record has what other tools write: MD5, SHA-1, a category, flags, a series, a size, a
  type, a file with a name, and PhotoDNA in one of eight.
- An import is the reader, the list in an SQLite store as a node has it (encrypted disk aside), and the index. The file
  lies on the disk. The garbage collector is set as in a daemon; for the reference, it is as Python has it.
- The reference for an import is `json.load` of the same file and an insert of each MD5 into SQLite, in one transaction.
- Memory is that of a process that does nothing else. What the index reserves is taken off, for it grows with the rows.
"""

from __future__ import annotations

import gc
import hashlib
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from bench import Figure, figure
from bench.memory import Sampler
from node.app.daemon import settle
from node.domain.ids import Origin, federation_id, member_id
from node.domain.references import ListHead, Reference
from node.domain.roster import Policy
from node.interop import vics
from node.interop.left_out import LeftOut
from node.interop.reading import Choices
from node.interop.vics_writing import write_vics
from node.match.index import LocalIndex
from node.match.ranking import rank
from node.store.store import open_node_store
from node.usecases.audit import AuditLog
from node.usecases.catalogue import Catalogue
from node.usecases.list_comparing import ListComparing
from node.usecases.list_hits import ListHits
from node.usecases.list_taking import Row
from node.usecases.lists import Lists, ListTerms
from node.usecases.matching import Matcher
from node.wire.convert import ProtoCodec

ROWS: Final = 100_000
"""Rows of the timed import and export."""
ROUNDS: Final = 3
MEMORY_ROWS: Final = 2_000_000
SMALLER: Final = 10
"""Memory is compared with that of a list of so many times fewer rows."""
_CHUNK: Final = 1 << 18
_ROOT: Final = "http://github.com/VICSDATAMODEL/ProjectVic/DataModels/2.0.xml/US/$metadata#Media"
_WITH_PHOTODNA: Final = 8


def run(records: int | None = None) -> Iterator[Figure]:
    """`records`: rows of the timed import and export; the memory is then measured at as many, and at a tenth."""
    rows = ROWS if records is None else records
    with tempfile.TemporaryDirectory(prefix="vigil-bench-") as scratch:
        file = Path(scratch, "media.json")
        write(file, rows)
        yield _import(file, Path(scratch), rows)
        yield _export(file, Path(scratch), rows)
        yield _memory(Path(scratch), MEMORY_ROWS if records is None else records)


def write(path: Path, rows: int) -> None:
    """Writes a VICS 2.0 file."""
    with path.open("w", encoding="ascii") as file:
        file.write(f'{{"@odata.context":"{_ROOT}","value":[\n')
        for number in range(rows):
            file.write((",\n" if number else "") + json.dumps(_record(number)))
        file.write("\n]}\n")


def _record(number: int) -> dict[str, object]:
    seed = hashlib.shake_256(number.to_bytes(8, "big")).digest(180)
    record: dict[str, object] = {
        "MediaID": number + 1,
        "Category": number % 5 + 1,
        "MD5": seed[:16].hex(),
        "SHA1": seed[16:36].hex(),
        "MediaSize": 10_000 + number,
        "MimeType": "image/jpeg",
        "VictimIdentified": number % 3 == 0,
        "Series": f"Series {number % 97}",
        "MediaFiles": [{"MD5": seed[:16].hex(), "FileName": f"picture {number}.jpg", "FilePath": "/made/up"}],
    }
    if number % _WITH_PHOTODNA == 0:
        record["PhotoDNA"] = b64encode(seed[36:]).decode()
    return record


# --- import -----------------------------------------------------------------------------------------------------------


def _import(file: Path, scratch: Path, rows: int) -> Figure:
    ours: list[float] = []
    theirs: list[float] = []
    for number in range(ROUNDS):
        gc.collect()
        start = time.perf_counter()
        _plainly(file, scratch / f"plain {number}.db", rows)
        theirs.append(time.perf_counter() - start)
        home = Home(scratch / f"list {number}.db")
        start = time.perf_counter()
        home.take(file, rows)
        ours.append(time.perf_counter() - start)
        home.close()
    return figure(
        "interop.vics",
        rows / statistics.median(ours),
        "rows/s",
        reference="json.load of the file and SQLite inserts of its MD5",
        reference_value=rows / statistics.median(theirs),
        more_is_better=True,
    )


def _plainly(file: Path, database: Path, rows: int) -> None:
    with file.open(encoding="utf-8") as opened:
        document = json.load(opened)
    with sqlite3.connect(database) as connection:
        connection.execute("CREATE TABLE hashes (md5 BLOB PRIMARY KEY)")
        values = ((bytes.fromhex(each["MD5"]),) for each in document["value"])
        done = connection.executemany("INSERT INTO hashes VALUES (?)", values).rowcount
    connection.close()
    _require(done, rows)


class Home:
    """A node with an empty store and an empty index. Close it."""

    def __init__(self, database: Path) -> None:
        self._thresholds = gc.get_threshold()
        settle()  # as a daemon does when it is ready
        self._store = open_node_store(database, create=True)
        self.index = LocalIndex()
        catalogue = Catalogue(store=self._store, index=self.index, codec=ProtoCodec())
        catalogue.start()
        origin = Origin(federation_id("bench.example"), member_id("FR"), 1, "audit")
        self._audit = AuditLog(store=self._store, origin=origin, clock=time.time, random=os.urandom)
        me = origin.member
        matcher = Matcher(store=self._store, index=self.index, codec=ProtoCodec(), rank=rank, own=lambda: me)
        hits = ListHits(store=self._store, index=self.index, matcher=matcher, radius=lambda: Policy().radius)
        comparing = ListComparing(store=self._store, index=self.index, hits=hits)
        self._lists = Lists(store=self._store, catalogue=catalogue, audit=self._audit, comparing=comparing)

    def take(self, file: Path, rows: int) -> None:
        """Imports a file with so many rows."""
        taking = self._lists.begin("L", ListTerms(), bytes(32), "bench")
        heads: list[ListHead] = []
        taking.take(_rows(file, heads))
        _require(taking.finish(heads[0]).rows, rows)
        _require(self.index.counts()["md5"], rows)

    def close(self) -> None:
        """Ends it."""
        self._audit.close()
        self.index.close()
        self._store.close()
        gc.unfreeze()
        gc.set_threshold(*self._thresholds)


def _rows(file: Path, heads: list[ListHead]) -> Iterator[Row]:
    for item in vics.read(_chunks(file), Choices()):
        if isinstance(item, Reference):
            yield item
        elif isinstance(item, ListHead):
            heads.append(item)


def _chunks(file: Path) -> Iterator[bytes]:
    with file.open("rb") as opened:
        while chunk := opened.read(_CHUNK):
            yield chunk


# --- export -----------------------------------------------------------------------------------------------------------


def _export(file: Path, scratch: Path, rows: int) -> Figure:
    heads: list[ListHead] = []
    listed = [row for row in _rows(file, heads) if isinstance(row, Reference)]
    document = json.loads(file.read_bytes())
    ours: list[float] = []
    theirs: list[float] = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        with (scratch / "plain.json").open("w", encoding="ascii") as opened:
            json.dump(document, opened)
        theirs.append(time.perf_counter() - start)
        start = time.perf_counter()
        _written(scratch / "out.json", write_vics(listed, LeftOut(), heads[0], profile="US"))
        ours.append(time.perf_counter() - start)
    return figure(
        "interop.export",
        rows / statistics.median(ours),
        "rows/s",
        reference="json.dump of the document that was imported",
        reference_value=rows / statistics.median(theirs),
        more_is_better=True,
    )


def _written(path: Path, blocks: Iterable[bytes]) -> None:
    with path.open("wb") as opened:
        opened.writelines(blocks)


# --- memory -----------------------------------------------------------------------------------------------------------


def _memory(scratch: Path, rows: int) -> Figure:
    small, large = (_peak(scratch, count) for count in (max(1, rows // SMALLER), rows))
    return figure(
        "interop.memory",
        large / (1 << 20),
        "MiB",
        reference=f"an import of {SMALLER} times fewer rows; within 20 % is a ratio above 0.83",
        reference_value=small / (1 << 20),
    )


def _peak(scratch: Path, rows: int) -> int:
    """The peak of a process that imports so many rows, without the bytes of its index."""
    file, database = scratch / f"{rows}.json", scratch / f"{rows}.db"
    write(file, rows)
    command = [sys.executable, "-m", "bench.interop", str(file), str(database), str(rows)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process, Sampler(process.pid) as sampler:
        out, _ = process.communicate()
    if process.returncode:
        raise RuntimeError("the import of the benchmark failed")
    file.unlink()
    return sampler.peak - int(out)


def _require(found: int, expected: int) -> None:
    if found != expected:
        raise RuntimeError(f"the benchmark has {found} rows, not {expected}")


def _alone(file: Path, database: Path, rows: int) -> int:
    """Imports a file in this process; the bytes that the index reserves."""
    home = Home(database)
    home.take(file, rows)
    reserved = home.index.nbytes
    home.close()
    return reserved


if __name__ == "__main__":
    sys.stdout.write(str(_alone(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))))
