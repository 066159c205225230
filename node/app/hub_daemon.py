"""The hub's daemon: two ports, the local socket, and what is due.

Rules this module upholds:

- Ready means served: the line is told after both ports and the socket take calls.
- The end is in order: attending nodes are told that the hub goes away, new calls are refused, what runs gets its grace.
- When the hub's keys have changed, it ends in this order and begins again with the new ones, in the same process.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Any, Final

import structlog

from node import config
from node.app import logs
from node.app.daemon import Supervisor, owned, settle, watch_database
from node.app.hub_archive import require_newest
from node.app.hub_rooms import open_hub
from node.app.sessions import socket_path
from node.errors import NotFound, VigilError
from node.hub.relay import QueryRelay
from node.hub.switchboard import LocalSwitchboard
from node.sync.jobs import Jobs
from node.wire import control
from node.wire.server import serve_enrolment, serve_federation

if TYPE_CHECKING:
    from collections.abc import Callable

    from node.app.hub_rooms import HubRooms
    from node.config import Home

Line = dict[str, Any]

LEDGER_SECONDS: Final = 2.0
"""How often what members asked is written down: a crash forgets as much of it."""
GRACE_SECONDS: Final = 3.0
"""How long running calls have after the hub said that it goes away."""
_log = structlog.get_logger(__name__)


def run(home: Home, passphrase: Callable[[], str], ready: Callable[[Line], None]) -> None:
    """See `app.run_hub`."""
    settings = config.load(home)
    logs.configure(settings.log_level)
    known = passphrase()
    with owned(home):
        require_newest(home)
        changed = True
        while changed:
            with open_hub(home, settings, lambda: known) as rooms:
                changed = asyncio.run(_serve(rooms, ready))
            ready = _again


def _again(_line: Line) -> None:
    """Nobody waits for a second line that says ready."""


async def _serve(rooms: HubRooms, ready: Callable[[Line], None]) -> bool:
    """Serves until a signal comes; whether it ended because the hub's keys have changed."""
    supervisor, changed, loop = Supervisor(), asyncio.Event(), asyncio.get_running_loop()

    def change_over() -> None:
        changed.set()
        supervisor.end()

    def change_over_soon() -> None:
        loop.call_soon_threadsafe(change_over)

    rooms.changed_over = change_over_soon
    relay = QueryRelay(
        roster=rooms.members.current,
        codec=rooms.codec,
        store=rooms.store,
        switchboard=LocalSwitchboard(),
        booked=rooms.booked,
        clock=time.time,
    )
    rooms.attending, rooms.at_once, rooms.daemon = lambda: relay.attending, relay.at_once, True
    settings = rooms.settings
    main = await serve_federation(
        settings.hub,
        rooms.server_files,
        rooms.gate,
        carrier=rooms.carrier,
        relay=relay,
        renewal=rooms.enrolment,
        clock=time.time,
    )
    enrolment = await serve_enrolment(settings.enrolment, rooms.server_files, enrolment=rooms.enrolment)
    socket = await control.serve(socket_path(rooms.home), rooms.commands().run)
    supervisor.run("database", watch_database(rooms.database))
    jobs = _jobs(rooms)
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
        await asyncio.gather(main.stop(GRACE_SECONDS), enrolment.stop(GRACE_SECONDS), socket.stop(GRACE_SECONDS))
        await supervisor.stop()
        try:
            await asyncio.to_thread(rooms.booked.flush, time.time())
        except VigilError as error:
            _log.warning("what members asked in the last seconds is not written down", kind=error.kind)
        socket_path(rooms.home).unlink(missing_ok=True)
    return changed.is_set()


def _jobs(rooms: HubRooms) -> Jobs:
    async def roster() -> None:
        # Before the authority's first signature there is nothing to keep fresh.
        with contextlib.suppress(NotFound):
            await asyncio.to_thread(rooms.refresh)

    async def sweep() -> None:
        swept = await asyncio.to_thread(rooms.custody.sweep)
        _log.info("retention swept", expired=swept.expired)

    async def mail() -> None:
        await asyncio.to_thread(_expire_mail, rooms)

    async def certificate() -> None:
        await asyncio.to_thread(rooms.renew_server)

    async def ledger() -> None:
        await asyncio.to_thread(rooms.booked.flush, time.time())

    jobs, settings = Jobs(), rooms.settings
    jobs.every(LEDGER_SECONDS, "ledger", ledger)
    jobs.every(settings.roster_refresh_seconds, "roster", roster)
    jobs.every(settings.retention_sweep_seconds, "retention", sweep, first=60.0)
    jobs.every(settings.retention_sweep_seconds, "mailbox", mail)
    jobs.every(settings.certificate_check_seconds, "certificate", certificate, first=30.0)
    return jobs


def _expire_mail(rooms: HubRooms) -> None:
    with rooms.store.write() as tx:
        tx.expire_mail(int(time.time()))
