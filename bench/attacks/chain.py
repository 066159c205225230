"""Chains of corrections beside corrections that are set aside: all that a log can do to make others file and delete."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from bench.attacks.writing import Entry, Scribe, writing
from node.domain.envelope import Disclosure, Envelope, Kind, commit, commit_handling, encode
from node.domain.handling import Handling
from node.domain.ids import HASH_SIZE, NONCE_SIZE, RecordId
from node.domain.statements import Contribution, Retraction
from node.tlog.merkle import leaf_hash
from node.wire.convert import ProtoCodec

if TYPE_CHECKING:
    from bench.federation import Federation

LENGTH: Final = 250
"""Corrections of a record, as many of one that is not there, and as many that point at one another backwards."""
DAY: Final = 20_000


def entry(scribe: Scribe, kind: Kind, target: RecordId | None) -> Entry:
    """A statement that says nothing, with everything that belongs to it."""
    codec, origin = ProtoCodec(), str(scribe.origin)
    body = codec.encode_body(Retraction() if kind is Kind.RETRACTION else Contribution(fingerprints=()))
    handling, nonce, other = codec.encode_handling(Handling()), os.urandom(NONCE_SIZE), os.urandom(NONCE_SIZE)
    envelope = Envelope(
        kind=kind,
        issued_day=DAY,
        open=True,
        expiry_day=0,
        target=target,
        handling_commitment=commit_handling(origin, kind, other, handling),
        commitment=commit(origin, kind, nonce, body),
    )
    return encode(envelope), Disclosure(nonce=nonce, body=body, handling_nonce=other, handling=handling)


def story(scribe: Scribe) -> Iterator[Sequence[Entry]]:
    """A record with its chain, what is set aside beside it, and the retraction: package after package."""
    while True:
        made = [entry(scribe, Kind.CONTRIBUTION, None)]
        for _ in range(LENGTH):
            made.append(entry(scribe, Kind.CORRECTION, RecordId(scribe.origin, leaf_hash(made[-1][0]))))
        made.append(entry(scribe, Kind.RETRACTION, RecordId(scribe.origin, leaf_hash(made[0][0]))))
        nowhere = RecordId(scribe.origin, os.urandom(HASH_SIZE))
        made += [entry(scribe, Kind.CORRECTION, nowhere) for _ in range(LENGTH)]
        backwards = [entry(scribe, Kind.CORRECTION, nowhere)]
        for _ in range(LENGTH):
            backwards.append(entry(scribe, Kind.CORRECTION, RecordId(scribe.origin, leaf_hash(backwards[-1][0]))))
        yield [*made, *reversed(backwards)]


@contextmanager
def attack(made: Federation, member: str) -> Iterator[None]:
    """By `member`, until the context ends."""
    with writing(made, member, story):
        yield
