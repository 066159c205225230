"""Errors across the wire: one table between `errors.kind` and a gRPC status, used in both directions.

Rules this module upholds:

- A deliberate error (a `VigilError`) is sent with its kind, message, remedy and recovery data, in a `Fault`.
- Faults of our own machine (its disk, its configuration) are not sent to others: across the federation they become
  "unavailable" without their text. On the local socket (`local=True`) every error is sent unchanged, with the codes of
  its texts.
- An unexpected exception becomes INTERNAL without its text, which may contain anything; it is logged by the name of its
  class.
- A received error is a peer's claim: its text is bounded and stripped of control characters, an unknown kind falls back
  on the status, and a peer cannot make us believe that our own disk is full.
"""

import math
import re
import traceback
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, NoReturn, cast

import grpc
import grpc.aio
import structlog
from google.protobuf.message import DecodeError

from node import errors
from node.errors import Said, VigilError
from node.wire import limits
from node.wire.pb import federation_pb2 as pb

TRAILER: Final = "vigil-fault-bin"
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]+")
_MAX_FAULTS: Final = 20
_DEEPEST: Final = 20
"""Causes of an error that are followed: they may lead back to it."""
_DAEMON_ENDED: Final = "the daemon ended before this command did"
_START_IT: Final = "everything acknowledged is stored; start the daemon and run the command again"
_MAX_RETRY_AFTER: Final = 86_400.0
_log: Final = structlog.get_logger("wire")

