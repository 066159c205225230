"""The holdings of this node as a person reads them: in pages, and one in full.

Rules this module upholds:

- The audit log records who reads before anything is read.
- Only `one`, for one named holding, gives the paths of its files. It gives fingerprints only on request.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from node.errors import NotFound
from node.usecases.access import record_access

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from node.domain.categorising import Categorisation
    from node.domain.fingerprints import Fingerprint
    from node.domain.holdings import FileReference, Holding
    from node.domain.parts import Place
    from node.domain.queries import Level
    from node.domain.stores import NodeStore
    from node.usecases.audit import AuditLog

LISTED: Final = 100
"""Default number of holdings listed."""
PLACES_SHOWN: Final = 20
"""Most places shown for one part. An icon may occur in a thousand documents."""
VERSIONS_SHOWN: Final = 100
"""Most versions shown of what officers said about one holding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedHolding:
    """A holding without its fingerprints, how many hits it has, and what officers say about it, if anything."""

    holding: Holding
    hits: int
    said: Categorisation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldingPage:
    """Holdings sorted by number. `more`: there are further ones; `after`: where the next page begins."""

    listed: Sequence[ListedHolding]
    more: bool
    after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PartOf:
    """A place where a holding lies. `parent`: the holding that it is a part of, None if that is not here."""

    place: Place
    parent: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldingInFull:
    """Everything stored about one holding. `part_of`: at most `PLACES_SHOWN` of its places, `part_of_total` files that
    it is a part of; `parts`: how many it has itself. `entities`: those that it is linked to, by number.
    `fingerprints`: each with the background of its look ("" for the file itself), None if they were not asked for.
    `said`: what officers said about it, the newest first; at most `VERSIONS_SHOWN`.
    """

    holding: Holding
    hits: int
    files: Sequence[FileReference]
    part_of: Sequence[PartOf]
    part_of_total: int
    parts: int
    has_original: bool
    entities: Sequence[int]
    fingerprints: Sequence[tuple[Fingerprint, str]] | None
    said: Sequence[Categorisation] = ()


class HoldingReading:
    """Blocking: never on the event loop. `has_original(sha256)`: whether the home has a copy of the original file."""

    def __init__(self, *, store: NodeStore, audit: AuditLog, has_original: Callable[[bytes], bool]) -> None:
        self._store = store
        self._audit = audit
        self._has_original = has_original

    def page(
        self,
        *,
        case: str = "",
        level: Level | None = None,
        category: str | None = None,
        after: int = 0,
        limit: int = LISTED,
    ) -> HoldingPage:
        """At most `limit` holdings after number `after`. `case` "" and `level` None: of any. `category`: those that
        officers gave this one, as SCHEME:VERSION:CODE; "": those without one; None: all.
        """
        record_access(self._audit, "holdings", case=case, limit=limit)
        with self._store.read() as tx:
            found = tx.holdings(case=case, level=level, category=category, after=after, limit=limit + 1, bare=True)
            hits = tx.hits_of_holdings([each.id for each in found])
            said = tx.categorisations([each.id for each in found])
        shown = found[:limit]
        return HoldingPage(
            listed=[ListedHolding(holding=each, hits=hits.get(each.id, 0), said=said.get(each.id)) for each in shown],
            more=len(found) > limit,
            after=shown[-1].id if shown else after,
        )

    def one(self, number: int, *, digests: bool) -> HoldingInFull:
        """One holding; with `digests`, its fingerprints as well. Raises `NotFound`."""
        record_access(self._audit, "holding", holdings=[number], digests=digests)
        with self._store.read() as tx:
            holding = tx.holding(number)
            if holding is None:
                raise NotFound(f"there is no holding {number}", remedy="`vigil holdings` lists the holdings")
            files = tx.file_references(number)
            hits = tx.hits_of_holdings([number]).get(number, 0)
            places = tx.places(number, PLACES_SHOWN)
            held_by = len(tx.parents([number]).get(number, ()))
            found = {place.parent: tx.holding_by_sha256(place.parent) for place in places}
            parts = len(tx.parts(holding.sha256))
            entities = tx.entities_of_holdings([number]).get(number, ())
            said = tx.categorisation_history(number, VERSIONS_SHOWN)
        parents = {sha256: each.id for sha256, each in found.items() if each is not None}
        return HoldingInFull(
            holding=holding,
            hits=hits,
            files=files,
            part_of=[PartOf(place=place, parent=parents.get(place.parent)) for place in places],
            part_of_total=held_by,
            parts=parts,
            has_original=self._has_original(holding.sha256),
            entities=entities,
            fingerprints=_fingerprints(holding) if digests else None,
            said=said,
        )


def _fingerprints(holding: Holding) -> list[tuple[Fingerprint, str]]:
    """Its fingerprints, then those of its further looks, each with its background."""
    looks = [(each, look.background) for look in holding.composed for each in look.fingerprints()]
    return [*((each, "") for each in holding.fingerprints), *looks]
