"""Officers in memory: the part of the memory store that keeps them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from node.domain.officers import Officer
from node.errors import Misuse

if TYPE_CHECKING:
    from node.domain.caller import Role


@dataclass(slots=True)
class OfficerTables:
    """`rows` by their ids."""

    rows: dict[int, Officer] = field(default_factory=dict)


class MemoryOfficers:
    """`OfficerWriter` over a plain dictionary."""

    def __init__(self, tables: OfficerTables) -> None:
        self._officers = tables

    def officers(self) -> list[Officer]:
        return sorted(self._officers.rows.values(), key=lambda each: each.name)

    def count_officers(self) -> int:
        return len(self._officers.rows)

    def officer(self, name: str) -> Officer | None:
        return next((each for each in self._officers.rows.values() if each.name == name), None)

    def officer_of(self, uid: int) -> Officer | None:
        return next((each for each in self._officers.rows.values() if each.uid == uid), None)

    def add_officer(self, name: str, role: Role, uid: int | None, now: int) -> Officer:
        if self.officer(name) is not None or (uid is not None and self.officer_of(uid) is not None):
            raise Misuse("an officer of this name or account is registered already")
        number = len(self._officers.rows) + 1
        made = Officer(id=number, name=name, role=role, uid=uid, added_at=now, changed_at=now)
        self._officers.rows[number] = made
        return made

    def set_officer_disabled(self, officer_id: int, now: int, *, disabled: bool) -> bool:
        known = self._officers.rows.get(officer_id)
        if known is None or known.disabled == disabled:
            return False
        self._officers.rows[officer_id] = replace(known, disabled=disabled, changed_at=now)
        return True
