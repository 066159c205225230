"""The commands that make and read statements (records, links, notices, groups, reviews), and the service of each.

Rules this module upholds:

- This module decides nothing: each command gets only what it needs.
"""

from __future__ import annotations

import time

from node.app.node_services import NodeServices
from node.control.group_commands import GroupCommands
from node.control.link_commands import LinkCommands
from node.control.list_sharing_commands import ListSharingCommands
from node.control.notice_commands import NoticeCommands
from node.control.record_commands import RecordCommands
from node.control.review_commands import ReviewCommands
from node.control.sharing_commands import SharingCommands
from node.usecases.contribution import Contributing
from node.usecases.followed_groups import FollowedGroups
from node.usecases.followed_statements import FollowedStatements
from node.usecases.group_reading import GroupReading
from node.usecases.group_sharing import GroupSharing
from node.usecases.grouping import Grouping
from node.usecases.hit_details import HitDetails
from node.usecases.link_reading import LinkReading
from node.usecases.linking import Linking
from node.usecases.list_contribution import ListContributing
from node.usecases.list_sharing import ListSharing
from node.usecases.notices import Notices
from node.usecases.own_hashes import OwnHashes
from node.usecases.own_links import OwnLinks
from node.usecases.publication import Publications, Publishing
from node.usecases.record_reading import RecordReading
from node.usecases.recordlist import RecordList
from node.usecases.retraction import Retracting
from node.usecases.reviewing import Reviewing
from node.usecases.saying import Saying
from node.usecases.selection import Selector
from node.usecases.sharing import Sharing
from node.usecases.sources import sources


def notice_commands(services: NodeServices) -> NoticeCommands:
    """`vigil notice`."""
    return NoticeCommands(
        notices=Notices(
            store=services.store,
            codec=services.codec,
            ledger=services.ledger,
            audit=services.audit,
            own=services.own_log.origin,
        ),
        publishing=publishing(services),
    )


def review_commands(services: NodeServices) -> ReviewCommands:
    """`vigil review`, and `vigil hits show`."""
    details = HitDetails(
        store=services.store,
        codec=services.codec,
        matcher=services.matcher,
        list_hits=services.list_hits,
        records=record_list(services),
        radius=lambda: services.policy().radius,
        standing=lambda tx: sources(tx, services.members.latest()),
        verifier=services.verifier,
    )
    return ReviewCommands(
        reviewing=Reviewing(
            store=services.store,
            codec=services.codec,
            details=details,
            statements=_statements(services),
            audit=services.audit,
            clock=time.time,
        )
    )


def record_list(services: NodeServices) -> RecordList:
    """The records as a person reads them."""
    return RecordList(
        store=services.store,
        catalogue=services.catalogue,
        codec=services.codec,
        own=services.own_log.origin,
        verifier=services.verifier,
    )


def record_commands(services: NodeServices) -> RecordCommands:
    """`vigil records`, and what is said about one."""
    listed = record_list(services)
    return RecordCommands(
        reading=RecordReading(
            records=listed,
            groups=GroupReading(audiences=services.groups(), audit=services.audit),
            audit=services.audit,
            evidence_of=services.evidence,
        ),
        stating=_statements(services),
    )


def link_commands(services: NodeServices) -> LinkCommands:
    """`vigil link` and `vigil links`."""
    store, codec, audit, own = services.store, services.codec, services.audit, services.own_log.origin
    return LinkCommands(
        linking=Linking(
            store=store,
            records=record_list(services),
            ledger=services.ledger,
            groups=services.groups(),
            codec=codec,
            audit=audit,
            own=own,
        ),
        reading=LinkReading(store=store, codec=codec, verifier=services.verifier, audit=audit, own=own),
        own=OwnLinks(store=store, codec=codec, verifier=services.verifier, audit=audit, own=own),
        publishing=publishing(services),
    )


def _statements(services: NodeServices) -> FollowedStatements:
    own = services.own_log.origin.member
    groups = services.groups()
    saying = Saying(records=record_list(services), ledger=services.ledger, groups=groups, audit=services.audit, own=own)
    return FollowedStatements(saying=saying, publishing=publishing(services))


def publishing(services: NodeServices) -> Publishing:
    """How far our statements have come."""
    return Publishing(Publications(services.store), lambda: services.sender)


def sharing_commands(services: NodeServices) -> SharingCommands:
    """`vigil contribute` and `vigil retract`."""
    return SharingCommands(
        sharing=Sharing(
            contributing=Contributing(
                store=services.store,
                ledger=services.ledger,
                selector=Selector(services.index),
                recogniser=services.recogniser,
                groups=services.groups(),
                codec=services.codec,
                audit=services.audit,
            ),
            retracting=Retracting(
                store=services.store, ledger=services.ledger, audit=services.audit, own=services.own_log.origin
            ),
            publishing=publishing(services),
        )
    )


def group_commands(services: NodeServices) -> GroupCommands:
    """`vigil group`."""
    groups, ledger, audit = services.groups(), services.ledger, services.audit
    return GroupCommands(
        reading=GroupReading(audiences=groups, audit=audit),
        following=FollowedGroups(
            grouping=Grouping(audiences=groups, ledger=ledger, audit=audit),
            sharing=GroupSharing(audiences=groups, ledger=ledger, audit=audit),
            publishing=publishing(services),
        ),
    )


def list_sharing_commands(services: NodeServices) -> ListSharingCommands:
    """`vigil contribute --list`."""
    own = OwnHashes(index=services.index, codec=services.codec, own=services.own_log.origin.member)
    contributing = ListContributing(
        store=services.store,
        ledger=services.ledger,
        codec=services.codec,
        own=own,
        groups=services.groups(),
        audit=services.audit,
    )
    return ListSharingCommands(sharing=ListSharing(contributing=contributing, publishing=publishing(services)))
