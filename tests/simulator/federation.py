"""A federation of made-up members with keys that are always the same, and logs that say whatever a test wants.

Rules this module upholds:

- Nothing here verifies anything: it is how tests make good packages, and bad ones.
- Keys come from names, so a failing example can be run again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from node.domain.batch import Package
from node.domain.envelope import Disclosure, Envelope, Kind, commit, commit_handling, encode
from node.domain.fingerprint_kinds import MD5, PDQ, SHA256
from node.domain.fingerprints import Fingerprint
from node.domain.handling import Handling
from node.domain.ids import MemberId, Origin, RecordId, federation_id, member_id
from node.domain.roster import HubIdentity, KeyPurpose, Member, MemberKey, MemberStatus, Roster
from node.domain.statements import Contribution, Statement
from node.tlog import tiles
from node.tlog.checkpoint import Checkpoint, sign_checkpoint
from node.tlog.cosignature import add_signature, cosign
from node.tlog.merkle import leaf_hash
from node.tlog.note import COSIGNATURE, ED25519, VerifierKey, format_vkey, make_vkey
from node.wire.convert_records import encode_handling
from node.wire.convert_statements import encode_body

FEDERATION = federation_id("sim.example")
TODAY = 20_000
"""Days since 1970: when everything here was issued."""
NOW = TODAY * 86_400
OPEN = Handling()


class NamedSigner:
    """An Ed25519 key derived from a name."""

    def __init__(self, name: str) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())
        self.public = self._key.public_key().public_bytes_raw()

    def sign(self, message: bytes, /) -> bytes:
        return self._key.sign(message)


def seeded(name: str) -> Callable[[int], bytes]:
    """A source of bytes that is the same in every run: `random(n)`."""
    made = 0

    def random(count: int) -> bytes:
        nonlocal made
        made += 1
        return hashlib.shake_256(f"{name}/{made}".encode()).digest(count)

    return random


@dataclass(frozen=True)
class Speaker:
    """A member with its log key of one epoch."""

    id: MemberId
    origin: Origin
    signer: NamedSigner
    vkey: VerifierKey

    @classmethod
    def named(cls, name: str, epoch: int = 1) -> Speaker:
        origin = Origin(FEDERATION, member_id(name), epoch)
        signer = NamedSigner(f"log {origin}")
        return cls(member_id(name), origin, signer, make_vkey(str(origin), ED25519, signer.public))

    def note(self, size: int, root: bytes) -> bytes:
        return sign_checkpoint(Checkpoint(origin=str(self.origin), size=size, root=root), self.vkey, self.signer)


HUB_SIGNER = NamedSigner("hub cosigner")
HUB_VKEY = make_vkey("hub.sim.example/mirror", COSIGNATURE, HUB_SIGNER.public)


def cosigned(note: bytes, time: int = NOW) -> bytes:
    """The note with the hub's cosignature."""
    text = note.decode().split("\n\n")[0] + "\n"
    return add_signature(note, cosign(text, HUB_VKEY, HUB_SIGNER, time))


def roster(*speakers: Speaker, **status: MemberStatus) -> Roster:
    """A roster of these members; `FR=MemberStatus.SUSPENDED` sets a status. Several epochs of one member add up."""
    members: dict[MemberId, Member] = {}
    for speaker in speakers:
        key = MemberKey(purpose=KeyPurpose.LOG, vkey=format_vkey(speaker.vkey), epoch=speaker.origin.epoch)
        known = members.get(speaker.id)
        members[speaker.id] = Member(
            id=speaker.id,
            name=f"Member {speaker.id}",
            status=status.get(speaker.id, MemberStatus.ACTIVE),
            keys=(*(known.keys if known else ()), key),
        )
    hub = HubIdentity(cosigner_vkey=format_vkey(HUB_VKEY), ca_sha256=bytes(32))
    return Roster(federation=FEDERATION, version=1, expires=NOW + 1e9, hub=hub, members=members)


def picture(number: int) -> Contribution:
    """A contribution about a made-up picture: digests and a PDQ that no other number has."""
    seed = f"picture {number}".encode()
    return Contribution(
        fingerprints=(
            Fingerprint(code=MD5.code, value=hashlib.md5(seed, usedforsecurity=False).digest()),
            Fingerprint(code=SHA256.code, value=hashlib.sha256(seed).digest()),
            Fingerprint(code=PDQ.code, value=hashlib.sha256(b"pdq" + seed).digest(), quality=90),
        ),
        media_type="image/jpeg",
        series=f"series {number % 3}",
    )


