"""The node's daemon: dials the hub, publishes, follows, attends, answers on its local socket, and does what is due.

Rules this module upholds:

- Nothing listens on a network: the node dials out, and serves a Unix socket only.
- A hub that is away stops nothing here: statements are acknowledged, searches run, and everything is tried again.
- A certificate that ran out while the node was away is renewed with the statement key before anything else.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import ssl
import time
from typing import TYPE_CHECKING, Any, Final

import structlog

from node import config
from node.app import logs
from node.app.daemon import Supervisor, settle, watch_database
from node.app.homes import right_database
from node.app.joining import wait_for_admission
from node.app.node_rooms import open_node
from node.app.reconnecting import Reconnecting
from node.app.sessions import socket_path
from node.control.node_commands import OK
from node.domain.ids import federation_id, member_id, spiffe_id
from node.errors import VigilError
from node.pki.ca import check_issued, make_request, needs_renewal
from node.pki.keys import STATEMENT
from node.store.lock import own
from node.sync.attendant import CONCURRENT, Attendant
from node.sync.copies import Copies
from node.sync.follower import Follower
from node.sync.jobs import Jobs
from node.sync.publisher import Publisher
from node.sync.repair import Repairer
from node.sync.workers import Workers
from node.tlog.merkle import MAX_TREE_SIZE
from node.usecases.enrolment import renew_after_absence
from node.wire import control
from node.wire.client import EnrolmentChannel

if TYPE_CHECKING:
    from collections.abc import Callable

    from node.app.node_rooms import NodeRooms
    from node.config import Home
    from node.domain.ids import Origin

Line = dict[str, Any]

REPAIR_SECONDS: Final = 60.0
COMPARE_SECONDS: Final = 60.0
TEND_SECONDS: Final = 10.0
"""How often the files of the index are looked after (`Catalogue.tend`)."""
LOOK_SECONDS: Final = 1.0
GRACE_SECONDS: Final = 3.0
_log = structlog.get_logger(__name__)


def run(home: Home, passphrase: Callable[[], str], ready: Callable[[Line], None]) -> None:
    """See `app.run_node`."""
    settings = config.load(home)
    logs.configure(settings.log_level)
    known = passphrase()
    with own(home.folder):
        right_database(home, settings)
        wait_for_admission(home, settings, lambda: known)
        with open_node(home, settings, lambda: known, logs.Tenths()) as rooms:
            asyncio.run(_serve(rooms, ready))


class NodeDaemon:
    """One running node. Event loop only."""

    def __init__(self, rooms: NodeRooms) -> None:
        self._rooms = rooms
        link = rooms.link
        self.publisher = Publisher(
            own=rooms.own_log,
            carrier=link,
            drawn=random.random,
            on_behind=rooms.require_expected,
            on_foreign=rooms.alarms.foreign_append,
        )
        self.copies = Copies(
            store=rooms.store,
            catalogue=rooms.catalogue,
            codec=rooms.codec,
            roster=rooms.members.current,
            own=rooms.own_log.origin,
            today=rooms.custody.today,
            on_own=self.publisher.wake,
        )
        self.follower = Follower(copies=self.copies, carrier=link, drawn=random.random)
        self.workers = Workers(CONCURRENT, "answers")
        self.attendant = Attendant(
            relay=link,
            answerer=rooms.answerer,
            inquirer=rooms.inquirer,
            workers=self.workers,
            jitter=random.random,
            on_late=lambda outcome: _log.info("a late answer came", member=outcome.member),
            # An older database would say "no hit" of what it lacks.
            cleared=self.publisher.looked,
        )
        self.repairer = Repairer(
            store=rooms.store,
            catalogue=rooms.catalogue,
            codec=rooms.codec,
            carrier=link,
            member=rooms.own_log.origin.member,
        )
        self.jobs = Jobs()
        reconnecting = Reconnecting(
            me=rooms.own_log.origin.member,
            attendant=self.attendant,
            follower=self.follower,
            publisher=self.publisher,
            members=rooms.members,
            refresh=self._refresh_now,
        )
        reconnecting.watch(link)

    def _refresh_now(self) -> None:
        with contextlib.suppress(LookupError):  # before the jobs start and after they end
            self.jobs.now("roster")

    def health(self) -> Line:
        """What status shows of the daemon."""
        return {
            "daemon": True,
            "attending": self.attendant.attempts.works,
            "publishing": self.publisher.attempts.state,
            "following": self.follower.attempts.state,
            "stopped_logs": {str(origin): why for origin, why in self.copies.stopped.items()},
            "due_work": self.jobs.troubles or OK,
            "connections": {
                "attending": self.attendant.attempts.line(),
                "publishing": self.publisher.attempts.line(),
                "following": self.follower.attempts.line(),
            },
        }

    async def refresh_roster(self) -> None:
        """Fetches and verifies the roster, and puts it in force. Raises what stands in the way."""
        rooms, loop = self._rooms, asyncio.get_running_loop()
        async with await self._enrolment() as channel:

            def fetch(name: str, limit: int) -> bytes:
                return asyncio.run_coroutine_threadsafe(channel.metadata(name, limit), loop).result()

            roster = await asyncio.to_thread(lambda: rooms.roster_client.refresh(fetch, now=time.time()))
        rooms.members.replace(roster)

    async def renew_certificate(self) -> None:
        """Renews at two thirds of the certificate's life, or after its end by the statement key."""
        rooms = self._rooms
        certificate = rooms.link.certificate()
        if not needs_renewal(certificate, time.time()):
            return
        federation, member = federation_id(rooms.settings.federation), member_id(rooms.settings.member)
        request = make_request(rooms.ring)
        if certificate.not_after > time.time():
            chain = await rooms.link.renew(request)
        else:
            async with await self._enrolment() as channel:
                chain = await renew_after_absence(
                    channel,
                    federation=federation,
                    member=member,
                    csr=request,
                    statement=rooms.ring.signer(STATEMENT),
                )
        ca = ssl.PEM_cert_to_DER_cert(rooms.link.ca().decode("ascii"))
        leaf = check_issued(chain[0], ca, spiffe=spiffe_id(federation, member), ring=rooms.ring, now=time.time())
        rooms.link.keep(leaf.der, rooms.ring)
        await rooms.link.reopen()
        _log.info("certificate renewed")

    async def _enrolment(self) -> EnrolmentChannel:
        rooms = self._rooms
        latest = rooms.members.latest()
        pin = latest.hub.ca_sha256 if latest else rooms.link.ca_sha256()
        return await EnrolmentChannel.open(rooms.settings.enrolment, pin)

    async def prepare(self) -> None:
        """What a start owes before the first call: a certificate that lives, a roster of today. A hub that is away is
        no reason not to start.
        """
        for name, step in (("certificate", self.renew_certificate), ("roster", self.refresh_roster)):
            try:
                await step()
            except VigilError as error:
                _log.warning("start without the hub", step=name, kind=error.kind)

    async def catch_up(self) -> None:
        """After a restore: waits until our own log was compared and every log is where the hub has it, so that what was
        retracted since the backup is retracted here; then expires what is due.
        """
        rooms = self._rooms
        _log.info("the database was restored or accepted: catching up before anything is served")
        while True:
            try:
                heads = await rooms.link.heads([])
            except VigilError as error:
                _log.warning("the hub cannot be asked yet", kind=error.kind)
            else:
                sizes = await asyncio.to_thread(self._sizes)
                behind = [head for head in heads if sizes.get(head.origin, 0) < head.cosigned_size]
                if rooms.own_log.compared and not behind:
                    break
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self.follower.changed()
        await asyncio.to_thread(rooms.custody.sweep)
        rooms.home.restored.unlink()

    def _sizes(self) -> dict[Origin, int]:
        with self._rooms.store.read() as tx:
            # A frozen log is behind for ever, and shows so; it must not keep the others from being served.
            return {log.origin: MAX_TREE_SIZE if log.frozen else log.size for log in tx.logs()}

    def due(self) -> None:
        """Gives the scheduler what is due and when."""
        settings = self._rooms.settings

        async def sweep() -> None:
            swept = await asyncio.to_thread(self._rooms.custody.sweep)
            queries = await asyncio.to_thread(self._rooms.custody.forget_queries, settings.query_retention_days)
            _log.info("retention swept", expired=swept.expired, queries=queries)

        self.jobs.every(settings.roster_refresh_seconds, "roster", self.refresh_roster)
        self.jobs.every(settings.certificate_check_seconds, "certificate", self.renew_certificate)
        self.jobs.every(settings.retention_sweep_seconds, "retention", sweep, first=60.0)

        async def compare() -> None:
            # Each round looks at the hub's head of our own log: how a foreign append, by a stolen key, is noticed.
            self.publisher.wake()

        async def tend() -> None:
            await asyncio.to_thread(self._rooms.catalogue.tend)

        self.jobs.every(TEND_SECONDS, "index", tend)
        self.jobs.every(REPAIR_SECONDS, "repair", self.repairer.round, first=5.0)
        self.jobs.every(COMPARE_SECONDS, "compare", compare)
        self.jobs.start()


