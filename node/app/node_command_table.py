"""Every command of a node, and the service that each one calls.

Rules this module upholds:

- This module decides nothing: each command gets only what it needs.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator

from node.app import originals
from node.app.accounts import desk_sessions_of, officers_of
from node.app.address_wiring import address_commands
from node.app.bundles import NodeBundles, bundle_commands
from node.app.consultations import consultation_commands
from node.app.entities_and_reports import entity_commands, report_commands
from node.app.list_writing import Sender, scheme, write_list
from node.app.node_services import NodeServices
from node.app.rekeying import Rekeying
from node.app.statement_commands import (
    group_commands,
    link_commands,
    list_sharing_commands,
    notice_commands,
    publishing,
    record_commands,
    review_commands,
    sharing_commands,
)
from node.app.watching import alert_commands, watch_commands
from node.control.alarm_commands import AlarmCommands
from node.control.allow_commands import AllowCommands
from node.control.audit_commands import AuditCommands
from node.control.case_commands import CaseCommands
from node.control.case_file_commands import CaseFileCommands
from node.control.categorising_commands import CategorisingCommands
from node.control.commands import Commands
from node.control.desk_commands import DeskCommands
from node.control.export_commands import ExportCommands
from node.control.held_commands import HeldCommands
from node.control.hit_commands import HitCommands
from node.control.holding_commands import HoldingCommands
from node.control.key_commands import KeyCommands
from node.control.list_commands import ListCommands
from node.control.list_hit_commands import ListHitCommands
from node.control.media_commands import MediaCommands
from node.control.mute_commands import MuteCommands
from node.control.news_commands import NewsCommands
from node.control.node_commands import NodeCommands
from node.control.officer_commands import OfficerCommands
from node.control.query_commands import QueryCommands
from node.control.roster_commands import RosterCommands
from node.control.search_commands import SearchCommands
from node.control.sheet_commands import SheetCommands
from node.domain.ids import federation_id, member_id
from node.errors import Misuse
from node.media.sprites import compose
from node.pki.keys import STATEMENT
from node.usecases.allowing import AllowList
from node.usecases.asking import Asker, AskerDeps
from node.usecases.audit_reading import AuditReading
from node.usecases.case_notes import CaseNotes
from node.usecases.case_reading import CaseReading
from node.usecases.case_timeline import CaseTimeline
from node.usecases.case_work import CaseWork
from node.usecases.cases import Cases
from node.usecases.categorising import Categorising
from node.usecases.category_undo import CategoryUndo
from node.usecases.desk_drafts import DeskDrafts
from node.usecases.disposing import Disposing
from node.usecases.exports import Exports, Writing
from node.usecases.hit_reading import HitReading
from node.usecases.holding_reading import HoldingReading
from node.usecases.ingesting import Ingesting
from node.usecases.list_export import Export, Exporting, Shape
from node.usecases.list_importing import ListImporting
from node.usecases.list_keeping import ListKeeping
from node.usecases.looking import Limits, Looking
from node.usecases.news import NewsDesk
from node.usecases.node_status import OK, NodeStatuses
from node.usecases.own_keys import OwnKeys
from node.usecases.planning import Planner
from node.usecases.query_reading import QueryReading
from node.usecases.querying import Querying
from node.usecases.searching import Searching
from node.usecases.selection import Selector
from node.usecases.sheets import Sheets
from node.usecases.sources import Muting
from node.usecases.upkeep import NodeUpkeep


def node_commands(services: NodeServices) -> Commands:
    """All commands of a node by name."""
    cases = Cases(services.store)
    hit_reading = HitReading(hits=services.hits, list_hits=services.list_hits, cases=cases, audit=services.audit)
    return Commands.of(
        _search(services, cases),
        _queries(services),
        record_commands(services),
        link_commands(services),
        sharing_commands(services),
        list_sharing_commands(services),
        group_commands(services),
        _node(services),
        RosterCommands(roster=services.members.current),
        KeyCommands(
            keys=OwnKeys(audit=services.audit, change=lambda: _rekeying(services), own=services.members.set_own)
        ),
        AuditCommands(reading=AuditReading(store=services.store, audit=services.audit)),
        AlarmCommands(alarms=services.alarms),
        HitCommands(reading=hit_reading),
        review_commands(services),
        CaseCommands(
            reading=CaseReading(cases=cases, hits=services.hits, list_hits=services.list_hits, audit=services.audit)
        ),
        _case_files(services),
        _categorising(services),
        consultation_commands(services, publishing(services)),
        NewsCommands(desk=NewsDesk(store=services.store, now=time.monotonic)),
        SheetCommands(sheets=Sheets(store=services.store, audit=services.audit)),
        MediaCommands(looking=_looking(services)),
        HoldingCommands(
            reading=HoldingReading(
                store=services.store,
                audit=services.audit,
                has_original=originals.finder(services.home.originals),
            ),
            disposing=Disposing(disposal=services.disposal, store=services.store, audit=services.audit),
        ),
        entity_commands(services),
        report_commands(services),
        AllowCommands(allowed=_allowed(services)),
        address_commands(services),
        ListCommands(
            importing=ListImporting(lists=services.lists, cases=cases), keeping=ListKeeping(lists=services.lists)
        ),
        ListHitCommands(reading=hit_reading),
        _export(services),
        MuteCommands(
            muting=Muting(
                store=services.store,
                audit=services.audit,
                clock=time.time,
                own=services.own_log.origin.member,
                latest=services.members.latest,
            )
        ),
        HeldCommands(held=services.held, watches=services.watches.held),
        watch_commands(services),
        alert_commands(services),
        notice_commands(services),
        OfficerCommands(known=officers_of(services.settings, services.store, services.audit)),
        DeskCommands(
            sessions=desk_sessions_of(services.settings, services.store, services.audit),
            drafts=DeskDrafts(store=services.store, clock=time.time),
        ),
        bundle_commands(services),
    )


def _looking(services: NodeServices) -> Looking:
    settings = services.settings
    return Looking(
        store=services.store,
        files=services.preview_files,
        audit=services.audit,
        clock=time.time,
        random=os.urandom,
        compose=compose,
        limits=Limits(budget=settings.preview_budget, break_minutes=settings.preview_break_minutes),
    )


def _case_files(services: NodeServices) -> CaseFileCommands:
    store, audit = services.store, services.audit
    return CaseFileCommands(
        work=CaseWork(store=store, audit=audit, policy=services.policy, clock=time.time),
        notes=CaseNotes(store=store, audit=audit, clock=time.time),
        timeline=CaseTimeline(store=store, audit=audit),
    )


def _categorising(services: NodeServices) -> CategorisingCommands:
    return CategorisingCommands(
        categorising=Categorising(
            store=services.store,
            selector=Selector(services.index),
            audit=services.audit,
            policy=services.policy,
            clock=time.time,
        ),
        undo=CategoryUndo(store=services.store, audit=services.audit, clock=time.time),
    )


def _allowed(services: NodeServices) -> AllowList:
    return AllowList(store=services.store, audit=services.audit, clock=time.time)


def _export(services: NodeServices) -> ExportCommands:
    federation, me = federation_id(services.settings.federation), member_id(services.settings.member)

    def write(form: str, export: Export, shape: Shape, what: bytes, at: int) -> tuple[Iterator[bytes], Counter[str]]:
        roster = services.members.latest()
        known = roster.members.get(me) if roster else None
        sender = Sender(federation=federation, member=me, name=known.name if known else me, what=what, at=at)
        return write_list(form, export, shape, sender)

    exporting = Exporting(
        store=services.store, catalogue=services.catalogue, clock=time.time, verifier=services.verifier
    )
    return ExportCommands(
        exports=Exports(
            exporting=exporting,
            bundles=NodeBundles(services, exporting),
            writing=Writing(scheme=scheme, write=write),
            audit=services.audit,
            signer=services.ring.signer(STATEMENT),
            federation=federation,
            member=me,
        )
    )


def _search(services: NodeServices, cases: Cases) -> SearchCommands:
    return SearchCommands(
        ingesting=Ingesting(
            intake=services.intake,
            hits=services.hits,
            cases=cases,
            store=services.store,
            audit=services.audit,
            random=os.urandom,
            previews=services.previews.wanted,
        ),
        searching=Searching(
            policy=services.policy,
            matcher=services.matcher,
            kept=services.kept,
            cases=cases,
            store=services.store,
            audit=services.audit,
            verifier=services.verifier,
        ),
    )


def _node(services: NodeServices) -> NodeCommands:
    return NodeCommands(
        statuses=NodeStatuses(
            own=services.own_log.origin,
            store=services.store,
            latest=services.members.latest,
            health=lambda: {**services.health(), "index": services.index_files.trouble or OK},
            heads=lambda: services.link.heads([]),
            certificate_expires=services.link.expires,
            hits=services.hits,
            clock=time.time,
        ),
        upkeep=NodeUpkeep(
            store=services.store,
            audit=services.audit,
            latest=services.members.latest,
            check_index=services.catalogue.check_index,
            codec=services.codec,
        ),
    )


def _rekeying(services: NodeServices) -> Rekeying:
    if services.secret is None:
        raise Misuse("this node's keys were not opened with a passphrase")
    return Rekeying(
        home=services.home,
        settings=services.settings,
        secret=services.secret,
        former=services.ring,
        client=services.roster_client,
        store=services.store,
    )


def _queries(services: NodeServices) -> QueryCommands:
    me = member_id(services.settings.member)
    planner = Planner(
        me=me,
        roster=services.members.current,
        allowed=_allowed(services),
        groups=services.groups(),
        store=services.store,
        codec=services.codec,
        clock=time.time,
        random=os.urandom,
    )
    asker = Asker(
        AskerDeps(
            me=me,
            roster=services.members.current,
            inquirer=services.inquirer,
            relay=services.link.ask,
            store=services.store,
            clock=time.time,
            random=os.urandom,
        )
    )
    return QueryCommands(
        querying=Querying(
            planner=planner, asker=asker, store=services.store, codec=services.codec, verifier=services.verifier
        ),
        reading=QueryReading(
            store=services.store, codec=services.codec, audit=services.audit, verifier=services.verifier
        ),
    )
