"""Deleting entities: planned, agreed to by a person, and done for good.

Rules this module upholds:

- An entity goes with everything that was merged into it: they are one person, place or thing.
- A yes is to the plan that was shown. If more would be deleted now, nothing is.
- Deleted words are in no file of the database when the act ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.errors import Misuse
from node.usecases.acts import perform
from node.usecases.consent import plan_digest
from node.usecases.entity_lookup import known_entity
from node.usecases.entity_views import with_merged

if TYPE_CHECKING:
    from node.domain.stores import NodeStore, NodeStoreReader
    from node.usecases.audit import AuditLog
    from node.usecases.consent import Consent


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletionPlan:
    """What is deleted: the entities, and how many of their notes and standing links."""

    entities: tuple[int, ...]
    notes: int
    links: int

    @property
    def digest(self) -> str:
        """The name of this plan (`consent`)."""
        return plan_digest([f"{self.notes} {self.links}", *map(str, self.entities)])


class EntityDeletion:
    """Safe to use from any thread, blocking: never on the event loop."""

    def __init__(self, *, store: NodeStore, audit: AuditLog) -> None:
        self._store = store
        self._audit = audit

    def plan(self, number: int) -> DeletionPlan:
        """What deleting this entity would delete. Raises `NotFound`."""
        with self._store.read() as tx:
            return _plan(tx, number)

    def delete(self, number: int, consent: Consent) -> DeletionPlan:
        """Deletes an entity. Raises `NotFound`, and `Misuse` without consent to what would be deleted now."""

        def work() -> DeletionPlan:
            with self._store.write() as tx:
                plan = _plan(tx, number)
                if not consent.yes and consent.plan != plan.digest:
                    raise Misuse(
                        "what this would delete has changed since it was shown", remedy="run the command again"
                    )
                tx.delete_entities(plan.entities)
            # A crash before this line leaves deleted words in the journal; the next start scrubs.
            self._store.scrub()
            return plan

        return perform(self._audit, "entity delete", work, entity=number)


def _plan(tx: NodeStoreReader, number: int) -> DeletionPlan:
    ids = [each.id for each in with_merged(tx, known_entity(tx, number))]
    notes = {(each.entity, each.number) for each in tx.entity_notes(ids)}
    return DeletionPlan(entities=tuple(ids), notes=len(notes), links=sum(tx.count_entity_links(ids).values()))
