"""Case files with officers, notes and events, and categorisations of holdings. See `node.store.schema`.

The events of cases of before begin with the ingests, as far as the holdings tell: one event for each day on which
holdings of the case were first taken in. Nobody noted the officer.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from node.errors import Misuse

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_LONG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_INGESTS = (
    "INSERT INTO case_events (reference, kind, at, until, officer, amount, subject, version, vault_id)"
    " SELECT cases.reference, 'ingested', min(holdings.added_at), max(holdings.added_at), '', count(*), '', 0, 0"
    " FROM cases JOIN holdings ON holdings.id = cases.holding_id"
    " GROUP BY cases.reference, holdings.added_at / 86400 ORDER BY cases.reference, min(holdings.added_at)"
)


def _id() -> sa.Column[int]:
    return sa.Column("id", _LONG, nullable=False, autoincrement=True)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, _LONG, nullable=False, autoincrement=False)


def upgrade() -> None:
    op.create_table(
        "case_files",
        _text("reference"),
        _text("status"),
        *map(_number, ("version", "opened_at", "changed_at")),
        _text("lead"),
        _number("vault_id"),
        sa.PrimaryKeyConstraint("reference"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "case_officers",
        _text("reference"),
        _text("officer"),
        sa.PrimaryKeyConstraint("reference", "officer"),
        sqlite_with_rowid=False,
    )
    op.create_index("case_officers_by_officer", "case_officers", ["officer", "reference"])
    op.create_table(
        "case_notes",
        _id(),
        _text("reference"),
        *map(_number, ("number", "version", "at")),
        _text("officer"),
        _number("vault_id"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("case_notes_by_number", "case_notes", ["reference", "number", "version"], unique=True)
    op.create_table(
        "case_events",
        _id(),
        _text("reference"),
        _text("kind"),
        *map(_number, ("at", "until")),
        _text("officer"),
        _number("amount"),
        _text("subject"),
        *map(_number, ("version", "vault_id")),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("case_events_by_time", "case_events", ["reference", "at", "id"])
    op.execute(_INGESTS)
    _categorisations()


def _categorisations() -> None:
    op.create_table(
        "categorisations",
        _id(),
        *map(_number, ("holding_id", "version", "present")),
        _text("category"),
        _number("at"),
        _text("officer"),
        _number("vault_id"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("categorisations_by_holding", "categorisations", ["holding_id", "version"], unique=True)
    op.create_index(
        "categorisations_by_category",
        "categorisations",
        ["category", "holding_id"],
        sqlite_where=sa.text("present = 1"),
    )


def downgrade() -> None:
    raise Misuse("an older program cannot read this database: restore a backup made by it")
