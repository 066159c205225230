"""What Alembic runs: the scripts, inside the transaction that `node.store.upgrade` has begun and hands over."""

from __future__ import annotations

from alembic import context

from node.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,  # SQLite rolls back a schema change as it does any other
    render_as_batch=True,  # it cannot alter a column in place
)
with context.begin_transaction():
    context.run_migrations()
