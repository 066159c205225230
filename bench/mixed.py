"""The rate at which a node takes in a log of records, links, messages and other statements, beside a log of records.

Rules this module upholds:

- Packages are filled as a hub fills them, and verified and stored by the program's own receiver, in a store on the
  disk with an index. The wire and the other process are left out: they carry both logs alike.
- Both logs have so many entries, and are followed in turns, each time by a new node.
- Of the mixed log `SHARES` are links, messages and others. What they are about is in the log itself, before them.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import count, cycle, islice
from pathlib import Path
from typing import Final

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bench import Figure, figure, in_turns
from bench.federation import Bodies, batch
from node.domain.address_listings import AddressListing, Granularity
from node.domain.batch import RUN_BYTES, Package
from node.domain.calendar import SECONDS_A_DAY
from node.domain.consultations import Consultation, ConsultationStep
from node.domain.envelope import Kind
from node.domain.ids import Origin, RecordId, federation_id, member_id
from node.domain.record_links import Certainty, RecordLink, Relation
from node.domain.roster import HubIdentity, KeyPurpose, Member, MemberKey, MemberStatus, Roster
from node.domain.statements import Statement
from node.domain.watches import WatchReply, WatchState
from node.match.index import LocalIndex
from node.store.store import open_node_store
from node.sync.copies import Copies
from node.tlog import tiles
from node.tlog.checkpoint import Checkpoint, sign_checkpoint
from node.tlog.cosignature import add_signature, cosign
from node.tlog.merkle import leaf_hash
from node.tlog.note import COSIGNATURE, ED25519, format_vkey, make_vkey, parse
from node.usecases.catalogue import Catalogue
from node.usecases.filling import next_run, package_of
from node.wire.convert import ProtoCodec

ENTRIES: Final = 40_000
FIRST: Final = 2_000
"""Records before the mixed part: the links are about them."""
SHARES: Final = {Kind.LINK: 0.04, Kind.CONSULTATION: 0.03, Kind.ADDRESS_LISTING: 0.02, Kind.WATCH_REPLY: 0.01}
ROUNDS: Final = 3
TARGETS: Final = 3
"""Records of a link."""
_FEDERATION: Final = federation_id("bench.example")
_OWN, _OTHER = member_id("JP"), member_id("FR")
_ORIGIN: Final = Origin(_FEDERATION, _OTHER)
_CODEC: Final = ProtoCodec()


class Keys:
    """The log key of the other member, and the hub's."""

    def __init__(self) -> None:
        self._log, self._hub = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
        self._vkey = make_vkey(str(_ORIGIN), ED25519, self._log.public_key().public_bytes_raw())
        self._mirror = make_vkey("hub.bench/mirror", COSIGNATURE, self._hub.public_key().public_bytes_raw())

    def roster(self) -> Roster:
        """Both members."""
        key = MemberKey(purpose=KeyPurpose.LOG, vkey=format_vkey(self._vkey))
        members = {
            each: Member(id=each, name=each, status=MemberStatus.ACTIVE, keys=(key,) if each == _OTHER else ())
            for each in (_OWN, _OTHER)
        }
        hub = HubIdentity(cosigner_vkey=format_vkey(self._mirror), ca_sha256=bytes(32))
        return Roster(federation=_FEDERATION, version=1, expires=time.time() + SECONDS_A_DAY, hub=hub, members=members)

    def cosigned(self, size: int, root: bytes) -> bytes:
        """The checkpoint of a size, with both signatures."""
        note = sign_checkpoint(Checkpoint(origin=str(_ORIGIN), size=size, root=root), self._vkey, self._log)
        return add_signature(note, cosign(parse(note).text, self._mirror, self._hub, int(time.time())))


def measured(records: int) -> Figure:
    """Both rates, for logs of so many entries."""
    keys = Keys()
    with tempfile.TemporaryDirectory(prefix="vigil-bench-") as folder:
        mixed = _log(Path(folder) / "mixed.db", keys, records, _drawn(records))
        plain = _log(Path(folder) / "plain.db", keys, records, [Kind.CONTRIBUTION] * records)
        fresh = (Path(folder) / f"node{number}.db" for number in count())
        with_others, alone = in_turns(
            lambda: _follow(next(fresh), keys, mixed), lambda: _follow(next(fresh), keys, plain), rounds=ROUNDS
        )
    return figure(
        "sync.mixed",
        records / with_others,
        "entries a second",
        reference="a log of records alone; must stay above 0.8",
        reference_value=records / alone,
        more_is_better=True,
    )


# --- the logs ---------------------------------------------------------------------------------------------------------


