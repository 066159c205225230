"""New alerts are found by what they are about: until now each one raised read all of them."""

import sqlalchemy as sa
from alembic import op

from node.errors import Misuse

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("alerts_by_subject", "alerts", ["about"], sqlite_where=sa.text("seen_at = 0"))


def downgrade() -> None:
    raise Misuse("an older program cannot read this database: restore a backup made by it")
