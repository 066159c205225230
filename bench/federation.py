"""A federation for benchmarks: an authority, a hub and nodes on loopback, with keys and certificates made at run time.

Rules this module upholds:

- Hub and nodes are the program's own daemons, in separate processes, set up by its own commands.
- A member's log is written directly into the hub's store while no daemon runs, because its transport is not measured.
  It is a normal log: every entry commits to its body and handling, the member signs the checkpoint, and the hub cosigns
  it. The node that follows verifies all of it.
- Bodies are made from templates that the program's own codec encoded. Random hashes replace the hashes in them.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np

from node.demo.stage import PASSPHRASE, Stage, free_port
from node.domain.batch import BodyState, VerifiedBatch
from node.domain.calendar import SECONDS_A_DAY
from node.domain.envelope import PLAIN_SIZE, Envelope, Kind, committer, encode
from node.domain.fingerprint_kinds import MD5, PDQ, PHASH, SHA1, SHA256
from node.domain.fingerprints import Fingerprint
from node.domain.handling import Handling
from node.domain.ids import HASH_SIZE, NONCE_SIZE, Origin, RecordId, federation_id, member_id
from node.domain.log_ports import LogState
from node.domain.queries import Level
from node.domain.statements import Category, Contribution, Tri
from node.domain.stores import NodeStoreWriter
from node.pki.keys import HUB, MIRROR, KeyRing, log_role
from node.pki.wrapping import Passphrase
from node.store.lock import own
from node.store.store import open_node_store
from node.tlog import note as notes
from node.tlog import tiles
from node.tlog.checkpoint import Checkpoint, sign_checkpoint
from node.tlog.cosignature import add_signature, cosign
from node.tlog.merkle import leaf_hashes
from node.wire.convert import ProtoCodec

FEDERATION: Final = "bench.vigil"
KINDS: Final = (MD5, SHA1, SHA256, PDQ, PHASH)
HASH_BYTES: Final = sum(kind.size for kind in KINDS)
SEEDED_AT_ONCE: Final = 20_000
"""Records of one append."""
QUALITY: Final = 90
"""PDQ quality of the holdings that are made up."""
_HOLD: Final = """
    INSERT INTO holdings (md5, sha1, sha256, pdq, phash, pdq_quality, media_type, size, level, added_at,
                          record_origin, record_leaf)
    VALUES (?, ?, ?, ?, ?, ?, 'image/jpeg', 1000, 0, 1, '', x'')
"""
_COUNT: Final = "INSERT INTO holding_levels (level, holdings) VALUES (?, ?)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What identifies one seeded record: its SHA-256 and its PDQ."""

    sha256: bytes
    pdq: bytes


class Bodies:
    """Bodies of contributions with all five fingerprints, in the variety that a member's log has: media types,
    categories, series, and PDQ qualities from 50 to 100.
    """

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng(seed)
        codec = ProtoCodec()
        # Five values that occur nowhere else in a body: where they are cut out, a record's own hashes go in.
        marks = [bytes([0xF0 + number]) * kind.size for number, kind in enumerate(KINDS)]
        self._templates: list[list[bytes]] = []
        variety = product(("image/jpeg", "image/png"), ("1", "2", "3"), ("", "S-2026-17"), range(50, 101, 2))
        for media_type, code, series, quality in variety:
            fingerprints = [
                Fingerprint(code=kind.code, value=mark, quality=quality if kind is PDQ else None)
                for kind, mark in zip(KINDS, marks, strict=True)
            ]
            body = codec.encode_body(
                Contribution(
                    fingerprints=tuple(fingerprints),
                    media_type=media_type,
                    category=Category(scheme="icse", version="1", code=code, baseline=Tri.YES),
                    series=series,
                )
            )
            self._templates.append(_cut(body, marks))

    def make(self, count: int) -> tuple[list[bytes], Sample]:
        """`count` bodies, and what identifies the last."""
        hashes = self._random.bytes(count * HASH_BYTES)
        chosen = self._random.integers(0, len(self._templates), count).tolist()
        ends = np.cumsum([kind.size for kind in KINDS]).tolist()
        first, second, third, fourth, last = ends
        bodies = []
        own_hashes = b""
        for number, template in enumerate(chosen):
            own_hashes = hashes[number * HASH_BYTES : (number + 1) * HASH_BYTES]
            head, after_md5, after_sha1, after_sha256, after_pdq, tail = self._templates[template]
            parts = (
                head, own_hashes[:first], after_md5, own_hashes[first:second], after_sha1, own_hashes[second:third],
                after_sha256, own_hashes[third:fourth], after_pdq, own_hashes[fourth:last], tail,
            )  # fmt: skip
            bodies.append(b"".join(parts))
        return bodies, Sample(sha256=own_hashes[second:third], pdq=own_hashes[third:fourth])

    def pictures(self, count: int) -> Iterator[tuple[bytes | int, ...]]:
        """The hashes of `count` pictures, and a PDQ quality: the parameters of `_HOLD`."""
        hashes = self._random.bytes(count * HASH_BYTES)
        ends = np.cumsum([kind.size for kind in KINDS]).tolist()
        for at in range(0, len(hashes), HASH_BYTES):
            parts = (hashes[at + end - kind.size : at + end] for kind, end in zip(KINDS, ends, strict=True))
            yield (*parts, QUALITY)

    def nonces(self, count: int) -> list[bytes]:
        """`count` nonces."""
        drawn = self._random.bytes(count * NONCE_SIZE)
        return [drawn[at : at + NONCE_SIZE] for at in range(0, len(drawn), NONCE_SIZE)]


