"""Opens a node: examines its home, opens its keys and its database, and wires its services.

Rules this module upholds:

- This node's own data can be read and searched without a hub and without a current roster. Exchange with other members
  needs both.
"""

from __future__ import annotations

import os
import time
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

import structlog

from node.app import originals
from node.app.homes import opened_database, right_database
from node.app.link import Link
from node.app.node_keys import KeysInForce, keys_in_force
from node.app.node_services import NodeServices, latest_policy
from node.app.watching import kept_watches, local_watches_of
from node.domain.ids import Origin, federation_id, member_id
from node.errors import NotFound, Refused, VigilError
from node.match.folder import IndexFolder
from node.match.index import LocalIndex
from node.match.ranking import rank
from node.pki.client import RosterClient
from node.pki.keys import STATEMENT, log_role
from node.pki.wrapping import Passphrase
from node.store.preview_files import SegmentFiles
from node.store.store import open_node_store
from node.usecases.alarms import Alarms
from node.usecases.answering import Answerer
from node.usecases.arrival_alerts import ArrivalAlerts
from node.usecases.arrivals import Arrivals
from node.usecases.catalogue import Catalogue
from node.usecases.custody import NodeCustody, newest_cosignature
from node.usecases.disposal import Disposal
from node.usecases.finding import AnswererDeps
from node.usecases.held_questions import HeldDeps, HeldQuestions
from node.usecases.hit_list import HitList
from node.usecases.inquiry import Inquirer, InquirerDeps
from node.usecases.intake import Intake
from node.usecases.ledger import Ledger
from node.usecases.list_comparing import ListComparing
from node.usecases.list_hits import ListHits
from node.usecases.lists import Lists
from node.usecases.matching import Matcher
from node.usecases.node_audit import NodeAuditLog
from node.usecases.ownlog import OwnLog
from node.usecases.preview_keeping import PreviewKeeping
from node.usecases.recognition import Recogniser
from node.usecases.roster import Members
from node.usecases.sources import Sources, sources
from node.usecases.stored_hits import StoredHits
from node.usecases.verification import Verifier
from node.wire.convert import ProtoCodec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from node.app.homes import OpenDatabase
    from node.config import Config, Home
    from node.domain.services import Reply
    from node.domain.stores import NodeStore, NodeStoreReader

_log = structlog.get_logger(__name__)


def open_roster(home: Home, settings: Config) -> RosterClient:
    """The node's copy of the roster. Raises `NotFound` if the node was not admitted yet, `Damaged`."""
    try:
        return RosterClient(
            home.metadata,
            federation=federation_id(settings.federation),
            root_sha256=bytes.fromhex(settings.root_sha256),
        )
    except NotFound:
        if (home.tls / "node.der").exists():
            raise NotFound(
                "the roster of this node is missing: the folder roster/ was deleted",
                remedy="restore the folder roster/ from a backup; without one, join again with a new invitation "
                "(vigil node join --token TOKEN): keys and records are kept",
            ) from None
        raise NotFound(
            "this node has no roster yet: it waits for the authority's signature",
            remedy="when the authority has signed: vigil node run (or the same vigil node join again)",
        ) from None


@contextmanager
def open_node(
    home: Home, settings: Config, passphrase: Callable[[], str], progress: Callable[[int, int], None]
) -> Iterator[NodeServices]:
    """Opens a node's services, and brings the index up to date with the store. The caller holds the home's lock.
    `progress(done, total)`: called while the index is built or updated.

    Raises `WrongDatabase` kinds, `NotFound`, `Damaged`, `StoreError`.
    """
    # This comes first, so that nobody types a passphrase for a wrong database.
    examined = right_database(home, settings)
    secret = Passphrase(passphrase().encode())
    client = open_roster(home, settings)
    with ExitStack() as opened:
        database = opened.enter_context(opened_database(home, examined, open_node_store))
        keys = keys_in_force(home, settings, secret, client, database.store)
        services = _wire(home, settings, keys, client, database)
        services.secret = secret
        services.watches = kept_watches(services)
        opened.callback(services.audit.close)
        opened.callback(services.index.close)
        opened.callback(services.index_files.close)
        services.catalogue.start(progress)
        finish_deletions(services)
        _start_previews(services)
        yield services


