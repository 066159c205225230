"""Administrative acts: each is recorded before it is done, and its outcome after it.

Rules this module upholds:

- If the intent cannot be recorded, the act is not done.
- The outcome is a separate entry that targets the act's entry, so both are in the tree: done, refused or failed.
- A refused act leaves a trace. So does an interrupted one: a crash leaves no outcome, and the act reads as unknown.
- If the outcome cannot be recorded (a full disk), the act itself stands, and reads as unknown.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, TypeVar

import structlog

from node.domain.envelope import Kind
from node.domain.ids import RecordId
from node.errors import Misuse, NotFound, PeerFault, Refused, VigilError
from node.tlog import merkle
from node.usecases.audit import AuditEntry, unpack_body

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from node.domain.ids import Origin
    from node.domain.log_ports import LogReader
    from node.usecases.audit import AuditLog
    from node.usecases.receipts import Receipt

T = TypeVar("T")

MAX_WHY: Final = 300
"""How many characters of an error's text are stored with the outcome."""
_log = structlog.get_logger(__name__)


class ActOutcome(StrEnum):
    """How an act ended. The act's own entry has `BEGUN`, which is never shown."""

    BEGUN = "begun"
    RUNNING = "running"
    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"
    UNKNOWN = "unknown"


def perform(audit: AuditLog, what: str, work: Callable[[], T], **about: object) -> T:
    """Records that `what` begins and what it is `about`, does the `work`, and records how it ended. Blocking.

    Raises what the audit log and the work raise. `about` holds names of members and records, never contents.
    """
    body = {"what": what, **about, "outcome": ActOutcome.BEGUN, "at": int(audit.clock())}
    begun = audit.submit(AuditEntry(kind=Kind.AUDIT_ADMINISTRATION, body=body))
    index = begun.result()
    audit.unfinished.add(index)
    # A crash from here to the end of `_end` leaves an act without an outcome: unknown.
    try:
        result = work()
    except BaseException as error:
        _end(audit, begun, _of_error(error))
        raise
    else:
        _end(audit, begun, {"outcome": ActOutcome.DONE})
        return result
    finally:
        audit.unfinished.discard(index)


def _of_error(error: BaseException) -> dict[str, object]:
    """One of our errors gives its reason, without restricted data; of any other error only the class is stored."""
    refused = isinstance(error, Misuse | NotFound | PeerFault | Refused)
    outcome = ActOutcome.REFUSED if refused else ActOutcome.FAILED
    if isinstance(error, VigilError):
        return {"outcome": outcome, "error": error.kind, "why": str(error)[:MAX_WHY]}
    return {"outcome": outcome, "error": type(error).__name__}


def _end(audit: AuditLog, begun: Receipt, outcome: dict[str, object]) -> None:
    body = {"what": "outcome", "of": begun.index, **outcome, "at": int(audit.clock())}
    target = RecordId(audit.origin, begun.leaf)
    try:
        audit.append(AuditEntry(kind=Kind.AUDIT_OUTCOME, body=body, target=target))
    except VigilError as error:
        # The act has ended; the user must see its own error or its result.
        _log.error("the outcome of an act was not recorded", kind=error.kind)


def outcomes(tx: LogReader, audit: AuditLog, entries: Mapping[int, bytes]) -> dict[int, dict[str, Any]]:
    """How these acts ended: by index (its entry as value) {"outcome"} and further known fields."""
    origin = audit.origin
    found = {index: _outcome_of(tx, origin, entry) for index, entry in entries.items()}
    bodies = tx.held_at(origin, sorted({at for at in found.values() if at is not None}))
    return {index: _shown(audit, index, at, bodies) for index, at in found.items()}


def _outcome_of(tx: LogReader, origin: Origin, entry: bytes) -> int | None:
    (leaf,) = merkle.leaf_hashes([entry])
    for speaker, index, kind in tx.targeting(RecordId(origin, leaf)):
        if speaker == origin and kind == Kind.AUDIT_OUTCOME:
            return index
    return None


def _shown(audit: AuditLog, index: int, at: int | None, bodies: Mapping[int, tuple[bytes, bytes]]) -> dict[str, Any]:
    if at is None:
        return {"outcome": ActOutcome.RUNNING if index in audit.unfinished else ActOutcome.UNKNOWN}
    if at not in bodies:
        return {"outcome": "purged"}
    body, _ = unpack_body(bodies[at][1])
    return {name: body[name] for name in ("outcome", "error", "why") if name in body} | {"ended_at": body["at"]}
