"""Records by the thousand with one picture's PDQ: everybody who searches for that picture finds them all.

Rules this module upholds:

- Every record is well formed, signed and open to all: nothing but their number and their sameness is wrong with them.
- What it poisons is `POISON`, and the newest record of each member that was seeded: what a benchmark searches for.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import cycle, islice
from typing import TYPE_CHECKING, Final

from bench.attacks.writing import Entry, Scribe, writing
from node.domain.calendar import SECONDS_A_DAY
from node.domain.envelope import Disclosure, Envelope, Kind, commit, commit_handling, encode
from node.domain.fingerprint_kinds import PDQ
from node.domain.fingerprints import Fingerprint
from node.domain.handling import Handling
from node.domain.ids import NONCE_SIZE
from node.domain.statements import Contribution
from node.wire.convert import ProtoCodec

if TYPE_CHECKING:
    from bench.federation import Federation

POISON: Final = bytes.fromhex("97cbf0f0d82084e7061c8431b1b62f2d17e8f3bb397a0fbe23a7e62f4a7aa804")
"""The PDQ of an ordinary picture: half of its bits are set."""
RECORDS: Final = 12_000
"""Records of each picture."""
AT_ONCE: Final = 1_000
"""Records of one package: some 300 kB."""


def story(values: Sequence[bytes], scribe: Scribe) -> Iterator[Sequence[Entry]]:
    """`RECORDS` of each value, and no more: what was said of it is in everybody's way from then on."""
    codec, drawn = ProtoCodec(), cycle(values)
    for _ in range(RECORDS * len(values) // AT_ONCE):
        yield [_record(codec, str(scribe.origin), value) for value in islice(drawn, AT_ONCE)]


def _record(codec: ProtoCodec, origin: str, value: bytes) -> Entry:
    prints = (Fingerprint(code=PDQ.code, value=value, quality=100),)
    shown = Disclosure(
        nonce=secrets.token_bytes(NONCE_SIZE),
        body=codec.encode_body(Contribution(fingerprints=prints, media_type="image/jpeg")),
        handling_nonce=secrets.token_bytes(NONCE_SIZE),
        handling=codec.encode_handling(Handling()),
    )
    kind = Kind.CONTRIBUTION
    envelope = Envelope(
        kind=kind,
        issued_day=int(time.time()) // SECONDS_A_DAY,
        open=True,
        expiry_day=0,
        target=None,
        handling_commitment=commit_handling(origin, kind, shown.handling_nonce, shown.handling),
        commitment=commit(origin, kind, shown.nonce, shown.body),
    )
    return encode(envelope), shown


@contextmanager
def attack(made: Federation, member: str) -> Iterator[None]:
    """By `member`, until the context ends. Its own node may not run."""
    values = [POISON, *(sample.pdq for name, sample in made.samples.items() if name != member)]
    with writing(made, member, partial(story, values)):
        yield
