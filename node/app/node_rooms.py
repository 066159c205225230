"""A node's rooms, wired: store, index, log, audit, search, questions and answers, over one home that this process owns.

Rules this module upholds:

- The same rooms serve the daemon and a command that works alone; only who holds the connection to the hub differs.
- What is this node's own stays readable and searchable without a hub and without a current roster; what crosses the
  border needs both.
"""

from __future__ import annotations

import os
import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from node.app.homes import examine_database, opened_database, right_database
from node.app.link import Link
from node.control.alarm_commands import AlarmCommands
from node.control.allow_commands import AllowCommands
from node.control.audit_commands import AuditCommands
from node.control.commands import Commands
from node.control.node_commands import OK, NodeCommands
from node.control.record_commands import RecordCommands
from node.control.search_commands import SearchCommands
from node.domain.homes import Finding
from node.domain.ids import Origin, federation_id, member_id
from node.domain.roster import Policy
from node.errors import NotFound, Refused
from node.match.folder import IndexFolder
from node.match.index import LocalIndex
from node.match.ranking import rank
from node.pki.client import RosterClient
from node.pki.keys import STATEMENT, KeyRing, log_role
from node.pki.wrapping import Passphrase
from node.usecases.alarms import Alarms
from node.usecases.allowing import AllowList
from node.usecases.answering import Answerer, AnswererDeps
from node.usecases.audit import AuditLog
from node.usecases.catalogue import Catalogue
from node.usecases.custody import Custody, newest_cosignature
from node.usecases.evidence import build_evidence
from node.usecases.homes import refusal
from node.usecases.inquiry import Inquirer, InquirerDeps
from node.usecases.intake import Intake
from node.usecases.ledger import Ledger
from node.usecases.matching import Matcher
from node.usecases.ownlog import OwnLog
from node.usecases.roster import Members, OwnLine
from node.wire.convert import ProtoCodec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from node.app.homes import OpenDatabase
    from node.config import Config, Home
    from node.domain.ids import RecordId
    from node.domain.ports import Store

Line = dict[str, Any]
KEY_FILE: Final = "node.keys"


@dataclass(slots=True, kw_only=True)
class NodeRooms:
    """Everything of one node but its connections. `wake`: called after each acknowledged statement."""

    home: Home
    settings: Config
    ring: KeyRing
    database: OpenDatabase
    store: Store
    codec: ProtoCodec
    index: LocalIndex
    index_files: IndexFolder
    catalogue: Catalogue
    members: Members
    roster_client: RosterClient
    own_log: OwnLog
    ledger: Ledger
    audit: AuditLog
    alarms: Alarms
    matcher: Matcher
    intake: Intake
    inquirer: Inquirer
    answerer: Answerer
    custody: Custody
    link: Link
    wakers: list[Callable[[], None]] = field(default_factory=list)
    health: Callable[[], Line] = lambda: {"daemon": False}

    def policy(self) -> Policy:
        """The federation's policy as it was verified last, or the default before the first roster."""
        return latest_policy(self.members)

    def commands(self) -> Commands:
        """All commands of a node by name."""
        allowed = AllowList(store=self.store, audit=self.audit, clock=time.time)
        search = SearchCommands(
            me=member_id(self.settings.member),
            policy=self.policy,
            intake=self.intake,
            matcher=self.matcher,
            inquirer=self.inquirer,
            allowed=allowed,
            relay=self.link.ask,
            store=self.store,
            codec=self.codec,
            audit=self.audit,
            clock=time.time,
        )
        records = RecordCommands(
            own=self.own_log.origin,
            ledger=self.ledger,
            catalogue=self.catalogue,
            store=self.store,
            audit=self.audit,
            clock=time.time,
            evidence_of=self._evidence,
        )
        node = NodeCommands(
            name=self.settings.member,
            federation=self.settings.federation,
            own=self.own_log.origin,
            store=self.store,
            audit=self.audit,
            latest=self.members.latest,
            health=lambda: {**self.health(), "index": self.index_files.trouble or OK},
            heads=lambda: self.link.heads([]),
            certificate_expires=self.link.expires,
            check_index=self.catalogue.check_index,
            random=os.urandom,
            clock=time.time,
        )
        audit = AuditCommands(origin=self.audit.origin, store=self.store, audit=self.audit, clock=time.time)
        alarms = AlarmCommands(alarms=self.alarms)
        return Commands.of(search, records, node, audit, alarms, AllowCommands(allowed=allowed))

    def require_expected(self, size: int, hub_size: int) -> None:
        """At a start the hub has more of our own log than we. Raises `DatabaseOlder`, now and at each later start,
        unless a person restored or accepted this database.
        """
        if self.home.restored.exists():
            return
        self.database.lacks(hub_size - size)
        raise refusal(replace(examine_database(self.home, self.settings), finding=Finding.OLDER))

    def _evidence(self, record: RecordId) -> tuple[int, bytes]:
        with self.store.read() as tx:
            log = tx.log(record.origin)
        return (log.cosigned_size if log else 0), build_evidence(self.store, record)


def latest_policy(members: Members) -> Policy:
    """The policy of the roster that was verified last, however old: what is ours is searched by it."""
    latest = members.latest()
    return latest.policy if latest else Policy()


