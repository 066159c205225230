"""Entities: the persons, places and things of an investigation. See `node.store.schema`."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from node.errors import Misuse

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_LONG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _number(name: str, *, counts: bool = False) -> sa.Column[int]:
    return sa.Column(name, _LONG, nullable=False, autoincrement=counts)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _counted(name: str, *columns: sa.Column[int] | sa.Column[str]) -> None:
    op.create_table(
        name, _number("id", counts=True), *columns, sa.PrimaryKeyConstraint("id"), sqlite_autoincrement=True
    )


def upgrade() -> None:
    _counted(
        "entities", _text("kind"), _text("status"), *map(_number, ("vault_id", "added_at", "merged_into", "version"))
    )
    op.create_index("entities_by_survivor", "entities", ["merged_into"])
    op.create_table(
        "entity_cases",
        _text("reference"),
        _number("entity_id"),
        sa.PrimaryKeyConstraint("reference", "entity_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("entity_cases_by_entity", "entity_cases", ["entity_id"])
    _counted("entity_notes", *map(_number, ("entity_id", "number", "version", "at", "vault_id")))
    op.create_index("entity_notes_by_entity", "entity_notes", ["entity_id", "number", "version"], unique=True)
    _counted(
        "entity_links",
        *map(_number, ("entity_id", "holding_id")),
        *map(_text, ("role", "certainty")),
        *map(_number, ("at", "vault_id", "withdrawn_at", "withdrawn_vault_id")),
    )
    op.create_index("entity_links_by_entity", "entity_links", ["entity_id"])
    op.create_index("entity_links_by_holding", "entity_links", ["holding_id"])
    _counted("entity_events", _number("entity_id"), _text("deed"), *map(_number, ("at", "vault_id")))
    op.create_index("entity_events_by_entity", "entity_events", ["entity_id"])


def downgrade() -> None:
    raise Misuse("an older program cannot read this database: restore a backup made by it")
