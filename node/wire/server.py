"""The hub's servers: the main port behind mutual TLS, and the calls that the enrolment port's own process passes on.

Rules this module upholds:

- The `Gate` guards everything on the main port, including health. Enrolment has no gate, so it serves nothing that
  needs a member, and only on a local socket (`forward` serves the port).
- A port that is not available is an error at once, never a server without it.
- Callers that exceed a limit are named in the log, at most once a minute.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import grpc
import grpc.aio
import structlog
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from node.domain.limits import Limits
from node.domain.ports import Clock
from node.domain.services import (
    CarrierService,
    EnrolmentService,
    Gate,
    RelayService,
    RenewalService,
    RosterService,
)
from node.errors import Unavailable
from node.wire import limits, tls
from node.wire.admission import Admission, Connections
from node.wire.door import Door
from node.wire.guard import Guard
from node.wire.local_paths import lasting
from node.wire.notices import Notices
from node.wire.pb import federation_pb2_grpc as pb_grpc
from node.wire.servicers import (
    EnrolmentServicer,
    LogCarrierServicer,
    QueryRelayServicer,
    RenewalServicer,
    RosterServicer,
)

_log: Final = structlog.get_logger("wire")


def tell_overload(who: str, what: str, times: int) -> None:
    """Logs callers that exceed a limit. `who`: a member or an address."""
    _log.warning("more than is allowed", who=who, what=what, times=times)


class WireServer:
    """A running server. `port`: the assigned one, if 0 was requested. `closed`: must be told the number of a connection
    that has ended at the front.
    """

    def __init__(
        self,
        server: grpc.aio.Server,
        health_servicer: Any,  # noqa: ANN401 (untyped there)
        port: int,
        connections: Connections | None,
    ) -> None:
        self._server = server
        self._connections = connections
        self._health = health_servicer
        self.port = port

    def closed(self, number: int) -> None:
        """A connection of this number has ended."""
        if self._connections is not None:
            self._connections.closed(number)

    def lost(self) -> None:
        """All connections have ended: the front did."""
        if self._connections is not None:
            self._connections.lost()

    async def stop(self, grace: float) -> None:
        """Health reports NOT_SERVING, new calls are refused, and calls still running after `grace` seconds are cut.

        The caller must send the relay's own farewell to attending nodes (`going_away`) before.
        """
        await self._health.enter_graceful_shutdown()
        await self._server.stop(grace)


async def serve_federation(
    address: str,
    load: Callable[[], tls.ServerFiles],
    gate: Gate,
    *,
    carrier: CarrierService,
    relay: RelayService,
    renewal: RenewalService,
    roster: RosterService,
    clock: Clock,
    allowed: Callable[[], Limits] = Limits,
    door: Door | None = None,
    message_seconds: float = limits.FIRST_MESSAGE_SECONDS,
    recheck_seconds: float = limits.RECHECK_SECONDS,
    write_seconds: float = limits.WRITE_SECONDS,
) -> WireServer:
    """The main port, started. `address` is `unix:PATH` behind a front, whose `door` it then uses, or `host:port`, port
    0 for any. `allowed`: the limits per member. Raises `Unavailable` if the address is taken.
    """
    admission = Admission(
        gate, clock, notices=Notices(tell_overload), allowed=allowed, door=door, recheck_seconds=recheck_seconds
    )
    guard = Guard(admission, message_seconds=message_seconds, write_seconds=write_seconds)
    server = grpc.aio.server(interceptors=(guard,), options=limits.MAIN_OPTIONS, maximum_concurrent_rpcs=limits.CALLS)
    pb_grpc.add_LogCarrierServicer_to_server(LogCarrierServicer(carrier, write_seconds=write_seconds), server)
    pb_grpc.add_QueryRelayServicer_to_server(QueryRelayServicer(relay, write_seconds=write_seconds), server)
    pb_grpc.add_RenewalServicer_to_server(RenewalServicer(renewal), server)
    pb_grpc.add_RosterServicer_to_server(RosterServicer(roster, write_seconds=write_seconds), server)
    names = ("LogCarrier", "QueryRelay", "Renewal", "Roster")
    return await started(server, address, tls.mutual_server_credentials(load), names, admission.connections)


async def serve_enrolment(path: Path, *, enrolment: EnrolmentService) -> grpc.aio.Server:
    """Enrolment on a local socket, started, for the process that serves the port. The caller restricts the folder to
    this user. Raises `Unavailable`.
    """
    server = grpc.aio.server(
        interceptors=(Guard(None),),
        options=limits.ENROLMENT_OPTIONS,
        maximum_concurrent_rpcs=limits.ENROLMENT_CALLS,
    )
    pb_grpc.add_EnrolmentServicer_to_server(EnrolmentServicer(enrolment), server)
    try:
        with _for_this_user():
            server.add_insecure_port(f"unix:{lasting(path)}")
    except (RuntimeError, OSError) as error:
        raise Unavailable(
            "the local socket for enrolment cannot be made",
            remedy="check that this user can write to the hub's home, and that its file system can hold a socket",
        ) from error
    await server.start()
    return server


@contextmanager
def _for_this_user() -> Iterator[None]:
    """A socket in the file system that is created in this block is open only to its owner."""
    before = os.umask(0o177)
    try:
        yield
    finally:
        os.umask(before)


async def started(
    server: grpc.aio.Server,
    address: str,
    credentials: grpc.ServerCredentials,
    services: Iterable[str],
    connections: Connections | None = None,
) -> WireServer:
    """Starts a server with its services, and serves its health. Raises `Unavailable`."""
    servicer = health.aio.HealthServicer()  # type: ignore[attr-defined]  # the stubs lack it
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    try:
        with _for_this_user():
            port = server.add_secure_port(address, credentials)
    except RuntimeError as error:
        raise Unavailable(
            f"the hub cannot listen on {address}", remedy="is another hub running, or the address of another machine?"
        ) from error
    await server.start()
    for service in services:
        await servicer.set(f"vigil.federation.v1.{service}", health_pb2.HealthCheckResponse.SERVING)
    return WireServer(server, servicer, port, connections)
