"""The tables of case files: officers, notes and events. By the rules of `node.store.schema`."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Index, Table

from node.store.tables.columns import counting, integer, metadata, string

case_files: Final = Table(
    "case_files",
    metadata,
    string("reference", key=True),
    string("status"),
    integer("version"),
    integer("opened_at"),
    integer("changed_at"),
    string("lead"),
    # Title, purpose, legal basis and outcome.
    integer("vault_id"),
    sqlite_with_rowid=False,
)
"""Cases that were opened (`domain.case_files.CaseFile`). The holdings of each case are in `cases`."""

case_officers: Final = Table(
    "case_officers",
    metadata,
    string("reference", key=True),
    string("officer", key=True),
    Index("case_officers_by_officer", "officer", "reference"),
    sqlite_with_rowid=False,
)

case_notes: Final = Table(
    "case_notes",
    metadata,
    counting("id"),
    string("reference"),
    integer("number"),
    integer("version"),
    integer("at"),
    string("officer"),
    integer("vault_id"),
    Index("case_notes_by_number", "reference", "number", "version", unique=True),
    sqlite_autoincrement=True,
)
"""Every version of every note."""

case_events: Final = Table(
    "case_events",
    metadata,
    counting("id"),
    string("reference"),
    string("kind"),
    integer("at"),
    integer("until"),
    string("officer"),
    integer("amount"),
    string("subject"),
    integer("version"),
    # An outcome; 0 for none.
    integer("vault_id"),
    Index("case_events_by_time", "reference", "at", "id"),
    sqlite_autoincrement=True,
)
"""What happened in a case (`domain.case_events.CaseEvent`), also in one that was never opened."""
