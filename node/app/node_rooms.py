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
from typing import TYPE_CHECKING, Any

import structlog

from node.app import originals
from node.app.homes import examine_database, opened_database, right_database
from node.app.link import Link
from node.app.node_keys import KeysInForce, keys_in_force
from node.app.rekeying import Rekeying
from node.control.alarm_commands import AlarmCommands
from node.control.allow_commands import AllowCommands
from node.control.audit_commands import AuditCommands
from node.control.commands import Commands
from node.control.held_commands import HeldCommands
from node.control.hit_commands import HitCommands
from node.control.holding_commands import HoldingCommands
from node.control.key_commands import KeyCommands
from node.control.mute_commands import MuteCommands
from node.control.node_commands import OK, NodeCommands
from node.control.query_commands import QueryCommands
from node.control.record_commands import RecordCommands
from node.control.search_commands import SearchCommands
from node.control.sharing_commands import SharingCommands
from node.domain.homes import Finding
from node.domain.ids import Origin, federation_id, member_id
from node.domain.roster import Policy
from node.errors import Misuse, NotFound, Refused, VigilError
from node.match.folder import IndexFolder
from node.match.index import LocalIndex
from node.match.ranking import rank
from node.pki.client import RosterClient
from node.pki.keys import STATEMENT, KeyRing, log_role
from node.pki.wrapping import Passphrase
from node.usecases.alarms import Alarms
from node.usecases.allowing import AllowList
from node.usecases.answering import Answerer
from node.usecases.arrivals import Arrivals
from node.usecases.asking import Asker, AskerDeps
from node.usecases.audit import AuditLog
from node.usecases.catalogue import Catalogue
from node.usecases.contribution import Contributing
from node.usecases.custody import Custody, newest_cosignature
from node.usecases.disposal import Disposal
from node.usecases.evidence import build_evidence
from node.usecases.finding import AnswererDeps
from node.usecases.held_questions import HeldDeps, HeldQuestions
from node.usecases.hit_list import HitList
from node.usecases.homes import refusal
from node.usecases.inquiry import Inquirer, InquirerDeps
from node.usecases.intake import Intake
from node.usecases.ledger import Ledger
from node.usecases.matching import Matcher
from node.usecases.ownlog import OwnLog
from node.usecases.planning import Planner
from node.usecases.publication import Publications
from node.usecases.recognition import Recogniser
from node.usecases.recordlist import RecordList
from node.usecases.retraction import Retracting
from node.usecases.roster import Members
from node.usecases.saying import Saying
from node.usecases.selection import Selector
from node.usecases.sources import Muting, Sources, sources
from node.usecases.stored_hits import StoredHits
from node.wire.convert import ProtoCodec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from node.app.homes import OpenDatabase
    from node.config import Config, Home
    from node.domain.ids import RecordId
    from node.domain.ports import Store, StoreReader
    from node.domain.services import Reply
    from node.usecases.publication import Sender

_log = structlog.get_logger(__name__)
Line = dict[str, Any]


