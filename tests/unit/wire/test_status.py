"""Errors across the wire: every kind has its row, comes back as itself, and a peer's word is never taken for ours."""

import asyncio
import gc
import math
import weakref
from typing import Any

import grpc
import grpc.aio
import pytest

from node import errors
from node.errors import VigilError
from node.wire import limits, status
from node.wire.pb import federation_pb2 as pb


def _tree(error: type[VigilError]) -> set[type[VigilError]]:
    return {error}.union(*map(_tree, error.__subclasses__()))


def _kind(error: type[VigilError]) -> str:
    return error.kind


CLASSES: set[type[VigilError]] = {error for error in _tree(VigilError) if error.__module__ == "node.errors"}
CROSSING: set[type[VigilError]] = {row.error for row in status.TABLE.values() if row.crosses}
ALL = sorted(CLASSES, key=_kind)
SHARED = [error for error in ALL if error in CROSSING]
LOCAL = [error for error in ALL if error not in CROSSING]


def _make(error: type[VigilError]) -> VigilError:
    every: dict[type[VigilError], dict[str, Any]] = {
        errors.Conflict: {"have": 41},
        errors.Overloaded: {"retry_after": 2.5},
        errors.Fork: {"evidence": (b"one note", b"another")},
        errors.ConfigError: {"faults": ("hub: missing", "key: unknown")},
    }
    return error("what is wrong", remedy="what to do", **every.get(error, {}))


def _failed(code: grpc.StatusCode, fault: bytes = b"", details: str = "") -> grpc.aio.AioRpcError:
    trailers = ((status.TRAILER, fault),) if fault else ()
    return grpc.aio.AioRpcError(code, grpc.aio.Metadata(), grpc.aio.Metadata(*trailers), details, "")


def _cross(error: BaseException, *, local: bool = False) -> VigilError:
    failure = status.to_failure(error, local=local)
    return status.to_error(_failed(failure.code, failure.fault, failure.details), local=local)


def test_every_error_has_a_row() -> None:
    assert {row.error for row in status.TABLE.values()} == CLASSES
    assert len(status.TABLE) == len(CLASSES)  # no two of them have one kind


@pytest.mark.parametrize("error", ALL, ids=_kind)
def test_an_error_crosses_the_local_socket_as_itself(error: type[VigilError]) -> None:
    sent, got = _make(error), _cross(_make(error), local=True)
    assert (type(got), str(got), got.remedy, vars(got)) == (type(sent), str(sent), sent.remedy, vars(sent))


@pytest.mark.parametrize("error", SHARED, ids=_kind)
def test_what_is_meant_for_a_peer_crosses_the_federation_as_itself(error: type[VigilError]) -> None:
    sent, got = _make(error), _cross(_make(error))
    assert (type(got), str(got), got.remedy, vars(got)) == (type(sent), str(sent), sent.remedy, vars(sent))


@pytest.mark.parametrize("error", LOCAL, ids=_kind)
def test_what_is_our_own_trouble_crosses_without_its_text(error: type[VigilError]) -> None:
    failure = status.to_failure(_make(error))
    assert b"what is wrong" not in failure.fault
    assert "what is wrong" not in failure.details
    assert type(_cross(_make(error))) is errors.Unavailable


@pytest.mark.parametrize("error", LOCAL, ids=_kind)
def test_a_peer_cannot_make_us_believe_in_trouble_of_our_own(error: type[VigilError]) -> None:
    fault = pb.Fault(kind=error.kind, message="your disk is full").SerializeToString()
    got = status.to_error(_failed(grpc.StatusCode.UNAVAILABLE, fault))
    assert type(got) is errors.Unavailable
    assert "disk" not in str(got)


@pytest.mark.parametrize("local", [False, True])
def test_an_exception_that_nobody_meant_gives_nothing_away(local: bool) -> None:
    failure = status.to_failure(ValueError("secret"), local=local)
    assert (failure.code, failure.fault) == (grpc.StatusCode.INTERNAL, b"")
    assert "secret" not in failure.details


