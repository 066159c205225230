"""The hub's daemon: the services behind its two ports, the local socket, and the scheduled work.

Rules this module upholds:

- "Ready" means that it serves: the line is sent after both ports and the socket accept calls.
- Helper processes (`Ports`) serve the ports. The only key that they have is that of the hub's certificate.
- The shutdown is orderly: connected nodes are told that the hub is shutting down, new calls are refused, and running
  calls get time to finish.
- When the hub's keys have changed, it shuts down in this order and starts again with the new keys, in the same process.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Any, Final, Protocol

import structlog

from node import config
from node.app import logs
from node.app.accounts import officers_of
from node.app.daemon import Supervisor, owned, settle, watch_database
from node.app.helping import raise_descriptors
from node.app.hub_archive import require_newest
from node.app.hub_command_table import hub_commands
from node.app.hub_opening import open_hub
from node.app.memory import give_back_now_and_then
from node.app.ports import Ports
from node.app.sessions import socket_path
from node.control.admission import admitted
from node.domain.limits import Limits
from node.errors import NotFound, VigilError
from node.hub.relay import QueryRelay
from node.hub.switchboard import LocalSwitchboard
from node.sync.jobs import Jobs
from node.wire import control
from node.wire.local_paths import lasting
from node.wire.server import serve_enrolment, serve_federation

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from node.app.hub_services import HubServices
    from node.config import Home

Line = dict[str, Any]


class Stoppable(Protocol):
    """A server."""

    def stop(self, grace: float) -> Awaitable[None]:
        """Stops the running calls after `grace` seconds."""
        ...


LEDGER_SECONDS: Final = 2.0
"""How often the counts of members' requests are stored: a crash loses the counts since then."""
GRACE_SECONDS: Final = 3.0
"""How much time running calls have after the hub announced its shutdown."""
_log = structlog.get_logger(__name__)


def run(home: Home, passphrase: Callable[[], str], ready: Callable[[Line], None]) -> None:
    """See `app.run_hub`."""
    settings = config.load(home)
    logs.configure(settings.log_level)
    raise_descriptors()
    known = passphrase()
    with owned(home):
        require_newest(home)
        changed = True
        while changed:
            with open_hub(home, settings, lambda: known) as services:
                changed = asyncio.run(_serve(services, ready))
            ready = _again


def _again(_line: Line) -> None:
    """Drops a second ready line, because nobody waits for it."""


async def _serve(services: HubServices, ready: Callable[[Line], None]) -> bool:
    """Serves until a signal comes. Returns whether it ended because the hub's keys have changed."""
    supervisor, changed, loop = Supervisor(), asyncio.Event(), asyncio.get_running_loop()

    def change_over() -> None:
        changed.set()
        supervisor.end()

    def change_over_soon() -> None:
        loop.call_soon_threadsafe(change_over)

    def wake_soon() -> None:
        loop.call_soon_threadsafe(services.carrier.wake)

    services.changed_over = change_over_soon
    relay = QueryRelay(
        roster=services.members.current,
        codec=services.codec,
        store=services.store,
        switchboard=LocalSwitchboard(),
        booked=services.booked,
        clock=time.time,
    )
    services.grown = wake_soon
    services.attending, services.at_once, services.daemon = lambda: relay.attending, relay.at_once, True
    settings = services.settings
    ports = Ports.open(services.home, settings.hub, settings.enrolment, services.server_files)
    try:
        main = await serve_federation(
            f"unix:{lasting(ports.main_server)}",
            services.server_files,
            services.gate,
            carrier=services.carrier,
            relay=relay,
            renewal=services.enrolment,
            roster=services.roster,
            clock=time.time,
            allowed=lambda: _allowed(services),
            door=ports,
        )
        ports.closed, ports.lost = main.closed, main.lost
        desk = await serve_enrolment(ports.desk, enrolment=services.enrolment)
        for name, work in ports.works():
            supervisor.run(name, work)
        await _serve_ports(services, supervisor, relay, ports, servers=(main, desk), ready=ready)
    finally:
        await supervisor.stop()
        ports.close()
    return changed.is_set()


async def _serve_ports(
    services: HubServices,
    supervisor: Supervisor,
    relay: QueryRelay,
    ports: Ports,
    *,
    servers: tuple[Stoppable, ...],
    ready: Callable[[Line], None],
) -> None:
    """From here on both ports are served."""
    settings = services.settings
    await ports.ready()
    officers = officers_of(settings, services.store, services.audit)
    socket = await control.serve(socket_path(services.home), admitted(hub_commands(services), officers))
    supervisor.run("database", watch_database(services.database))
    supervisor.run("memory", give_back_now_and_then())
    jobs = _jobs(services, ports)
    jobs.start()
    settle()
    ready({"event": "ready", "hub": settings.hub, "enrolment": settings.enrolment, "federation": settings.federation})
    _log.info("the hub serves")
    try:
        await supervisor.until_ended()
    finally:
        _log.info("the hub goes away")
        jobs.stop()
        relay.close()
        await asyncio.gather(*(each.stop(GRACE_SECONDS) for each in (*servers, socket)))
        try:
            await asyncio.to_thread(services.booked.flush, time.time())
        except VigilError as error:
            _log.warning("what members asked in the last seconds is not written down", kind=error.kind)


def _allowed(services: HubServices) -> Limits:
    roster = services.members.latest()
    return roster.policy.limits if roster else Limits()


def _jobs(services: HubServices, ports: Ports) -> Jobs:
    async def roster() -> None:
        # Before the authority's first signature there is no roster to refresh.
        with contextlib.suppress(NotFound):
            await asyncio.to_thread(services.refresh)

    async def sweep() -> None:
        swept = await asyncio.to_thread(services.custody.sweep)
        _log.info("retention swept", expired=swept.expired)

    async def mail() -> None:
        await asyncio.to_thread(_expire_mail, services)

    async def certificate() -> None:
        if await asyncio.to_thread(services.renew_server):
            ports.show()

    async def ledger() -> None:
        await asyncio.to_thread(services.booked.flush, time.time())

    jobs, settings = Jobs(), services.settings
    jobs.every(LEDGER_SECONDS, "ledger", ledger)
    jobs.every(settings.roster_refresh_seconds, "roster", roster)
    jobs.every(settings.retention_sweep_seconds, "retention", sweep, first=60.0)
    jobs.every(settings.retention_sweep_seconds, "mailbox", mail)
    jobs.every(settings.certificate_check_seconds, "certificate", certificate, first=30.0)
    return jobs


def _expire_mail(services: HubServices) -> None:
    with services.store.write() as tx:
        tx.expire_mail(int(time.time()))