@dataclass(slots=True, kw_only=True)
class NodeRooms:
    """Everything of one node but its connections. `wakers`: called after each acknowledged statement; `sender`: carries
    our log to the hub, where a daemon runs; `bringers`: called with each decision about a held question; `secret`: the
    passphrase that its keys were opened with, for those that a change of keys makes.
    """

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
    hits: HitList
    kept: StoredHits
    arrivals: Arrivals
    recogniser: Recogniser
    intake: Intake
    inquirer: Inquirer
    answerer: Answerer
    held: HeldQuestions
    custody: Custody
    disposal: Disposal
    link: Link
    secret: Passphrase | None = None
    wakers: list[Callable[[], None]] = field(default_factory=list)
    bringers: list[Callable[[Reply], None]] = field(default_factory=list)
    health: Callable[[], Line] = lambda: {"daemon": False}
    sender: Sender | None = None

    def policy(self) -> Policy:
        """The federation's policy as it was verified last, or the default before the first roster."""
        return latest_policy(self.members)

    def commands(self) -> Commands:
        """All commands of a node by name."""
        allowed = AllowList(store=self.store, audit=self.audit, clock=time.time)
        search = SearchCommands(
            policy=self.policy,
            intake=self.intake,
            matcher=self.matcher,
            hits=self.hits,
            kept=self.kept,
            store=self.store,
            audit=self.audit,
            clock=time.time,
        )
        own, listed = self.own_log.origin, self._list()
        publications = Publications(self.store)
        queries = self._query_commands(allowed)
        records = RecordCommands(
            list=listed,
            saying=Saying(records=listed, ledger=self.ledger, audit=self.audit, own=own.member),
            publications=publications,
            sender=lambda: self.sender,
            audit=self.audit,
            clock=time.time,
            evidence_of=self._evidence,
        )
        sharing = SharingCommands(
            contributing=Contributing(
                store=self.store,
                ledger=self.ledger,
                selector=Selector(self.index),
                recogniser=self.recogniser,
                codec=self.codec,
                audit=self.audit,
            ),
            retracting=Retracting(store=self.store, ledger=self.ledger, audit=self.audit, own=own),
            publications=publications,
            sender=lambda: self.sender,
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
            hits=self.hits,
            random=os.urandom,
            clock=time.time,
        )
        audit = AuditCommands(origin=self.audit.origin, store=self.store, audit=self.audit, clock=time.time)
        holdings = HoldingCommands(
            disposal=self.disposal,
            store=self.store,
            audit=self.audit,
            has_original=originals.finder(self.home.originals),
            clock=time.time,
        )
        hits = HitCommands(hits=self.hits, audit=self.audit, clock=time.time)
        keys = KeyCommands(audit=self.audit, work=self._rekeying, own=self.members.set_own)
        allow = AllowCommands(allowed=allowed)
        alarms = AlarmCommands(alarms=self.alarms)
        mute = MuteCommands(
            muting=Muting(
                store=self.store, audit=self.audit, clock=time.time, own=own.member, latest=self.members.latest
            )
        )
        held = HeldCommands(held=self.held)
        groups = (search, queries, records, sharing, node, keys, audit, alarms, hits, holdings, allow, mute, held)
        return Commands.of(*groups)

    def _rekeying(self) -> Rekeying:
        if self.secret is None:
            raise Misuse("this node's keys were not opened with a passphrase")
        return Rekeying(
            home=self.home,
            settings=self.settings,
            secret=self.secret,
            former=self.ring,
            client=self.roster_client,
            store=self.store,
        )

    def _list(self) -> RecordList:
        return RecordList(store=self.store, catalogue=self.catalogue, codec=self.codec, own=self.own_log.origin)

    def _query_commands(self, allowed: AllowList) -> QueryCommands:
        me = member_id(self.settings.member)
        return QueryCommands(
            planner=Planner(
                me=me,
                roster=self.members.current,
                allowed=allowed,
                store=self.store,
                codec=self.codec,
                clock=time.time,
                random=os.urandom,
            ),
            asker=Asker(
                AskerDeps(
                    me=me,
                    roster=self.members.current,
                    inquirer=self.inquirer,
                    relay=self.link.ask,
                    store=self.store,
                    clock=time.time,
                    random=os.urandom,
                )
            ),
            store=self.store,
            codec=self.codec,
            audit=self.audit,
            clock=time.time,
        )

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
    secret = Passphrase(passphrase().encode())
    client = open_roster(home, settings)
    with ExitStack() as opened:
        database = opened.enter_context(opened_database(home, examined))
        keys = keys_in_force(home, settings, secret, client, database.store)
        rooms = _wire(home, settings, keys, client, database)
        rooms.secret = secret
        opened.callback(rooms.audit.close)
        opened.callback(rooms.index.close)
        opened.callback(rooms.index_files.close)
        rooms.catalogue.start(progress)
        finish_deletions(rooms)
        yield rooms