@pytest.mark.parametrize("code", grpc.StatusCode, ids=lambda code: code.name)
def test_every_status_without_a_fault_means_some_error(code: grpc.StatusCode) -> None:
    got = status.to_error(_failed(code, details="text of a peer"))
    assert type(got) in CLASSES
    assert "text of a peer" not in str(got)


@pytest.mark.parametrize(
    "fault",
    [
        b"\xff\xff",
        pb.Fault(kind="a kind of a later version", message="m").SerializeToString(),
        pb.Fault(kind="conflict", message="without have").SerializeToString(),
    ],
    ids=["no-protobuf", "unknown-kind", "incomplete"],
)
def test_a_fault_that_cannot_be_used_falls_back_on_the_status(fault: bytes) -> None:
    assert type(status.to_error(_failed(grpc.StatusCode.PERMISSION_DENIED, fault))) is errors.Refused


def test_a_peer_s_text_is_bounded_and_has_no_control_characters() -> None:
    fault = pb.Fault(kind="refused", message="\x1b[2J\u202e" + "x" * 10_000, remedy="a\nb")
    got = status.to_error(_failed(grpc.StatusCode.PERMISSION_DENIED, fault.SerializeToString()))
    assert len(str(got)) <= limits.FAULT_TEXT
    assert str(got).strip("x").isprintable()
    assert got.remedy == "a b"


@pytest.mark.parametrize("stated", [math.nan, math.inf, -math.inf, -1.0, 1e300])
def test_a_peer_s_waiting_time_is_a_waiting_time(stated: float) -> None:
    fault = pb.Fault(kind="overloaded", retry_after_seconds=stated).SerializeToString()
    got = status.to_error(_failed(grpc.StatusCode.RESOURCE_EXHAUSTED, fault))
    assert isinstance(got, errors.Overloaded)
    assert 0 <= got.retry_after <= 86_400


def test_evidence_of_a_fork_that_is_too_long_for_a_trailer_stays_behind() -> None:
    note = bytes(limits.FAULT_EVIDENCE_BYTES)
    got = _cross(errors.Fork("two histories", evidence=(note, note)))
    assert isinstance(got, errors.Fork)
    assert got.evidence == ()
    assert str(got) == "two histories"


@pytest.mark.parametrize("code", [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN])
def test_a_daemon_that_dies_is_not_taken_for_a_fault_of_the_network_or_of_its_own(code: grpc.StatusCode) -> None:
    error = status.to_error(_failed(code), local=True)
    assert isinstance(error, errors.Unavailable)
    assert "daemon ended" in str(error)
    assert "daemon" not in str(status.to_error(_failed(code)))


def test_an_internal_error_of_a_daemon_that_runs_is_told_as_one() -> None:
    failure = status.to_failure(RuntimeError("a secret"))
    error = status.to_error(_failed(failure.code, failure.fault, failure.details), local=True)
    assert "internal error" in str(error)
    assert "ended" not in str(error)


class _Message:
    """What a caller sent: as large as it likes."""


class _Context:
    """gRPC's, as far as an aborted call goes: it and the error hold each other."""

    def __init__(self) -> None:
        self.aborted: Exception | None = None

    async def abort(self, *_: object) -> None:
        self.aborted = grpc.aio.AbortError()
        raise self.aborted


def test_an_aborted_call_lets_its_message_go_at_once() -> None:
    """Two gigabytes of one member's messages waited for the collector otherwise."""
    held: list[weakref.ref[_Message]] = []

    def convert(message: _Message) -> None:
        held.append(weakref.ref(message))
        try:
            int("no number")
        except ValueError as error:
            raise errors.Malformed("no") from error

    async def serve(context: Any) -> None:
        try:
            convert(_Message())
        except errors.Malformed as error:
            await status.abort(context, error)

    context = _Context()
    gc.disable()
    try:
        with pytest.raises(grpc.aio.AbortError):
            asyncio.run(serve(context))
        assert context.aborted is not None
        assert held[0]() is None
    finally:
        gc.enable()