def _drawn(records: int) -> list[Kind]:
    """The kinds of the entries: the first ones are records, the others in the given shares, mixed."""
    random = np.random.default_rng(17)
    rest = max(0, records - FIRST)
    kinds = [kind for kind, share in SHARES.items() for _ in range(round(share * rest))]
    kinds += [Kind.CONTRIBUTION] * (rest - len(kinds))
    order = random.permutation(len(kinds)).tolist()
    return [Kind.CONTRIBUTION] * min(records, FIRST) + [kinds[at] for at in order]


def _log(path: Path, keys: Keys, records: int, kinds: Sequence[Kind]) -> list[Package]:
    """The packages of a log with entries of these kinds."""
    bodies, store = Bodies(2026), open_node_store(path, create=True)
    try:
        with store.write() as writer:
            named: list[RecordId] = []
            for start, stop in ((0, min(FIRST, records)), (min(FIRST, records), records)):
                state, some = writer.open_log(_ORIGIN), kinds[start:stop]
                said = _bodies(bodies, some, named)
                nonces = [bodies.nonces(len(said)) for _ in range(2)]
                run = batch(writer, state, said, *nonces, kind=some)
                writer.append(run)
                named = named or [RecordId(_ORIGIN, leaf) for leaf in run.leaves]
            state = writer.open_log(_ORIGIN)
            writer.set_cosigned(_ORIGIN, keys.cosigned(state.size, state.root), state.size)
        with store.read() as reader:
            log = reader.log(_ORIGIN)
            if log is None:
                raise RuntimeError("the log was not stored")
            made, start = list[Package](), 0
            while start < log.size:
                part = next_run(reader, _ORIGIN, start, log.size, RUN_BYTES)
                stop = start + len(part.entries)
                proof = tiles.consistency_proof(_Tiles(reader.tile, log.number), stop, log.size)
                made.append(package_of(log, start, part, [True] * len(part.entries), proof))
                start = stop
            return made
    finally:
        store.close()


def _bodies(bodies: Bodies, kinds: Sequence[Kind], named: Sequence[RecordId]) -> list[bytes]:
    """A body of each kind; `named`: the records that links are about."""
    records = iter(bodies.make(sum(kind is Kind.CONTRIBUTION for kind in kinds))[0])
    about = cycle(named)
    return [
        next(records) if kind is Kind.CONTRIBUTION else _CODEC.encode_body(_said(kind, number, about))
        for number, kind in enumerate(kinds)
    ]


def _said(kind: Kind, number: int, about: Iterator[RecordId]) -> Statement:
    name = leaf_hash(b"%d" % number)
    if kind is Kind.LINK:
        targets = tuple(islice(about, TARGETS))
        return RecordLink(
            relation=Relation.SAME_PLACE, targets=targets, certainty=Certainty.PROBABLE, note="the bridge"
        )
    if kind is Kind.CONSULTATION:
        opening = ConsultationStep.OPEN
        return Consultation(
            step=opening, subject="Bridge", text=f"Do you know {number}?", at=number, about=(next(about),)
        )
    if kind is Kind.ADDRESS_LISTING:
        return AddressListing(address=name, granularity=Granularity.HOST, evidence_day=1)
    return WatchReply(watch=next(about), state=WatchState.KEPT, at=number)


class _Tiles:
    """A stored log's tiles, as `tlog.tiles` reads them."""

    def __init__(self, tile: Callable[[int, int, int], bytes], number: int) -> None:
        self._tile, self._number = tile, number

    def read_tile(self, level: int, index: int, /) -> bytes:
        return self._tile(self._number, level, index)


# --- following --------------------------------------------------------------------------------------------------------


def _follow(path: Path, keys: Keys, packages: Sequence[Package]) -> None:
    """A new node takes in the packages. Raises `RuntimeError` if it does not store all of them."""
    store, index = open_node_store(path, create=True), LocalIndex()
    try:
        catalogue = Catalogue(store=store, index=index, codec=_CODEC)
        catalogue.start()
        today = int(time.time()) // SECONDS_A_DAY
        copies = Copies(
            store=store,
            catalogue=catalogue,
            codec=_CODEC,
            roster=keys.roster,
            own=Origin(_FEDERATION, _OWN),
            today=lambda: today,
            on_own=lambda: None,
        )
        copies.open()
        for package in packages:
            copies.commit(copies.verify([package]))
        with store.read() as reader:
            log = reader.log(_ORIGIN)
            if log is None or log.size != sum(len(each.entries) for each in packages) or reader.quarantined(_ORIGIN):
                raise RuntimeError("the node did not take in the whole log")
    finally:
        index.close()
        store.close()
        path.unlink()
