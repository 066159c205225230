"""Checks a bundle offline without a store: what each of its records proves.

Rules this module upholds:

- Everything is verified from the file and a roster: signatures, trees, commitments. Any fault refuses the file.
- It says what was true at the sizes in the file. A record may have been corrected or retracted since, and what this
  node knows already is not compared. Reading the bundle into a node does that (`bundle_reading`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.domain.batch import BodyState
from node.domain.envelope import decode
from node.domain.ids import RecordId
from node.domain.log_ports import LogState
from node.errors import Malformed
from node.usecases.bundle_choice import RECORDS
from node.usecases.bundle_format import MAX_LOGS, Frame, read_log_head
from node.usecases.disclosure import Copy
from node.usecases.entry_columns import Handlings
from node.usecases.replica import Position, Rules, verify_package

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from node.domain.batch import Package
    from node.domain.handling import Handling
    from node.domain.ids import Origin
    from node.domain.ports import Codec
    from node.domain.roster import Roster
    from node.domain.statements import Body
    from node.usecases.replica import Verified


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedRecord:
    """A record that a bundle proves. Its log had `size` entries; the hub saw them no later than `cosigned_at` (Unix
    seconds).
    """

    record: RecordId
    index: int
    size: int
    cosigned_at: int
    kind: int
    issued_day: int
    body: Body
    handling: Handling


class BundleChecking:
    """One check. `entries`: how many were proven so far, with or without their bodies."""

    def __init__(self, roster: Roster, codec: Codec, unpack: Callable[[bytes], Package]) -> None:
        self.entries = 0
        self._codec = codec
        self._unpack = unpack
        self._rules = Rules(roster=roster, copy=Copy(reader=None, strict=True), cosigned=True)
        self._handlings = Handlings(codec.decode_handling)
        self._at: Position | None = None
        self._seen: set[Origin] = set()

    def take(self, kind: Frame, content: bytes) -> Iterator[CheckedRecord]:
        """The records of a frame. Raises `PeerFault`."""
        if kind is Frame.LOG:
            head = read_log_head(content)
            if head.origin in self._seen or len(self._seen) >= MAX_LOGS:
                raise Malformed("a bundle has a log twice, or too many logs")
            self._seen.add(head.origin)
            tree = head.tree()
            state = LogState(number=0, origin=head.origin, size=head.start, root=tree.root())
            self._at = Position(state=state, edge=head.edge, tree=tree)
        elif kind is Frame.PACKAGE and self._at is not None:
            verified = verify_package(self._at, self._unpack(content), self._rules, self._handlings)
            self._at = verified.after
            self.entries += len(verified.batch.entries)
            yield from self._records(verified)

    def _records(self, verified: Verified) -> Iterator[CheckedRecord]:
        batch = verified.batch
        for at, (kind, state) in enumerate(zip(batch.kinds, batch.states, strict=True)):
            if kind not in RECORDS or state != BodyState.HELD:
                continue
            envelope = decode(batch.entries[at])
            if envelope is None:
                continue
            yield CheckedRecord(
                record=RecordId(batch.origin, batch.leaves[at]),
                index=batch.start + at,
                size=verified.after.state.checkpoint_size,
                cosigned_at=verified.cosigned_at,
                kind=kind,
                issued_day=envelope.issued_day,
                body=self._codec.decode_body(kind, batch.bodies[at]),
                handling=self._codec.decode_handling(batch.handlings[at]),
            )
