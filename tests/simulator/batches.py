"""Batches as `usecases.replica` would hand them to a store: made-up entries over a real tree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from node.domain.batch import BodyState, VerifiedBatch
from node.domain.envelope import Disclosure, Envelope, Kind, encode
from node.domain.ids import FederationId, MemberId, Origin, RecordId
from node.domain.log_ports import LogReader
from node.domain.stores import LogStore
from node.tlog import merkle, tiles

FR = Origin(FederationId("test.example"), MemberId("FR"))
JP = Origin(FederationId("test.example"), MemberId("JP"))


@dataclass(frozen=True, slots=True)
class StoreTiles:
    """The tiles of one log of a store, for `node.tlog`."""

    reader: LogReader
    number: int

    def read_tile(self, level: int, index: int, /) -> bytes:
        return self.reader.tile(self.number, level, index)


def disclosure(word: str, *, size: int = 60) -> Disclosure:
    """A disclosure told apart by `word`; the same word, the same bytes."""
    nonce = merkle.leaf_hash(word.encode())
    return Disclosure(
        nonce=nonce,
        body=b"body of " + word.encode() + nonce * (size // 32),
        handling_nonce=merkle.leaf_hash(nonce),
        handling=b"handling of " + word.encode(),
    )


def entry(word: str, *, target: RecordId | None = None, expiry_day: int = 0) -> bytes:
    """An entry told apart by `word`."""
    return encode(
        Envelope(
            kind=Kind.RETRACTION if target else Kind.CONTRIBUTION,
            issued_day=20_000,
            open=True,
            expiry_day=expiry_day,
            target=target,
            handling_commitment=merkle.leaf_hash(b"handling" + word.encode()),
            commitment=merkle.leaf_hash(b"commitment" + word.encode()),
        )
    )


def words(count: int, prefix: str = "") -> list[str]:
    """Words that differ, for as many entries."""
    return [f"{prefix}{number}" for number in range(count)]


def batch(
    store: LogStore,
    origin: Origin,
    words: Sequence[str],
    *,
    start: int | None = None,
    states: Sequence[BodyState] = (),
    expiry_days: Sequence[int] = (),
    targets: Sequence[tuple[int, RecordId]] = (),
    quarantine: Sequence[tuple[int, str]] = (),
    size: int = 60,
) -> VerifiedBatch:
    """The next run of `origin`, an entry a word: held, without expiry or target where nothing else is said.

    `start` other than the log's size makes a batch that must be refused.
    """
    with store.read() as reader:
        log = reader.log(origin)
        at = log.size if log else 0
        edge = tiles.read_edge(StoreTiles(reader, log.number if log else 0), at)
    points = dict(targets)
    days = list(expiry_days) or [0] * len(words)
    entries = [entry(word, target=points.get(i), expiry_day=days[i]) for i, word in enumerate(words)]
    leaves = merkle.leaf_hashes(entries)
    grown = tiles.append(at, edge, leaves)
    shown = [disclosure(word, size=size) for word in words]
    begin = at if start is None else start
    return VerifiedBatch(
        origin=origin,
        start=begin,
        entries=entries,
        leaves=leaves,
        kinds=bytes(each[1] for each in entries),
        expiry_days=days,
        nonces=[each.nonce for each in shown],
        bodies=[each.body for each in shown],
        handling_nonces=[each.handling_nonce for each in shown],
        handlings=[each.handling for each in shown],
        states=bytes(states) or bytes(len(words)),
        tiles=dict(grown.tiles),
        size=begin + len(words),
        root=grown.root,
        targets=[(i, int(Kind.RETRACTION), str(record.origin), record.leaf) for i, record in targets],
        quarantine=list(quarantine),
    )


def kinds(store: LogStore, origin: Origin, of: Sequence[Kind]) -> VerifiedBatch:
    """The next run of `origin`: an entry of each of these kinds, all held."""
    plain = batch(store, origin, [f"{origin} {number}" for number in range(len(of))])
    return replace(plain, kinds=bytes(map(int, of)))


def append(store: LogStore, made: VerifiedBatch) -> None:
    """Opens the log where needed and appends, in one transaction."""
    with store.write() as writer:
        writer.open_log(made.origin)
        writer.append(made)
