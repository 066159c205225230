"""The node's daemon: connects to the hub, publishes, follows logs, answers queries, serves its local socket, and does
scheduled work.

Rules this module upholds:

- Nothing listens on a network: the node only connects to the hub, and serves Unix sockets.
- An unreachable hub stops nothing here: statements are acknowledged, searches run, and the rest is tried again.
- A certificate that expired while the node was off is renewed first, with the statement key.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from typing import TYPE_CHECKING, Any, Final

import structlog

from node import config
from node.app import logs
from node.app.accounts import officers_of
from node.app.daemon import Supervisor, owned, settle, watch_database
from node.app.group_socket import group_socket
from node.app.homes import right_database
from node.app.hub_contact import HubContact
from node.app.joining import wait_for_admission
from node.app.key_switch import KeySwitch
from node.app.node_command_table import node_commands
from node.app.node_opening import finish_deletions, open_node
from node.app.reconnecting import Reconnecting
from node.app.sessions import socket_path
from node.app.watching import alert_hook, local_watching
from node.control.admission import admitted
from node.errors import VigilError
from node.sync.arrivals import ArrivalMatcher, Pacer
from node.sync.attendant import CONCURRENT, Attendant
from node.sync.closed import ClosedBodies
from node.sync.copies import Copies
from node.sync.follower import Follower
from node.sync.jobs import Jobs
from node.sync.publisher import Publisher
from node.sync.repair import Repairer
from node.sync.restitution import Restitution
from node.sync.watch import Watch
from node.sync.workers import Workers
from node.tlog.merkle import MAX_TREE_SIZE
from node.usecases.formerlogs import FormerLogs
from node.usecases.group_newcomers import GroupNewcomers
from node.usecases.hub_watch import HubWatch
from node.usecases.node_status import OK
from node.wire import control

if TYPE_CHECKING:
    from collections.abc import Callable

    from node.app.node_services import NodeServices
    from node.config import Home
    from node.domain.ids import Origin

Line = dict[str, Any]

REPAIR_SECONDS: Final = 60.0
COMPARE_SECONDS: Final = 60.0
TEND_SECONDS: Final = 10.0
"""How often the files of the index are maintained (`Catalogue.tend`)."""
NEWCOMER_SECONDS: Final = 60.0
"""How often members that were invited to a group later are told that we are in it."""
LOOK_SECONDS: Final = 1.0
GRACE_SECONDS: Final = 3.0
WATCH_SECONDS: Final = 2.0
"""How soon holdings that were taken in are matched against kept watches."""
ALERT_SECONDS: Final = 10.0
"""How often it is looked whether the hook has to be told of alerts."""
_log = structlog.get_logger(__name__)


def run(home: Home, passphrase: Callable[[], str], ready: Callable[[Line], None]) -> None:
    """See `app.run_node`."""
    settings = config.load(home)
    logs.configure(settings.log_level)
    known = passphrase()
    with owned(home):
        right_database(home, settings)
        wait_for_admission(home, settings, lambda: known)
        tell, again = _once(ready), True
        while again:
            # After a change of keys the home is opened again. This is the same code as a start, which also recovers
            # from a crash.
            with open_node(home, settings, lambda: known, logs.Tenths()) as services:
                again = asyncio.run(_serve(services, tell))


def _once(ready: Callable[[Line], None]) -> Callable[[Line], None]:
    """Reports only the first time: a daemon prints one line."""
    told: list[Line] = []

    def tell(line: Line) -> None:
        if not told:
            ready(line)
        told.append(line)

    return tell


class NodeDaemon:
    """One running node. Event loop only."""

    def __init__(self, services: NodeServices) -> None:
        self._services = services
        link = services.link
        self.contact = HubContact(services)
        pause = self.contact.pause
        watch = HubWatch(
            store=services.store,
            alarms=services.alarms,
            clock=time.time,
            own=services.own_log.origin.member,
            latest=services.members.latest,
        )
        self.publisher = Publisher(
            own=services.own_log,
            carrier=link,
            drawn=random.random,
            pause=pause,
            on_behind=services.require_expected,
            on_foreign=services.alarms.foreign_append,
            on_rolled_back=lambda own, head: watch.look({own.origin: own}, [head]),
        )
        self.watch = Watch(watch=watch, carrier=link)
        self.copies = Copies(
            store=services.store,
            catalogue=services.catalogue,
            codec=services.codec,
            roster=services.members.current,
            own=services.own_log.origin,
            today=services.custody.today,
            on_own=self.publisher.wake,
        )
        self.follower = Follower(copies=self.copies, carrier=link, drawn=random.random, pause=pause)
        self.arrivals = ArrivalMatcher(
            arrivals=services.arrivals, changed=self.follower.changed, pacer=Pacer(lambda: self.copies.commits)
        )
        self.watched = ArrivalMatcher(
            arrivals=services.watches.matching,
            changed=self.follower.changed,
            pacer=Pacer(lambda: self.copies.commits),
            look=WATCH_SECONDS,
            what="kept watches",
        )
        self.hook = alert_hook(services)
        self.workers = Workers(CONCURRENT, "answers")
        self.attendant = Attendant(
            relay=link,
            answerer=services.answerer,
            inquirer=services.inquirer,
            workers=self.workers,
            jitter=random.random,
            on_late=lambda outcome: _log.info("a late answer came", member=outcome.member),
            # An older database would answer "no hit" about material that it lacks.
            cleared=self.publisher.looked,
            decided=services.held.replies,
        )
        services.bringers.append(self.attendant.send)
        self.repairer = Repairer(
            store=services.store,
            catalogue=services.catalogue,
            codec=services.codec,
            carrier=link,
            member=services.own_log.origin.member,
            limits=lambda: services.policy().limits,
        )
        self.closed = ClosedBodies(
            store=services.store,
            catalogue=services.catalogue,
            codec=services.codec,
            carrier=link,
            member=services.own_log.origin.member,
        )
        former = FormerLogs(store=services.store, own=services.own_log.origin, roster=services.members.current)
        self.restitution = Restitution(former=former, carrier=link)
        self.jobs = Jobs()
        self.switch = KeySwitch(
            members=services.members, ring=services.ring, others=services.settings.roster_refresh_seconds
        )
        reconnecting = Reconnecting(
            me=services.own_log.origin.member,
            attendant=self.attendant,
            follower=self.follower,
            publisher=self.publisher,
            members=services.members,
            refresh=self._refresh_now,
        )
        reconnecting.watch(link)

    def _refresh_now(self) -> None:
        with contextlib.suppress(LookupError):  # runs before the jobs start and until they end
            self.jobs.now("roster")

    def health(self) -> Line:
        """What status shows of the daemon."""
        return {
            "daemon": True,
            "attending": self.attendant.attempts.works,
            "publishing": self.publisher.attempts.state,
            "following": self.follower.attempts.state,
            "matching": self.arrivals.trouble or OK,
            "watches": self.watched.trouble or OK,
            "alert_hook": self.hook.trouble or OK,
            "stopped_logs": {str(origin): why for origin, why in self.copies.stopped.items()},
            "paused_logs": {str(origin): each.words(origin.member) for origin, each in self.copies.paused.items()},
            **({"change_of_keys": "signed: the node will switch to its new keys"} if self.switch.under_way else {}),
            "due_work": self.jobs.troubles or OK,
            "connections": {
                "attending": self.attendant.attempts.line(),
                "publishing": self.publisher.attempts.line(),
                "following": self.follower.attempts.line(),
            },
        }

    async def prepare(self) -> None:
        """The work before the first call: fetch the current roster, and a certificate that the hub accepts. The node
        also starts if the hub is unreachable.
        """
        for name, step in (("roster", self.contact.refresh_roster), ("certificate", self.contact.renew_certificate)):
            try:
                await step()
            except VigilError as error:
                _log.warning("start without the hub", step=name, kind=error.kind)

    async def catch_up(self) -> None:
        """After a restore: waits until our own log is compared and every log is as long as at the hub. So everything
        that was retracted after the backup is retracted here. Then expires what is due.
        """
        services = self._services
        _log.info("the database was restored or accepted: catching up before anything is served")
        while True:
            try:
                heads = await services.link.heads([])
            except VigilError as error:
                _log.warning("the hub cannot be reached yet", kind=error.kind)
            else:
                sizes = await asyncio.to_thread(self._sizes)
                # A stopped log is shown as stopped, and must not prevent serving the other logs.
                stopped = self.copies.stopped
                behind = [
                    head
                    for head in heads
                    if sizes.get(head.origin, 0) < head.cosigned_size and head.origin not in stopped
                ]
                if services.own_log.compared and not behind:
                    break
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self.follower.changed()
        await asyncio.to_thread(services.custody.sweep)
        services.home.restored.unlink()

    def _sizes(self) -> dict[Origin, int]:
        with self._services.store.read() as tx:
            # A frozen log stays behind for ever, a paused log for some time. Both are shown, and must not prevent
            # serving the other logs.
            paused = dict.fromkeys(self.copies.paused, MAX_TREE_SIZE)
            return {log.origin: MAX_TREE_SIZE if log.frozen else log.size for log in tx.logs()} | paused

    async def look_for_the_hub(self) -> None:
        """Fetches the current roster; and a new certificate, if the hub has another CA or does not accept ours."""
        await self.contact.refresh_roster()
        if self.publisher.trouble or not self.contact.is_certified():
            await self.contact.renew_certificate()
            self.publisher.wake()

    def due(self) -> None:
        """Registers the scheduled work."""
        settings = self._services.settings

        async def sweep() -> None:
            swept = await asyncio.to_thread(self._services.custody.sweep)
            queries = await asyncio.to_thread(self._services.custody.forget_queries, settings.query_retention_days)
            hits = await asyncio.to_thread(self._services.custody.forget_hits, settings.query_retention_days)
            await asyncio.to_thread(self._services.custody.forget_watches, settings.query_retention_days)
            local = local_watching(self._services)
            await asyncio.to_thread(lambda: local.forget_ended(self._services.custody.today()))
            await asyncio.to_thread(finish_deletions, self._services)
            _log.info("retention swept", expired=swept.expired, queries=queries, hits=hits)

        self.jobs.every(settings.roster_refresh_seconds, "roster", self.look_for_the_hub)
        self.jobs.every(settings.certificate_check_seconds, "certificate", self.contact.renew_certificate)
        self.jobs.every(settings.retention_sweep_seconds, "retention", sweep, first=60.0)

        async def compare() -> None:
            # Each round compares the hub's head of our own log: this detects an entry that somebody wrote with a stolen
            # key.
            self.publisher.wake()

        async def tell_hook() -> None:
            await asyncio.to_thread(self.hook.round)

        async def tend() -> None:
            await asyncio.to_thread(self._services.catalogue.tend)

        async def tell_newcomers() -> None:
            services = self._services
            newcomers = GroupNewcomers(audiences=services.groups(), ledger=services.ledger, audit=services.audit)
            await asyncio.to_thread(newcomers.tell)

        self.jobs.every(TEND_SECONDS, "index", tend)
        self.jobs.every(NEWCOMER_SECONDS, "groups", tell_newcomers, first=30.0)
        self.jobs.every(REPAIR_SECONDS, "repair", self.repairer.round, first=5.0)
        self.jobs.every(REPAIR_SECONDS, "bodies after a bundle", self.closed.round, first=5.0)
        self.jobs.every(COMPARE_SECONDS, "compare", compare)
        self.jobs.every(COMPARE_SECONDS, "former logs", self.restitution.round, first=5.0)
        self.jobs.every(ALERT_SECONDS, "alert hook", tell_hook)
        self.jobs.every(COMPARE_SECONDS, "hub watch", self.watch.round, first=5.0)
        self.jobs.start()


async def _serve(services: NodeServices, ready: Callable[[Line], None]) -> bool:
    """Whether the home must be opened again."""
    supervisor = Supervisor()
    daemon = NodeDaemon(services)
    services.health = daemon.health
    services.sender = daemon.publisher
    services.match_arrivals = daemon.arrivals.wake
    services.wakers.append(daemon.publisher.wake)
    await daemon.prepare()
    supervisor.run("publisher", daemon.publisher.run())
    supervisor.run("follower", daemon.follower.run())
    supervisor.run("roster", daemon.contact.watch_roster())
    supervisor.run("database", watch_database(services.database))
    try:
        if services.home.restored.exists():
            await supervisor.unless_ended(daemon.catch_up())
        if not supervisor.ended:
            await _until_ended(services, daemon, supervisor, ready)
    finally:
        _log.info("the node ends")
        await supervisor.stop()
        # An answer in progress may still write to the audit log, which closes after this.
        await asyncio.to_thread(daemon.workers.close)
        await services.link.reopen()
    return daemon.switch.due.is_set() and not supervisor.ended


async def _until_ended(
    services: NodeServices, daemon: NodeDaemon, supervisor: Supervisor, ready: Callable[[Line], None]
) -> None:
    shared = group_socket(services.settings)
    commands = node_commands(services)
    officers = officers_of(services.settings, services.store, services.audit)
    local = await control.serve(socket_path(services.home), admitted(commands, officers), shared=shared)
    supervisor.run("attendant", daemon.attendant.run())
    supervisor.run("arrivals", daemon.arrivals.run())
    supervisor.run("watches", daemon.watched.run())
    daemon.due()
    settle()
    ready({"event": "ready", "node": services.settings.member, "federation": services.settings.federation})
    _log.info("the node runs")
    try:
        await supervisor.unless_ended(daemon.switch.until_due())
        if supervisor.ended:
            await supervisor.until_ended()
    finally:
        daemon.jobs.stop()
        services.index_files.stop()
        await local.stop(GRACE_SECONDS)