Context = grpc.aio.ServicerContext[Any, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of error: its class, its status, and whether it is sent across the federation unchanged."""

    error: type[VigilError]
    code: grpc.StatusCode
    crosses: bool = True


_ROWS: Final = (
    Row(errors.VigilError, grpc.StatusCode.INTERNAL, crosses=False),
    Row(errors.Misuse, grpc.StatusCode.INVALID_ARGUMENT),
    Row(errors.ConfigError, grpc.StatusCode.FAILED_PRECONDITION, crosses=False),
    Row(errors.Refused, grpc.StatusCode.PERMISSION_DENIED),
    Row(errors.FactorNeeded, grpc.StatusCode.PERMISSION_DENIED, crosses=False),
    Row(errors.NotFound, grpc.StatusCode.NOT_FOUND),
    Row(errors.Unavailable, grpc.StatusCode.UNAVAILABLE),
    Row(errors.Overloaded, grpc.StatusCode.RESOURCE_EXHAUSTED),
    Row(errors.AlreadyRunning, grpc.StatusCode.FAILED_PRECONDITION, crosses=False),
    Row(errors.StoreError, grpc.StatusCode.UNAVAILABLE, crosses=False),
    Row(errors.DiskFull, grpc.StatusCode.UNAVAILABLE, crosses=False),
    Row(errors.Damaged, grpc.StatusCode.UNAVAILABLE, crosses=False),
    Row(errors.WrongDatabase, grpc.StatusCode.FAILED_PRECONDITION, crosses=False),
    Row(errors.DatabaseMissing, grpc.StatusCode.FAILED_PRECONDITION, crosses=False),
    Row(errors.DatabaseEmpty, grpc.StatusCode.FAILED_PRECONDITION, crosses=False),
    Row(errors.DatabaseOlder, grpc.StatusCode.FAILED_PRECONDITION, crosses=False),
    Row(errors.DatabaseForeign, grpc.StatusCode.FAILED_PRECONDITION, crosses=False),
    Row(errors.MediaError, grpc.StatusCode.FAILED_PRECONDITION, crosses=False),
    Row(errors.Empty, grpc.StatusCode.FAILED_PRECONDITION, crosses=False),
    Row(errors.PeerFault, grpc.StatusCode.INVALID_ARGUMENT),
    Row(errors.Malformed, grpc.StatusCode.INVALID_ARGUMENT),
    Row(errors.BadSignature, grpc.StatusCode.INVALID_ARGUMENT),
    Row(errors.BadProof, grpc.StatusCode.INVALID_ARGUMENT),
    Row(errors.Fork, grpc.StatusCode.FAILED_PRECONDITION),
    Row(errors.Conflict, grpc.StatusCode.ABORTED),
    Row(errors.Unauthenticated, grpc.StatusCode.UNAUTHENTICATED),
    Row(errors.Suspended, grpc.StatusCode.PERMISSION_DENIED),
    Row(errors.Expired, grpc.StatusCode.FAILED_PRECONDITION),
)
TABLE: Final = {row.error.kind: row for row in _ROWS}
"""kind -> row, for every class of `node.errors`."""

_TOO_LARGE: Final = "larger than max"
"""gRPC's only RESOURCE_EXHAUSTED text that is about a message."""
_FAILED_INSIDE: Final = "the other side had an internal error"
_ENDED: Final = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN)
"""What gRPC says of a connection whose other process ended, whether it was read or written at that moment."""
_BARE: Final[dict[grpc.StatusCode, tuple[type[VigilError], str, str]]] = {
    grpc.StatusCode.UNAVAILABLE: (
        errors.Unavailable,
        "the other side cannot be reached, or refused the connection",
        "run `vigil node doctor`: it tells a network fault from a missing, foreign or expired certificate",
    ),
    grpc.StatusCode.DEADLINE_EXCEEDED: (errors.Unavailable, "the other side did not answer in time", "try again"),
    grpc.StatusCode.CANCELLED: (errors.Unavailable, "the call was cut", "try again"),
    grpc.StatusCode.INTERNAL: (errors.Unavailable, _FAILED_INSIDE, "the log of its operator has the reason"),
    grpc.StatusCode.UNKNOWN: (errors.Unavailable, _FAILED_INSIDE, "the log of its operator has the reason"),
    grpc.StatusCode.DATA_LOSS: (errors.Unavailable, _FAILED_INSIDE, "the log of its operator has the reason"),
    grpc.StatusCode.UNAUTHENTICATED: (
        errors.Unauthenticated,
        "the other side does not know this node",
        "run `vigil node doctor`: it checks this node's certificate and names the fault",
    ),
    grpc.StatusCode.PERMISSION_DENIED: (errors.Refused, "the other side refused", ""),
    grpc.StatusCode.NOT_FOUND: (errors.NotFound, "the other side does not have it", ""),
    grpc.StatusCode.RESOURCE_EXHAUSTED: (
        errors.Overloaded,
        "the other side is overloaded",
        "wait: it is tried again by itself; the log of its operator names who causes it",
    ),
    grpc.StatusCode.UNIMPLEMENTED: (
        errors.PeerFault,
        "the other side does not offer this",
        "update both sides to the same version of Vigil",
    ),
}
"""A status without a `Fault`: from gRPC itself, or from a peer that is not Vigil."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An error ready to send: status, one short line for people's tools, and the serialised `Fault` (b"" for none)."""

    code: grpc.StatusCode
    details: str
    fault: bytes


def _clean(text: str) -> str:
    return _CONTROL.sub(" ", text)[: limits.FAULT_TEXT]


def to_failure(error: BaseException, *, local: bool = False) -> Failure:
    """`error` in the form that is sent. Never raises."""
    row = TABLE.get(error.kind) if isinstance(error, VigilError) else None
    if row is None or not isinstance(error, VigilError):
        return Failure(code=grpc.StatusCode.INTERNAL, details=_FAILED_INSIDE, fault=b"")
    if not (row.crosses or local):
        masked = pb.Fault(kind=errors.Unavailable.kind, message="the other side cannot do this now", remedy="try later")
        return Failure(
            code=grpc.StatusCode.UNAVAILABLE, details=errors.Unavailable.kind, fault=masked.SerializeToString()
        )
    fault = pb.Fault(kind=error.kind, message=_clean(str(error)), remedy=_clean(error.remedy))
    if local:
        _put_said(fault.said, error.said)
        _put_said(fault.said_remedy, error.said_remedy)
    if isinstance(error, errors.Conflict):
        fault.have = error.have
    if isinstance(error, errors.Overloaded):
        fault.retry_after_seconds = error.retry_after
    if isinstance(error, errors.Fork) and sum(map(len, error.evidence)) <= limits.FAULT_EVIDENCE_BYTES:
        fault.evidence.extend(error.evidence)
    if isinstance(error, errors.ConfigError):
        fault.faults.extend(map(_clean, error.faults[:_MAX_FAULTS]))
    return Failure(code=row.code, details=error.kind, fault=fault.SerializeToString())