def load_ring(home: Home, settings: Config, passphrase: Callable[[], str]) -> KeyRing:
    """The node's keys. Raises `NotFound`, `Damaged`."""
    return KeyRing.load(
        home.keys / KEY_FILE,
        Passphrase(passphrase().encode()),
        federation=federation_id(settings.federation),
        owner=settings.member,
    )


def open_roster(home: Home, settings: Config) -> RosterClient:
    """The node's copy of the roster. Raises `NotFound` where the node was not admitted yet, `Damaged`."""
    try:
        return RosterClient(
            home.metadata,
            federation=federation_id(settings.federation),
            root_sha256=bytes.fromhex(settings.root_sha256),
        )
    except NotFound:
        if (home.tls / "node.der").exists():
            raise NotFound(
                "the roster of this node is missing: the folder roster/ was there, and is gone",
                remedy="restore the folder roster/ from a backup; without one, join again with a new invitation "
                "(vigil node join --token TOKEN): keys and records are kept",
            ) from None
        raise NotFound(
            "this node has no roster yet: it waits for the authority's signature",
            remedy="once the authority has signed: vigil node run (or the same vigil node join again)",
        ) from None


@contextmanager
def open_node(
    home: Home, settings: Config, passphrase: Callable[[], str], progress: Callable[[int, int], None]
) -> Iterator[NodeRooms]:
    """Opens a node's rooms, with the index in step with the store. The caller holds the home's lock. `progress(done,
    total)`: where the index has to be made, or catches up.

    Raises `WrongDatabase` kinds, `NotFound`, `Damaged`, `StoreError`.
    """
    # First: where the database is not the right one, nobody has to type a passphrase to be told so.
    examined = right_database(home, settings)
    ring = load_ring(home, settings, passphrase)
    client = open_roster(home, settings)
    with ExitStack() as opened:
        database = opened.enter_context(opened_database(home, examined))
        rooms = _wire(home, settings, ring, client, database)
        opened.callback(rooms.audit.close)
        opened.callback(rooms.index.close)
        opened.callback(rooms.index_files.close)
        rooms.catalogue.start(progress)
        yield rooms


def _wire(home: Home, settings: Config, ring: KeyRing, client: RosterClient, database: OpenDatabase) -> NodeRooms:
    store = database.store
    me, federation = member_id(settings.member), federation_id(settings.federation)
    codec, index = ProtoCodec(), LocalIndex()
    files = IndexFolder(home.index, index)
    members = Members(clock=time.time, own=OwnLine(member=me, vkeys=ring.member_vkeys()))
    with suppress(NotFound, Refused):
        # Not admitted yet: local work goes on, and nothing crosses the border.
        members.replace(client.load())
    catalogue = Catalogue(store=store, index=index, codec=codec, files=files)
    origin = Origin(federation, me, ring.log_epoch)
    wakers: list[Callable[[], None]] = []
    matcher = Matcher(store=store, index=index, codec=codec, rank=rank, own=lambda: me)
    audit = AuditLog(store=store, origin=Origin(federation, me, 1, "audit"), clock=time.time, random=os.urandom)
    signer = ring.signer(STATEMENT)
    link = Link(home=home, settings=settings, ring=ring)
    return NodeRooms(
        home=home,
        settings=settings,
        ring=ring,
        database=database,
        store=store,
        codec=codec,
        index=index,
        index_files=files,
        catalogue=catalogue,
        members=members,
        roster_client=client,
        own_log=OwnLog(
            store=store,
            codec=codec,
            catalogue=catalogue,
            origin=origin,
            vkey=ring.vkey(log_role(ring.log_epoch)),
            signer=ring.signer(log_role(ring.log_epoch)),
            roster=members.current,
        ),
        ledger=Ledger(
            codec=codec,
            catalogue=catalogue,
            origin=origin,
            roster=members.current,
            clock=time.time,
            random=os.urandom,
            acknowledged=lambda: _call_all(wakers),
        ),
        audit=audit,
        alarms=Alarms(store=store, audit=audit, clock=time.time, log=str(origin)),
        matcher=matcher,
        intake=Intake(
            store=store,
            catalogue=catalogue,
            matcher=matcher,
            radius=lambda: latest_policy(members).radius,
            clock=time.time,
        ),
        inquirer=Inquirer(
            InquirerDeps(
                me=me,
                roster=members.current,
                matcher=matcher,
                store=store,
                codec=codec,
                audit=audit,
                signer=signer,
                clock=time.time,
                random=os.urandom,
            )
        ),
        answerer=Answerer(
            AnswererDeps(
                me=me,
                roster=members.current,
                matcher=matcher,
                store=store,
                view=catalogue.view,
                codec=codec,
                audit=audit,
                signer=signer,
                clock=time.time,
            )
        ),
        custody=Custody(
            store=store, catalogue=catalogue, clock=time.time, witnessed=newest_cosignature(members.current)
        ),
        link=link,
        wakers=wakers,
    )


def _call_all(wakers: list[Callable[[], None]]) -> None:
    for wake in wakers:
        wake()
