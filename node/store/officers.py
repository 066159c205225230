"""The officers of a home.

Rules this module upholds:

- A name and an account belong to one officer each: that is checked in the transaction that adds an officer.
- No row is deleted, and no id is used again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, func, insert, select, update

from node.domain.caller import Role
from node.domain.officers import Officer
from node.errors import Damaged, Misuse
from node.store.statements import Repository
from node.store.tables.officers import NO_ACCOUNT, officers

if TYPE_CHECKING:
    from sqlalchemy import Row

# Built once: each call of a command runs one of them.
_COUNT: Final = select(func.count()).select_from(officers)
_BY_NAME: Final = select(officers).where(officers.c.name == bindparam("name"))
_BY_UID: Final = select(officers).where(officers.c.uid == bindparam("uid"))


class OfficerRows(Repository):
    """`OfficerReader` inside one transaction."""

    def officers(self) -> list[Officer]:
        return [_officer(row) for row in self._connection.execute(select(officers).order_by(officers.c.name))]

    def count_officers(self) -> int:
        number: int = self._connection.scalar(_COUNT) or 0
        return number

    def officer(self, name: str) -> Officer | None:
        row = self._connection.execute(_BY_NAME, {"name": name}).first()
        return None if row is None else _officer(row)

    def officer_of(self, uid: int) -> Officer | None:
        row = None if uid == NO_ACCOUNT else self._connection.execute(_BY_UID, {"uid": uid}).first()
        return None if row is None else _officer(row)


class OfficerWrites(OfficerRows):
    """`OfficerWriter` inside one transaction."""

    def add_officer(self, name: str, role: Role, uid: int | None, now: int) -> Officer:
        if self.officer(name) is not None:
            raise Misuse("an officer of this name is registered already", remedy="choose another name")
        if uid is not None and self.officer_of(uid) is not None:
            raise Misuse("this Unix account belongs to an officer already", remedy="name another account")
        values = {
            "name": name,
            "role": role.value,
            "uid": NO_ACCOUNT if uid is None else uid,
            "disabled": 0,
            "added_at": now,
            "changed_at": now,
        }
        added = self._connection.execute(insert(officers).values(values)).lastrowid
        return Officer(id=added, name=name, role=role, uid=uid, added_at=now, changed_at=now)

    def set_officer_disabled(self, officer_id: int, now: int, *, disabled: bool) -> bool:
        changed = update(officers).where(officers.c.id == officer_id, officers.c.disabled != int(disabled))
        return self._connection.execute(changed.values(disabled=int(disabled), changed_at=now)).rowcount == 1


def _officer(row: Row[Any]) -> Officer:
    try:
        role = Role(row.role)
    except ValueError:
        raise Damaged(
            "the stored role of an officer is unknown", remedy="run fsck, then restore the newest backup"
        ) from None
    return Officer(
        id=row.id,
        name=row.name,
        role=role,
        uid=None if row.uid == NO_ACCOUNT else row.uid,
        disabled=bool(row.disabled),
        added_at=row.added_at,
        changed_at=row.changed_at,
    )
