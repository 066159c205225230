"""One statement becomes an acknowledged entry, which waits for its place in the log of its author.

Rules this module upholds:

- The entry commits to the body and to the handling with two new nonces, and agrees with its handling.
- Nothing is checked here against a policy: the author has done that (`permission`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.domain.batch import MAX_BODY, MAX_HANDLING
from node.domain.calendar import SECONDS_A_DAY
from node.domain.envelope import Disclosure, Envelope, commit, commit_handling, encode
from node.domain.handling import check_agreement
from node.domain.ids import NONCE_SIZE, RecordId
from node.errors import Misuse
from node.tlog.merkle import leaf_hash

if TYPE_CHECKING:
    from collections.abc import Callable

    from node.domain.envelope import Kind
    from node.domain.handling import Handling
    from node.domain.ids import Origin
    from node.domain.log_ports import LogWriter
    from node.domain.ports import Clock, Codec
    from node.domain.statements import Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who states something: the log, the time, and `random(n)`, which returns n unpredictable bytes."""

    origin: Origin
    codec: Codec
    clock: Clock
    random: Callable[[int], bytes]

    def acknowledge(
        self, writer: LogWriter, kind: Kind, statement: Statement, handling: Handling, target: RecordId | None = None
    ) -> RecordId:
        """Stores the statement inside the caller's transaction; returns its name. Raises `Misuse` if it is too long."""
        body, hidden = self.codec.encode_body(statement), self.codec.encode_handling(handling)
        if len(body) > MAX_BODY or len(hidden) > MAX_HANDLING:
            raise Misuse("a statement or its handling is too long", remedy="split it, or shorten its audience")
        origin, nonce, other = str(self.origin), self.random(NONCE_SIZE), self.random(NONCE_SIZE)
        envelope = Envelope(
            kind=kind,
            issued_day=int(self.clock()) // SECONDS_A_DAY,
            open=handling.audience is None,
            expiry_day=handling.retain_until_day,
            target=target,
            handling_commitment=commit_handling(origin, kind, other, hidden),
            commitment=commit(origin, kind, nonce, body),
        )
        check_agreement(envelope, handling)
        entry = encode(envelope)
        leaf = leaf_hash(entry)
        disclosure = Disclosure(nonce=nonce, body=body, handling_nonce=other, handling=hidden)
        writer.acknowledge([(self.origin, entry, leaf, disclosure)])
        return RecordId(self.origin, leaf)