async def _serve(rooms: NodeRooms, ready: Callable[[Line], None]) -> None:
    supervisor = Supervisor()
    daemon = NodeDaemon(rooms)
    rooms.health = daemon.health
    rooms.wakers.append(daemon.publisher.wake)
    await daemon.prepare()
    supervisor.run("publisher", daemon.publisher.run())
    supervisor.run("follower", daemon.follower.run())
    supervisor.run("database", watch_database(rooms.database))
    try:
        if rooms.home.restored.exists():
            await supervisor.unless_ended(daemon.catch_up())
        if not supervisor.ended:
            await _until_ended(rooms, daemon, supervisor, ready)
    finally:
        _log.info("the node ends")
        await supervisor.stop()
        # An answer that is being signed may still reach the audit log, which closes after this.
        await asyncio.to_thread(daemon.workers.close)
        await rooms.link.reopen()


async def _until_ended(
    rooms: NodeRooms, daemon: NodeDaemon, supervisor: Supervisor, ready: Callable[[Line], None]
) -> None:
    socket = await control.serve(socket_path(rooms.home), rooms.commands().run)
    supervisor.run("attendant", daemon.attendant.run())
    daemon.due()
    settle()
    ready({"event": "ready", "node": rooms.settings.member, "federation": rooms.settings.federation})
    _log.info("the node runs")
    try:
        await supervisor.until_ended()
    finally:
        daemon.jobs.stop()
        rooms.index_files.stop()
        await socket.stop(GRACE_SECONDS)
        socket_path(rooms.home).unlink(missing_ok=True)