def _put_said(made: pb.Said, said: Said | None) -> None:
    if said is not None:
        made.code = said.code
        made.parameters.extend(map(_clean, said.parameters))


def _taken_said(stated: pb.Said) -> Said | None:
    return Said(_clean(stated.code), tuple(map(_clean, stated.parameters))) if stated.code else None


async def abort(context: Context, error: BaseException, *, local: bool = False) -> NoReturn:
    """Ends the call of `context` with `error`. An unexpected error is logged by class only."""
    failure = to_failure(error, local=local)
    if not failure.fault:
        _log.error("a call had an internal error", error=type(error).__name__)
    _let_go(error)
    trailers = ((TRAILER, failure.fault),) if failure.fault else ()
    await context.abort(failure.code, failure.details, trailers)


def _let_go(error: BaseException | None) -> None:
    """Empties the frames that `error` came through. gRPC and an aborted call hold each other, and the call's error with
    them: a message of the caller, in a local variable, would stay in memory until the collector finds the two.
    """
    for _ in range(_DEEPEST):
        if error is None:
            return
        traceback.clear_frames(error.__traceback__)
        error = error.__cause__ or error.__context__


def from_fault(fault: pb.Fault, *, local: bool = False) -> VigilError | None:
    """The error that a `Fault` states; None for a kind that may not come from there, or that is unknown."""
    row = TABLE.get(fault.kind)
    if row is None or not (row.crosses or local):
        return None
    made = _made(row, fault)
    if made is not None and local:
        made.said, made.said_remedy = _taken_said(fault.said), _taken_said(fault.said_remedy)
    return made


def _made(row: Row, fault: pb.Fault) -> VigilError | None:
    message, remedy = _clean(fault.message), _clean(fault.remedy)
    if row.error is errors.Conflict:
        return errors.Conflict(message, have=fault.have, remedy=remedy) if fault.HasField("have") else None
    if row.error is errors.Overloaded:
        stated = fault.retry_after_seconds
        wait = min(max(stated, 0.0), _MAX_RETRY_AFTER) if math.isfinite(stated) else 0.0
        return errors.Overloaded(message, retry_after=wait, remedy=remedy)
    if row.error is errors.Fork:
        return errors.Fork(message, evidence=tuple(fault.evidence), remedy=remedy)
    if row.error is errors.ConfigError:
        return errors.ConfigError(message, faults=tuple(map(_clean, fault.faults)), remedy=remedy)
    return row.error(message, remedy=remedy)


def to_error(error: grpc.aio.AioRpcError, *, local: bool = False) -> VigilError:
    """The local meaning of a failed call. Never raises, for any trailers of the peer."""
    trailers = cast("Iterable[tuple[str, str | bytes]]", error.trailing_metadata() or ())
    for key, value in trailers:
        if key == TRAILER and isinstance(value, bytes):
            try:
                meant = from_fault(pb.Fault.FromString(value), local=local)
            except DecodeError:
                meant = None
            if meant is not None:
                return meant
    if error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED and _TOO_LARGE in (error.details() or ""):
        return errors.PeerFault("a message is larger than the limit")
    if local and error.code() in _ENDED and error.details() != _FAILED_INSIDE:
        return errors.Unavailable(_DAEMON_ENDED, remedy=_START_IT)
    kind, message, remedy = _BARE.get(error.code(), (errors.PeerFault, "the other side broke the protocol", ""))
    return kind(message, remedy=remedy)
