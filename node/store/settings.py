"""Settings: small durable values by name.

Rules this module upholds:

- A name is written once: setting it again replaces its value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import bindparam, delete, func, insert, select, update

from node.store.statements import Repository, chunks
from node.store.tables.queries import settings

# Built once: building a statement costs as much as running it.
_VALUE: Final = select(settings.c.value).where(settings.c.name == bindparam("name"))


class SettingRows(Repository):
    """`SettingReader` inside one transaction."""

    def setting(self, name: str) -> bytes:
        value: bytes | None = self._connection.scalar(_VALUE, {"name": name})
        return value or b""

    def settings_named(self, names: Sequence[str]) -> Mapping[str, bytes]:
        found: dict[str, bytes] = {}
        for some in chunks(names):
            rows = self._connection.execute(select(settings).where(settings.c.name.in_(some)))
            found.update((row.name, row.value) for row in rows)
        return found

    def settings_under(self, prefix: str, after: str = "", limit: int = 1_000) -> list[tuple[str, bytes]]:
        names = settings.c.name
        page = select(settings).where(names > max(prefix, after), names < _behind(prefix)).order_by(names).limit(limit)
        return [(row.name, row.value) for row in self._connection.execute(page)]

    def count_settings(self, prefix: str) -> int:
        names = settings.c.name
        counted = select(func.count()).select_from(settings).where(names > prefix, names < _behind(prefix))
        return self._connection.scalar(counted) or 0


class SettingWrites(SettingRows):
    """`SettingWriter` inside one transaction."""

    def set_setting(self, name: str, value: bytes) -> None:
        known = self._connection.execute(update(settings).where(settings.c.name == name).values(value=value))
        if not known.rowcount:
            self._connection.execute(insert(settings).values(name=name, value=value))

    def forget_settings(self, names: Sequence[str]) -> None:
        for some in chunks(names):
            self._connection.execute(delete(settings).where(settings.c.name.in_(some)))


def _behind(prefix: str) -> str:
    """The lowest text behind all that begin with `prefix`."""
    return prefix[:-1] + chr(ord(prefix[-1]) + 1)
