"""What officers say about own holdings.

Rules this module upholds:

- The words are in the vault, and are deleted with the holding. Only the category is beside them, for the filter of a
  list.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, delete, exists, insert, select, update

from node.domain.categorising import Categorisation
from node.domain.statements import Category, Tri
from node.domain.wording import Wording
from node.errors import Damaged
from node.store import codec, vault
from node.store.statements import Repository, chunks
from node.store.tables.categorisations import categorisations
from node.store.tables.holdings import holdings

_as_json: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode
_PRESENT: Final = categorisations.c.present == 1


class CategorisationRows(Repository):
    """`CategorisationReader` inside one transaction."""

    def categorisations(self, holdings: Sequence[int]) -> Mapping[int, Categorisation]:
        found: dict[int, Categorisation] = {}
        for some in chunks(dict.fromkeys(holdings)):
            wanted = select(categorisations).where(categorisations.c.holding_id.in_(some), _PRESENT)
            found |= {each.holding: each for each in self._read(wanted)}
        return found

    def categorisation_history(self, holding: int, limit: int) -> list[Categorisation]:
        wanted = select(categorisations).where(categorisations.c.holding_id == holding)
        return self._read(wanted.order_by(categorisations.c.version.desc()).limit(limit))

    def _read(self, wanted: Select[Any]) -> list[Categorisation]:
        rows = self._connection.execute(wanted).all()
        kept = [row.vault_id for row in rows if row.vault_id]
        words = dict(zip(kept, vault.get(self._connection, kept), strict=True))
        return [_categorisation(row, words.get(row.vault_id)) for row in rows]


class CategorisationWrites(CategorisationRows):
    """`CategorisationWriter` inside one transaction."""

    def put_categorisations(self, said: Sequence[Categorisation]) -> None:
        if not said:
            return
        versions: dict[int, int] = {}
        for some in chunks(each.holding for each in said):
            former = update(categorisations).where(categorisations.c.holding_id.in_(some), _PRESENT).values(present=0)
            known = former.returning(categorisations.c.holding_id, categorisations.c.version)
            versions |= {row.holding_id: row.version for row in self._connection.execute(known)}
        worded = [each for each in said if each.says_something]
        places = vault.put(self._connection, [codec.seal_bytes(_packed(each.wording)) for each in worded])
        place = {each.holding: number for each, number in zip(worded, places, strict=True)}
        rows = [
            {
                "holding_id": each.holding,
                "version": versions.get(each.holding, 0) + 1,
                "present": 1,
                "category": str(each.wording.category or ""),
                "at": each.at,
                "officer": each.officer,
                "vault_id": place.get(each.holding, 0),
            }
            for each in said
        ]
        self._connection.execute(insert(categorisations), rows)


def categorised(rows: Select[Any], category: str) -> Select[Any]:
    """Those of these holdings that have this category now; "": those without one."""
    if category:
        chosen = select(categorisations.c.holding_id).where(_PRESENT, categorisations.c.category == category)
        return rows.where(holdings.c.id.in_(chosen))
    # Correlated: a page of a million holdings must not first collect every categorised one.
    known = exists().where(categorisations.c.holding_id == holdings.c.id, _PRESENT, categorisations.c.category != "")
    return rows.where(~known)


def forget_categorisations(connection: Connection, holding: int) -> None:
    """Deletes every version for a deleted holding."""
    gone = delete(categorisations).where(categorisations.c.holding_id == holding)
    words = connection.scalars(gone.returning(categorisations.c.vault_id)).all()
    vault.forget(connection, [number for number in words if number])


def _packed(wording: Wording) -> bytes:
    category = wording.category
    return _as_json(
        {
            "category": [category.scheme, category.version, category.code, int(category.baseline)]
            if category
            else None,
            "baseline": wording.baseline,
            "series": wording.series,
            "victim_identified": wording.victim_identified,
            "offender_identified": wording.offender_identified,
            "tags": wording.tags,
            "language": wording.language,
        }
    ).encode()


def _wording(sealed: bytes) -> Wording:
    try:
        kept = json.loads(codec.open_bytes(sealed))
        *parts, baseline = kept["category"] or ("", "", "", 0)
        scheme, version, code = parts
        category = Category(scheme=scheme, version=version, code=code, baseline=Tri(baseline))
        return Wording(
            category=category if kept["category"] else None,
            baseline=_tri(kept["baseline"]),
            series=kept["series"],
            victim_identified=_tri(kept["victim_identified"]),
            offender_identified=_tri(kept["offender_identified"]),
            tags=None if kept["tags"] is None else tuple(kept["tags"]),
            language=kept["language"],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise Damaged("a stored categorisation cannot be read", remedy="categorise the holding again") from error


def _tri(value: int | None) -> Tri | None:
    return None if value is None else Tri(value)


def _categorisation(row: Row[Any], sealed: bytes | None) -> Categorisation:
    return Categorisation(
        holding=row.holding_id,
        version=row.version,
        wording=Wording() if sealed is None else _wording(sealed),
        at=row.at,
        officer=row.officer,
    )
