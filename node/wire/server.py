"""The hub's two servers: the main port behind mutual TLS, and the enrolment port behind the server's certificate alone.

Rules this module upholds:

- Everything on the main port, health included, is behind the `Gate`; nothing on the enrolment port is, so nothing that
  needs a member is served there.
- A port that cannot be had is an error at once, never a server without it.
"""

from collections.abc import Callable, Iterable
from typing import Any

import grpc
import grpc.aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from node.domain.ports import Clock
from node.domain.services import CarrierService, EnrolmentService, Gate, RelayService, RenewalService
from node.errors import Unavailable
from node.wire import limits, tls
from node.wire.guard import Admission, Guard
from node.wire.pb import federation_pb2_grpc as pb_grpc
from node.wire.servicers import EnrolmentServicer, LogCarrierServicer, QueryRelayServicer, RenewalServicer


class WireServer:
    """A running server. Made by `serve_federation` and `serve_enrolment`. `port`: the one it got, where 0 was asked."""

    def __init__(self, server: grpc.aio.Server, health_servicer: Any, port: int) -> None:  # noqa: ANN401 (untyped there)
        self._server = server
        self._health = health_servicer
        self.port = port

    async def stop(self, grace: float) -> None:
        """Health says NOT_SERVING, new calls are refused, and what still runs after `grace` seconds is cut.

        The relay's own farewell to attending nodes (`going_away`) comes before, from whoever stops the hub.
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
    clock: Clock,
    recheck_seconds: float = limits.RECHECK_SECONDS,
    write_seconds: float = limits.WRITE_SECONDS,
) -> WireServer:
    """The main port, started. `address` is `host:port`, port 0 for any. Raises `Unavailable` where it is taken."""
    server = _server(Guard(Admission(gate, clock, recheck_seconds=recheck_seconds)), limits.CALLS)
    pb_grpc.add_LogCarrierServicer_to_server(LogCarrierServicer(carrier, write_seconds=write_seconds), server)
    pb_grpc.add_QueryRelayServicer_to_server(QueryRelayServicer(relay, write_seconds=write_seconds), server)
    pb_grpc.add_RenewalServicer_to_server(RenewalServicer(renewal), server)
    names = ("LogCarrier", "QueryRelay", "Renewal")
    return await _start(server, address, tls.mutual_server_credentials(load), names)


async def serve_enrolment(
    address: str, load: Callable[[], tls.ServerFiles], *, enrolment: EnrolmentService
) -> WireServer:
    """The enrolment port, started; as `serve_federation`, without a gate."""
    server = _server(Guard(None), limits.ENROLMENT_CALLS)
    pb_grpc.add_EnrolmentServicer_to_server(EnrolmentServicer(enrolment), server)
    return await _start(server, address, tls.plain_server_credentials(load), ("Enrolment",))


def _server(guard: Guard, calls: int) -> grpc.aio.Server:
    return grpc.aio.server(interceptors=(guard,), options=limits.SERVER_OPTIONS, maximum_concurrent_rpcs=calls)


async def _start(
    server: grpc.aio.Server, address: str, credentials: grpc.ServerCredentials, services: Iterable[str]
) -> WireServer:
    servicer = health.aio.HealthServicer()  # type: ignore[attr-defined]  # the stubs lack it
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    try:
        port = server.add_secure_port(address, credentials)
    except RuntimeError as error:
        raise Unavailable(
            f"the hub cannot listen on {address}", remedy="is another hub running, or the address of another machine?"
        ) from error
    await server.start()
    for service in services:
        await servicer.set(f"vigil.federation.v1.{service}", health_pb2.HealthCheckResponse.SERVING)
    return WireServer(server, servicer, port)