def _cut(body: bytes, marks: list[bytes]) -> list[bytes]:
    """The parts of a body before, between and after the marks."""
    parts = []
    for mark in marks:
        before, found, body = body.partition(mark)
        if not found:
            raise RuntimeError("a body does not hold its hashes as they were given")
        parts.append(before)
    return [*parts, body]


@dataclass(slots=True)
class Federation:
    """Homes on one stage. Daemons are started and stopped by the caller, the hub's too."""

    stage: Stage
    bodies: Bodies = field(default_factory=lambda: Bodies(2026))
    samples: dict[str, Sample] = field(default_factory=dict)
    """What identifies the last record of each seeded member."""

    def found(self, *members: str) -> None:
        """The authority, the hub and these members, signed in. The hub is left running."""
        authority, hub = str(self.stage.folder / "authority"), str(self.stage.home("hub"))
        made = self.stage.run("authority", "init", "--folder", authority, "--federation", FEDERATION)
        addresses = ("--listen", f"127.0.0.1:{free_port()}", "--enrolment-listen", f"127.0.0.1:{free_port()}")
        root = ("--federation", FEDERATION, "--root", str(made.last["root"]))
        self.stage.run("hub", "init", *root, *addresses, home="hub")
        sign = ("authority", "sign", "--folder", authority, "--hub-home", hub, "--yes")
        self.stage.run(*sign, home="hub")
        self.stage.start("hub", "hub", "run")
        for member in members:
            token = str(self.stage.run("hub", "invite", member, home="hub").last["token"])
            self.stage.run("node", "join", "--token", token, "--name", member, "--no-wait", home=member)
        self.stage.run(*sign, home="hub")

    def hold(self, member: str, count: int) -> None:
        """Puts `count` pictures with random hashes into a member's own database. Its daemon may not run.

        Straight into the tables: else a million files would have to be made, read and fingerprinted.
        """
        home = self.stage.home(member)
        with own(home):
            open_node_store(home / "vigil.sqlite3", create=True).close()
            with closing(sqlite3.connect(home / "vigil.sqlite3")) as database, database:
                for first in range(0, count, SEEDED_AT_ONCE):
                    database.executemany(_HOLD, self.bodies.pictures(min(SEEDED_AT_ONCE, count - first)))
                database.execute(_COUNT, (int(Level.NATIONAL), count))

    def seed(self, member: str, count: int) -> None:
        """Puts `count` records more into the hub's copy of a member's log, signed and cosigned. No daemon may run."""
        for first in range(0, count, SEEDED_AT_ONCE):
            bodies, self.samples[member] = self.bodies.make(min(SEEDED_AT_ONCE, count - first))
            self.state(member, bodies, Kind.CONTRIBUTION)

    def state(self, member: str, bodies: list[bytes], kinds: Kind | Sequence[Kind]) -> list[RecordId]:
        """The same with these bodies, of one kind or of a kind each; the names of their entries."""
        origin = Origin(federation_id(FEDERATION), member_id(member))
        keys, mirror = self._keys(member, "node.keys", member), self._keys("hub", "hub.keys", HUB)
        home = self.stage.home("hub")
        with own(home):
            store = open_node_store(home / "vigil.sqlite3", create=False)
            try:
                with store.write() as writer:
                    nonces = [self.bodies.nonces(len(bodies)) for _ in range(2)]
                    run = batch(writer, writer.open_log(origin), bodies, *nonces, kind=kinds)
                    writer.append(run)
                    self._vouch(writer, writer.open_log(origin), keys, mirror)
            finally:
                store.close()
        return [RecordId(origin, leaf) for leaf in run.leaves]

    def _vouch(self, writer: NodeStoreWriter, state: LogState, keys: KeyRing, mirror: KeyRing) -> None:
        """The member's signature and the hub's under the log as it stands."""
        checkpoint = Checkpoint(origin=str(state.origin), size=state.size, root=state.root)
        role = log_role(keys.log_epoch)
        note = sign_checkpoint(checkpoint, notes.parse_vkey(keys.vkey(role)), keys.signer(role))
        writer.set_checkpoint(state.origin, note, state.size)
        vkey, now = notes.parse_vkey(mirror.vkey(MIRROR)), int(time.time())
        line = cosign(notes.parse(note).text, vkey, mirror.signer(MIRROR), now)
        writer.set_cosigned(state.origin, add_signature(note, line), state.size)

    def _keys(self, home: str, file: str, owner: str) -> KeyRing:
        path = self.stage.home(home) / "keys" / file
        return KeyRing.load(path, Passphrase(PASSPHRASE.encode()), federation=federation_id(FEDERATION), owner=owner)


