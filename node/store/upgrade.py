"""Brings a database to the schema of this program, when it is opened.

Rules this module upholds:

- A schema newer than this program is refused, and nothing is changed.
- All steps happen in one transaction: a crash leaves the old schema complete.
- A file with tables of another program is refused.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sqlalchemy import Connection, inspect, text

from node.errors import StoreError

HEAD: Final = "0027"
"""The newest revision, that of `schema`. A test compares it with the scripts."""
_SCRIPTS: Final = Path(__file__).parent / "migrations"


def known_revisions() -> frozenset[str]:
    """Every revision that this program can open, from the names of its scripts: Alembic takes long to load."""
    return frozenset(script.name[: len(HEAD)] for script in (_SCRIPTS / "versions").glob("[0-9]*_*.py"))


def revision(connection: Connection) -> str:
    """The schema's revision; "" if the database is empty. Raises `StoreError` if it is not ours."""
    tables = inspect(connection).get_table_names()
    if not tables:
        return ""
    if "alembic_version" not in tables or "logs" not in tables:
        raise StoreError("this file is the database of another program", remedy="check the configured folder")
    return str(connection.scalar(text("SELECT version_num FROM alembic_version")) or "")


def upgrade(connection: Connection) -> None:
    """Runs the missing scripts inside the caller's transaction. Raises `StoreError` for a newer schema."""
    have = revision(connection)
    if have == HEAD:
        return
    # Alembic is only loaded when it is needed: it would double the time of a short command.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if have and have not in known:
        raise StoreError(
            "this database was written by a newer version of this program",
            remedy="install that version, or restore a backup made by this one",
        )
    command.upgrade(config, "head")