def entry_of(
    origin: Origin,
    statement: Statement | bytes,
    *,
    kind: int = Kind.CONTRIBUTION,
    handling: Handling | bytes = OPEN,
    target: RecordId | None = None,
    nonce: bytes = b"",
    **envelope: object,
) -> tuple[bytes, Disclosure]:
    """An entry of `origin` and its disclosure; `envelope` overrides what the envelope would say of itself."""
    body = statement if isinstance(statement, bytes) else encode_body(statement)
    read = handling if isinstance(handling, Handling) else OPEN
    hidden = handling if isinstance(handling, bytes) else encode_handling(handling)
    nonce = nonce or hashlib.sha256(b"nonce" + body + bytes([kind])).digest()
    other = hashlib.sha256(b"handling" + nonce).digest()
    says: dict[str, object] = {
        "kind": int(kind),
        "issued_day": TODAY,
        "open": read.audience is None,
        "expiry_day": read.retain_until_day,
        "target": target,
        "handling_commitment": commit_handling(str(origin), kind, other, hidden),
        "commitment": commit(str(origin), kind, nonce, body),
        **envelope,
    }
    entry = encode(Envelope(**says))  # type: ignore[arg-type]
    return entry, Disclosure(nonce=nonce, body=body, handling_nonce=other, handling=hidden)


NOTHING = Disclosure(nonce=b"", body=b"", handling_nonce=b"", handling=b"")


@dataclass
class Log:
    """A log in memory, kept as its tiles, that can speak of any of its sizes, or of what never was."""

    speaker: Speaker
    entries: list[bytes] = field(default_factory=list)
    disclosures: list[Disclosure] = field(default_factory=list)
    tiles: dict[tuple[int, int], bytes] = field(default_factory=dict)

    def read_tile(self, level: int, index: int, /) -> bytes:
        return self.tiles.get((level, index), b"")

    @property
    def size(self) -> int:
        return len(self.entries)

    def add(self, entry: bytes, disclosure: Disclosure = NOTHING) -> RecordId:
        leaf = leaf_hash(entry)
        grown = tiles.append(self.size, tiles.read_edge(self, self.size), [leaf])
        self.tiles.update(grown.tiles)
        self.entries.append(entry)
        self.disclosures.append(disclosure)
        return RecordId(self.speaker.origin, leaf)

    def add_all(self, entries: Sequence[bytes]) -> None:
        """Many entries at once, of which nothing is disclosed."""
        grown = tiles.append(self.size, tiles.read_edge(self, self.size), list(map(leaf_hash, entries)))
        self.tiles.update(grown.tiles)
        self.entries += entries
        self.disclosures += [NOTHING] * len(entries)

    def say(self, statement: Statement | bytes, **how: object) -> RecordId:
        return self.add(*entry_of(self.speaker.origin, statement, **how))  # type: ignore[arg-type]

    def pictures(self, numbers: Sequence[int], **how: object) -> list[RecordId]:
        return [self.say(picture(number), **how) for number in numbers]

    def root(self, size: int) -> bytes:
        return tiles.root(self, size)

    def note(self, size: int | None = None) -> bytes:
        size = self.size if size is None else size
        return self.speaker.note(size, self.root(size))

    def package(
        self, start: int = 0, stop: int | None = None, *, at: int | None = None, hub: bool = False, **wrong: object
    ) -> Package:
        """The run [start, stop) under the checkpoint of size `at`, cosigned if `hub`; `wrong` overrides any part."""
        stop = self.size if stop is None else stop
        at = stop if at is None else at
        note = self.note(at)
        shown = self.disclosures[start:stop]
        parts: dict[str, object] = {
            "origin": self.speaker.origin,
            "start": start,
            "entries": self.entries[start:stop],
            "nonces": [each.nonce for each in shown],
            "bodies": [each.body for each in shown],
            "handling_nonces": [each.handling_nonce for each in shown],
            "handlings": [each.handling for each in shown],
            "checkpoint": cosigned(note) if hub else note,
            "proof": tiles.consistency_proof(self, stop, at),
            **wrong,
        }
        return Package(**parts)  # type: ignore[arg-type]