def finish_deletions(services: NodeServices) -> None:
    """Continues unfinished deletions, of holdings and of lists. An error here stops nothing else: the deletions stay
    ordered, and the next sweep or start continues them.
    """
    for finish in (services.disposal.finish, services.lists.finish_removals):
        try:
            finish()
        except VigilError as error:
            _log.warning("an ordered deletion is not finished", kind=error.kind)


def _start_previews(services: NodeServices) -> None:
    """Removes what a crash left of previews. An error here stops nothing else: what has no key cannot be read."""
    try:
        services.previews.start()
    except VigilError as error:
        _log.warning("the files of previews are not tidied", kind=error.kind)


def _wire(
    home: Home, settings: Config, keys: KeysInForce, client: RosterClient, database: OpenDatabase[NodeStore]
) -> NodeServices:
    store = database.store
    me, federation, ring = member_id(settings.member), federation_id(settings.federation), keys.ring
    members = Members(clock=time.time, own=keys.own_line())
    with suppress(NotFound, Refused):
        # Not admitted yet: local work continues, without exchange with other members.
        members.replace(client.load())
    # If a later policy lowers the floor, it applies to stored fingerprints from the next start: the index is then
    # rebuilt.
    codec, index = ProtoCodec(), LocalIndex(floor=latest_policy(members).pdq_quality_floor)
    files = IndexFolder(home.index, index)
    alerting = ArrivalAlerts(own=me, codec=codec, clock=time.time)
    catalogue = Catalogue(
        store=store,
        index=index,
        codec=codec,
        files=files,
        alerting=alerting,
        unasked=lambda log, notices: alarms.false_notices(log, notices),  # noqa: PLW0108 (made below)
    )
    origin = Origin(federation, me, ring.log_epoch)
    wakers: list[Callable[[], None]] = []
    bringers: list[Callable[[Reply], None]] = []
    recogniser = Recogniser(index=index, codec=codec, own=me)

    def standing(tx: NodeStoreReader) -> Sources:
        return sources(tx, members.latest())

    audit = NodeAuditLog(store=store, origin=Origin(federation, me, 1, "audit"), clock=time.time, random=os.urandom)
    alarms = Alarms(store=store, audit=audit, clock=time.time, log=str(origin))
    matcher = Matcher(
        store=store,
        index=index,
        codec=codec,
        rank=rank,
        own=lambda: me,
        standing=standing,
        floor=lambda: latest_policy(members).pdq_quality_floor,
        disagreed=alarms.index_disagrees,
    )
    preview_files = SegmentFiles(home.previews)
    previews = PreviewKeeping(store=store, files=preview_files, wanted=settings.previews, scrub=store.scrub)
    hits = StoredHits(store=store, own=me, clock=time.time)
    local_watches = local_watches_of(
        store=store,
        codec=codec,
        index=index,
        matcher=matcher,
        radius=lambda: latest_policy(members).radius,
        me=me,
    )
    verifier = Verifier(codec=codec, latest=members.latest)
    list_hits = ListHits(store=store, index=index, matcher=matcher, radius=lambda: latest_policy(members).radius)
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
    return NodeServices(
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
        verifier=verifier,
        kept=hits,
        hits=HitList(store=store, codec=codec, own=me, clock=time.time, standing=standing, verifier=verifier),
        arrivals=Arrivals(
            store=store,
            index=index,
            codec=codec,
            matcher=matcher,
            hits=hits,
            own=me,
            radius=lambda: latest_policy(members).radius,
            watches=local_watches,
        ),
        local_watches=local_watches,
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
            previews=previews,
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
        custody=NodeCustody(
            store=store,
            catalogue=catalogue,
            clock=time.time,
            # A node without a line has an old roster. Its records expire all the same: both clocks must agree.
            witnessed=newest_cosignature(members.known),
            member=me,
        ),
        disposal=Disposal(
            store=store,
            catalogue=catalogue,
            retract=ledger.retract,
            remove_original=originals.remover(home.originals),
            tidy_previews=previews.tidy,
            clock=time.time,
        ),
        previews=previews,
        preview_files=preview_files,
        list_hits=list_hits,
        lists=Lists(
            store=store,
            catalogue=catalogue,
            audit=audit,
            comparing=ListComparing(store=store, index=index, hits=list_hits),
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
