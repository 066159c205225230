"""Why a home cannot work with the database in it, and what a person can do.

Rules this module upholds:

- Each finding has its own words and remedy, for a node and for a hub.
- Every remedy begins with the steps that lose nothing: the right database, then the newest backup, and only then
  continuing without either.
"""

from __future__ import annotations

from dataclasses import dataclass

from node.domain.homes import Finding, FoundDatabase, HomeMark, Owner
from node.errors import Damaged, DatabaseEmpty, DatabaseForeign, DatabaseMissing, DatabaseOlder, StoreError


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """The state of a home's database, and its relation to that home."""

    owner: Owner
    mark: HomeMark | None
    found: FoundDatabase
    finding: Finding


def require_right(examined: Examined) -> None:
    """Raises a `WrongDatabase` kind, or `Damaged`, unless the home may use this database (or create a new one)."""
    if examined.finding not in {Finding.RIGHT, Finding.NEW}:
        raise refusal(examined)


def refusal(examined: Examined) -> StoreError:
    """Why a home cannot work with this database, and what to do."""
    restore = "restore the newest backup: vigil node restore FILE"
    moved = f"stop the daemon, move vigil.sqlite3 (and vigil.sqlite3-wal) to another folder, then {restore}"
    if examined.owner.role == "hub":
        # A hub's backup is a whole home, and is restored into a folder that holds none.
        restore = moved = (
            "stop the daemon, move this whole home to another place, and restore the newest backup into an empty "
            "folder: vigil hub restore FILE"
        )
    lost = _without_backup(examined)
    match examined.finding:
        case Finding.MISSING:
            return DatabaseMissing(
                "the database of this home is missing, so nothing is served", remedy=f"{restore}{lost}"
            )
        case Finding.EMPTY:
            return DatabaseEmpty(
                "the database of this home is empty, and this home had one with contents, so nothing is served",
                remedy=f"{moved}{lost}",
            )
        case Finding.OLDER:
            return DatabaseOlder(
                f"the database of this home is an older copy{_distance(examined)}, so nothing is served",
                remedy=f"put the newest database back, or {moved}{_keep_older(examined)}",
            )
        case Finding.FOREIGN if examined.found.owner is not None:
            return DatabaseForeign(
                f"the database in this home belongs to {examined.found.owner}, and this is the home of "
                f"{examined.owner}, so nothing is served",
                remedy=f"put the database of {examined.owner} back, or {moved}",
            )
        case Finding.FOREIGN:
            return DatabaseForeign(
                f"the database in this home cannot be used: {examined.found.other}",
                remedy=f"install the version of Vigil that wrote it, or {moved}",
            )
        case _:
            return Damaged(f"the database of this home is damaged: {examined.found.fault}", remedy=moved)


def _without_backup(examined: Examined) -> str:
    if examined.owner.role == "hub":
        return "; without a backup, see ceremony 6 in certs/CEREMONIES.md"
    return (
        "; without a backup, vigil node accept-database --empty starts with an empty database "
        "(material that was stored only here is lost)"
    )


def _keep_older(examined: Examined) -> str:
    if examined.owner.role == "hub":
        return ""
    return "; if there is no newer one, vigil node accept-database --older continues with this one"


def _distance(examined: Examined) -> str:
    """How far a database is behind, if that is known."""
    mark, found = examined.mark, examined.found
    if mark is None or found.identity != mark.identity:
        return " (a backup, or a copy of another time, that was put here without `restore`)"
    behind = mark.entries - found.entries
    return f" (it lacks {behind:,} log entries that this home has seen)" if behind > 0 else ""
