"""Every command of a hub, and the service that each one calls.

Rules this module upholds:

- This module decides nothing: each command gets only what it needs.
"""

from __future__ import annotations

import time
from pathlib import Path

from node.app.accounts import desk_sessions_of, officers_of
from node.app.hub_archive import backup
from node.app.hub_services import HubServices
from node.control.audit_commands import AuditCommands
from node.control.commands import Commands
from node.control.desk_commands import DeskCommands
from node.control.hub_commands import HubCommands
from node.control.hub_notice_commands import HubNoticeCommands
from node.control.officer_commands import OfficerCommands
from node.domain.ids import federation_id
from node.usecases.audit_reading import AuditReading
from node.usecases.desk_drafts import DeskDrafts
from node.usecases.hub_operation import HubOperation
from node.usecases.hub_status import HubStatuses
from node.usecases.notice_review import NoticeReview


def hub_commands(services: HubServices) -> Commands:
    """All commands of a hub by name."""
    return Commands.of(
        HubCommands(operation=_operation(services), statuses=_statuses(services)),
        HubNoticeCommands(review=_review(services)),
        AuditCommands(reading=AuditReading(store=services.store, audit=services.audit)),
        OfficerCommands(known=officers_of(services.settings, services.store, services.audit)),
        DeskCommands(
            sessions=desk_sessions_of(services.settings, services.store, services.audit),
            drafts=DeskDrafts(store=services.store, clock=time.time),
        ),
    )


def _review(services: HubServices) -> NoticeReview:
    return NoticeReview(
        store=services.store,
        codec=services.codec,
        audit=services.audit,
        federation=federation_id(services.settings.federation),
        speech=services.own_log,
        roster=services.members.current,
    )


def _operation(services: HubServices) -> HubOperation:
    return HubOperation(
        codec=services.codec,
        addresses=(
            services.settings.public_hub or services.settings.hub,
            services.settings.public_enrolment or services.settings.enrolment,
        ),
        ca_sha256=services.ca.sha256,
        store=services.store,
        audit=services.audit,
        desk=services.enrolment,
        latest=services.members.latest,
        request=services.signing_request,
        describe=services.describe_request,
        root=services.repository.root_pin,
        accept=services.accept,
        suspend_member=services.suspend,
        lift=services.lift,
        make_keys=lambda compromised: services.rekey(compromised=compromised),
        drop_keys=services.drop_keys,
        make_log_key=services.new_log_key,
        make_backup=lambda path: backup(services.home, services.store, services.members.latest(), Path(path)),
    )


def _statuses(services: HubServices) -> HubStatuses:
    return HubStatuses(
        federation=services.settings.federation,
        store=services.store,
        latest=services.members.latest,
        authority_until=services.authority_until,
        sameness=services.outliers.of,
        attending=lambda: services.attending(),  # noqa: PLW0108 (the daemon sets it later)
        claimed=services.carrier.claimed,
        troubles=lambda: dict(services.carrier.troubles),
        new_keys=lambda: (services.halted or "wait for the authority's signature") if services.change.waits() else "",
        own_log=services.why_own_log_is_closed,
        notices_waiting=_review(services).waiting,
        daemon=lambda: services.daemon,
        refused=services.refused,
        at_once=lambda member: services.at_once(member),  # noqa: PLW0108 (the daemon sets it later)
        clock=time.time,
    )
