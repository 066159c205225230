"""The commands for entities and for reports of cases, with the services of a node that they use.

Rules this module upholds:

- As in `node.app.node_command_table`: this module decides nothing.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from node.control.entity_commands import EntityCommands
from node.control.report_commands import ReportCommands
from node.domain.ids import federation_id, member_id
from node.interop.case_report_html import write_html
from node.interop.case_report_json import write_json
from node.usecases.case_reports import CaseReports
from node.usecases.entities import Entities
from node.usecases.entity_deletion import EntityDeletion
from node.usecases.entity_views import EntityViews

if TYPE_CHECKING:
    from collections.abc import Iterator

    from node.app.node_services import NodeServices
    from node.usecases.report_values import CaseReport


def entity_commands(services: NodeServices) -> EntityCommands:
    """Those for persons, places and things."""
    return EntityCommands(
        known=EntityViews(store=services.store, audit=services.audit),
        acts=Entities(store=services.store, audit=services.audit, clock=time.time),
        deletion=EntityDeletion(store=services.store, audit=services.audit),
    )


def report_commands(services: NodeServices) -> ReportCommands:
    """Those for reports of cases."""

    def write_pdf(report: CaseReport) -> Iterator[bytes]:
        # Its library takes half a second to load.
        from node.interop.case_report_pdf import write_pdf as write

        return write(report)

    return ReportCommands(
        reports=CaseReports(
            store=services.store,
            codec=services.codec,
            audit=services.audit,
            clock=time.time,
            federation=federation_id(services.settings.federation),
            member=member_id(services.settings.member),
            renderers={"pdf": write_pdf, "html": write_html, "json": write_json},
            verifier=services.verifier,
        )
    )