def finish_deletions(rooms: NodeRooms) -> None:
    """Goes on with deletions that were ordered and not finished. What stops them stops nothing else: they are ordered
    still, and taken up again with the next sweep or the next start.
    """
    try:
        rooms.disposal.finish()
    except VigilError as error:
        _log.warning("a deletion that was ordered is not finished", kind=error.kind)


def _wire(home: Home, settings: Config, keys: KeysInForce, client: RosterClient, database: OpenDatabase) -> NodeRooms:
    store = database.store
    me, federation, ring = member_id(settings.member), federation_id(settings.federation), keys.ring
    codec, index = ProtoCodec(), LocalIndex()
    files = IndexFolder(home.index, index)
    members = Members(clock=time.time, own=keys.own_line())
    with suppress(NotFound, Refused):
        # Not admitted yet: local work goes on, and nothing crosses the border.
        members.replace(client.load())
    catalogue = Catalogue(store=store, index=index, codec=codec, files=files)
    origin = Origin(federation, me, ring.log_epoch)
    wakers: list[Callable[[], None]] = []
    bringers: list[Callable[[Reply], None]] = []
    recogniser = Recogniser(index=index, codec=codec, own=me)

    def standing(tx: StoreReader) -> Sources:
        return sources(tx, members.latest())

    audit = AuditLog(store=store, origin=Origin(federation, me, 1, "audit"), clock=time.time, random=os.urandom)
    alarms = Alarms(store=store, audit=audit, clock=time.time, log=str(origin))
    matcher = Matcher(
        store=store,
        index=index,
        codec=codec,
        rank=rank,
        own=lambda: me,
        standing=standing,
        disagreed=alarms.index_disagrees,
    )
    hits = StoredHits(store=store, own=me, clock=time.time)
    signer = ring.signer(STATEMENT)
    ledger = Ledger(
        codec=codec,
        catalogue=catalogue,
        origin=origin,
        roster=members.current,
        clock=time.time,
        random=os.urandom,
        acknowledged=lambda: _call_all(wakers),
    )
    link = Link(home=home, settings=settings, ring=ring)
    answerer = Answerer(
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
    )
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
        ledger=ledger,
        audit=audit,
        alarms=alarms,
        matcher=matcher,
        kept=hits,
        hits=HitList(store=store, codec=codec, own=me, clock=time.time, standing=standing),
        arrivals=Arrivals(
            store=store,
            index=index,
            codec=codec,
            matcher=matcher,
            hits=hits,
            own=me,
            radius=lambda: latest_policy(members).radius,
        ),
        recogniser=recogniser,
        intake=Intake(
            store=store,
            catalogue=catalogue,
            matcher=matcher,
            hits=hits,
            recogniser=recogniser,
            radius=lambda: latest_policy(members).radius,
            clock=time.time,
            references=settings.file_references,
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
        answerer=answerer,
        held=HeldQuestions(
            HeldDeps(
                roster=members.current,
                store=store,
                codec=codec,
                matcher=matcher,
                answerer=answerer,
                audit=audit,
                clock=time.time,
                send=lambda reply: _bring(bringers, reply),
            )
        ),
        custody=Custody(
            store=store,
            catalogue=catalogue,
            clock=time.time,
            witnessed=newest_cosignature(members.current),
            member=me,
        ),
        disposal=Disposal(
            store=store,
            catalogue=catalogue,
            retract=ledger.retract,
            remove_original=originals.remover(home.originals),
        ),
        link=link,
        wakers=wakers,
        bringers=bringers,
    )


def _bring(bringers: list[Callable[[Reply], None]], reply: Reply) -> None:
    for bring in bringers:
        bring(reply)


def _call_all(wakers: list[Callable[[], None]]) -> None:
    for wake in wakers:
        wake()
