"""Checks the search index against the store: every fingerprint that may match is found, and no row is extra.

Rules this module upholds:

- It reads and never repairs. The index is derived data: rebuild it if anything is wrong.
- It queries the index as a search does, so it reports what a search would miss.
- Writers wait while some thousand rows are compared, and get their turn in between.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from operator import itemgetter
from typing import TYPE_CHECKING, Final

import numpy as np

from node.domain.batch import READ_BYTES
from node.domain.fingerprint_kinds import KIND_BY_CODE, SHA256
from node.domain.matchable import matchable_columns, reaching
from node.domain.ports import Codec
from node.domain.search_ports import HOLDINGS_SOURCE, Probe, SearchIndex
from node.domain.stores import NodeStore
from node.errors import Damaged, Malformed
from node.usecases.fsck import Report

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from node.domain.batch import FingerprintColumns
    from node.domain.ids import Origin

HOLDINGS_AT_ONCE: Final = 2_000
REMEDY: Final = "stop the daemon and remove the folder `index` of this home: the next start rebuilds it"


def check_index(store: NodeStore, index: SearchIndex, codec: Codec, lock: AbstractContextManager[object]) -> Report:
    """One report on the index. `lock` keeps store and index in step (`Following.lock`)."""
    try:
        return _compared(store, index, codec, lock)
    except (Damaged, Malformed) as error:
        # Database faults are reported elsewhere (`fsck.check_store`): here one only ends the comparison.
        fault = f"it cannot be compared with the database: {error}"
        return Report(log="index", entries=0, bodies=0, faults=(fault,))


def _compared(store: NodeStore, index: SearchIndex, codec: Codec, lock: AbstractContextManager[object]) -> Report:
    rows, prints, missed = 0, 0, 0
    with store.read() as reader:
        logs = [(log.number, log.origin) for log in reader.logs() if log.origin.stream == "log"]
        lists = reader.lists()
    sources = [
        *((number, _records(store, codec, origin, lock, index.floor)) for number, origin in logs),
        (HOLDINGS_SOURCE, _holdings(store, lock, index.floor)),
        *((each.source, _list_rows(store, each.number, lock, index.floor)) for each in lists),
    ]
    for source, parts in sources:
        for columns in parts:
            probes, asked = _probes(columns, index.versions(), index.floor)
            found = {(hit.subject, hit.row, hit.source) for hit in index.search(probes, 0)}
            missed += sum((number, row, source) not in found for number, row in asked)
            prints += len(asked)
            rows += len({row for _, row in asked})
    faults = []
    if missed:
        faults.append(f"{missed} of {prints} fingerprints are not found: {REMEDY}")
    counted = sum(index.sizes().values())
    if counted != rows:
        faults.append(f"{counted} rows are in the index, but the database has {rows}: {REMEDY}")
    return Report(log="index", entries=rows, bodies=prints, faults=tuple(faults))


def _records(
    store: NodeStore, codec: Codec, origin: Origin, lock: AbstractContextManager[object], floor: int
) -> Iterator[FingerprintColumns]:
    """The fingerprints of a log, a section at a time; the lock is held while one section is compared."""
    at = 0
    while True:
        with lock, store.read() as reader:
            log = reader.log(origin)
            if log is None or at >= log.size:
                return
            run = reader.run(origin, at, log.size, READ_BYTES)
            kinds = bytes(map(itemgetter(1), run.entries))
            decoded = codec.decode_bodies(range(at, at + len(kinds)), kinds, run.bodies)
            yield matchable_columns(decoded.fingerprints, floor)
            at += len(kinds)


def _holdings(store: NodeStore, lock: AbstractContextManager[object], floor: int) -> Iterator[FingerprintColumns]:
    after = 0
    while True:
        with lock, store.read() as reader:
            columns = reader.holding_columns(after, HOLDINGS_AT_ONCE)
            if columns is None:
                return
            yield matchable_columns(columns, floor)
            after = int(next(each.rows for each in columns.columns if each.code == SHA256.code)[-1])


def _list_rows(
    store: NodeStore, number: int, lock: AbstractContextManager[object], floor: int
) -> Iterator[FingerprintColumns]:
    after = 0
    while True:
        with lock, store.read() as reader:
            page = reader.list_columns(number, after, HOLDINGS_AT_ONCE)
            if page is None:
                return
            columns, after, _ = page
            yield matchable_columns(columns, floor)


def _probes(
    columns: FingerprintColumns, searched: Mapping[str, int], floor: int
) -> tuple[list[Probe], list[tuple[int, int]]]:
    """One probe per value that may match, and for each fingerprint the probe's number and the row where it must be
    found. Values are queried once: a value that thousands of black frames share is found thousands of times.
    """
    probes: dict[tuple[int, bytes], Probe] = {}
    asked: list[tuple[int, int]] = []
    for column in columns.columns:
        kind = KIND_BY_CODE.get(column.code)
        if kind is None or kind.name not in searched:
            continue
        keep = np.ones(len(column.rows), dtype=np.bool_)
        if kind.has_quality:
            keep = reaching(column.quality, floor)
        for at in np.flatnonzero(keep).tolist():
            value = column.values[at].tobytes()
            probe = probes.setdefault((column.code, value), Probe(len(probes), column.code, value))
            asked.append((probe.subject, int(column.rows[at])))
    return list(probes.values()), asked