def batch(
    writer: NodeStoreWriter,
    state: LogState,
    bodies: list[bytes],
    nonces: list[bytes],
    handling_nonces: list[bytes],
    *,
    kind: Kind | Sequence[Kind] = Kind.CONTRIBUTION,
) -> VerifiedBatch:
    """Entries of one kind, or of a kind each, for everybody, as the ledger and the own log would have placed them."""
    kinds = [kind] * len(bodies) if isinstance(kind, Kind) else kind
    handling = ProtoCodec().encode_handling(Handling())
    makers = {each: _entry_maker(str(state.origin), each, handling) for each in set(kinds)}
    entries = [
        makers[kind](nonce, other, body)
        for kind, nonce, other, body in zip(kinds, nonces, handling_nonces, bodies, strict=True)
    ]
    leaves = leaf_hashes(entries)
    edge = tiles.read_edge(_Tiles(writer, state.number), state.size)
    grown = tiles.append(state.size, edge, leaves)
    return VerifiedBatch(
        origin=state.origin,
        start=state.size,
        entries=entries,
        leaves=leaves,
        kinds=bytes(kinds),
        expiry_days=[0] * len(bodies),
        nonces=nonces,
        bodies=bodies,
        handling_nonces=handling_nonces,
        handlings=[handling] * len(bodies),
        states=bytes([BodyState.HELD]) * len(bodies),
        tiles=dict(grown.tiles),
        size=grown.size,
        root=grown.root,
    )


def _entry_maker(origin: str, kind: Kind, handling: bytes) -> Callable[[bytes, bytes, bytes], bytes]:
    """Makes the entry of a body: (nonce, nonce of the handling, body) -> entry."""
    plain = encode(
        Envelope(
            kind=kind,
            issued_day=int(time.time()) // SECONDS_A_DAY,
            open=True,
            expiry_day=0,
            target=None,
            handling_commitment=bytes(HASH_SIZE),
            commitment=bytes(HASH_SIZE),
        )
    )
    head = plain[: PLAIN_SIZE - 2 * HASH_SIZE]
    commit, hide = committer(origin, kind), committer(origin, kind, handling=True)
    return lambda nonce, other, body: head + hide(other, handling) + commit(nonce, body)


@dataclass(frozen=True, slots=True)
class _Tiles:
    """A stored log's tiles, as `tlog.tiles` reads them."""

    writer: NodeStoreWriter
    number: int

    def read_tile(self, level: int, index: int, /) -> bytes:
        return self.writer.tile(self.number, level, index)


@contextmanager
def federation() -> Iterator[Federation]:
    """An empty stage in a folder that is gone afterwards, with every process that was started on it."""
    with TemporaryDirectory(prefix="vigil-bench-") as folder, Stage(Path(folder)) as stage:
        yield Federation(stage)
