"""Entities: adding, changing, linking and merging the persons, places and things of an investigation.

Rules this module upholds:

- Every act is recorded in the audit log before it is done, with numbers and cases, and never with a word about an
  entity.
- An act and the entry in the entity's own history are one transaction.
- A merge changes only one field of the merged entity: it keeps its notes and links, and `split` undoes the merge. Until
  then it does not change by itself.
- A link with another certainty replaces the former one, which is withdrawn and stays in the history.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from node.domain.entities import (
    MAX_PSEUDONYM,
    Deed,
    Entity,
    EntityEvent,
    EntityLink,
    EntityNote,
    EntityStatus,
    check_role,
    check_status,
    checked_fact,
)
from node.domain.texts import checked_text
from node.errors import Misuse, NotFound, Refused
from node.usecases.acting import caller
from node.usecases.acts import perform
from node.usecases.entity_lookup import (
    check_cases,
    check_holdings,
    known_entity,
    standing_links,
    unmerged,
    wanted_holdings,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from node.domain.entities import Certainty, EntityKind, LinkRole
    from node.domain.ports import Clock
    from node.domain.stores import NodeStore, NodeStoreWriter
    from node.usecases.audit import AuditLog


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityChange:
    """What changes of an entity; None and () change nothing. `name_in` and `leave`: cases that name it. `seen`: the
    version that the officer saw, 0 for any.
    """

    pseudonym: str | None = None
    status: EntityStatus | None = None
    name_in: tuple[str, ...] = ()
    leave: tuple[str, ...] = ()
    seen: int = 0

    @property
    def fields(self) -> list[str]:
        """The names of what changes, without the cases."""
        return [name for name in ("pseudonym", "status") if getattr(self, name) is not None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """How many holdings were linked, had another certainty before, or were linked exactly so before."""

    linked: int
    changed: int
    unchanged: int


class Entities:
    """Safe to use from any thread, blocking: never on the event loop."""

    def __init__(self, *, store: NodeStore, audit: AuditLog, clock: Clock) -> None:
        self._store = store
        self._audit = audit
        self._clock = clock

    def add(
        self,
        kind: EntityKind,
        pseudonym: str,
        *,
        status: EntityStatus = EntityStatus.UNKNOWN,
        cases: Sequence[str] = (),
    ) -> Entity:
        """A new entity. Raises `Misuse` for a pseudonym or status that does not fit, `NotFound` for an unknown case."""
        check_status(kind, status)
        checked_text(pseudonym, MAX_PSEUDONYM, "a pseudonym", Misuse)

        def work() -> Entity:
            with self._store.write() as tx:
                check_cases(tx, cases)
                number = tx.put_entity(kind, pseudonym, status, self._now())
                self._event(tx, number, Deed.ADDED, now=pseudonym)
                self._name(tx, number, cases)
                return tx.entities_by_id([number])[number]

        return perform(self._audit, "entity add", work, of_kind=kind.value, cases=list(cases))

    def change(self, number: int, change: EntityChange) -> Entity:
        """Changes an entity. Raises `NotFound`, `Misuse`, and `Refused` if it was merged or is not as it was seen."""
        if not (change.fields or change.name_in or change.leave):
            raise Misuse("nothing is to be changed", remedy="give --pseudonym, --status, --case or --leave-case")
        if change.pseudonym is not None:
            checked_text(change.pseudonym, MAX_PSEUDONYM, "a pseudonym", Misuse)

        def work() -> Entity:
            with self._changing(number, change.seen) as (tx, entity):
                changed = entity
                if change.status is not None and change.status is not entity.status:
                    check_status(entity.kind, change.status)
                    changed = replace(changed, status=change.status)
                    self._event(tx, number, Deed.STATUS, was=entity.status.value, now=change.status.value)
                if change.pseudonym is not None and change.pseudonym != entity.pseudonym:
                    changed = replace(changed, pseudonym=change.pseudonym)
                    self._event(tx, number, Deed.PSEUDONYM, was=entity.pseudonym, now=change.pseudonym)
                check_cases(tx, change.name_in)
                named = self._name(tx, number, change.name_in)
                if self._leave(tx, number, change.leave) or named or changed != entity:
                    tx.change_entity(changed)
                return tx.entities_by_id([number])[number]

        about = {"fields": change.fields, "cases": [*change.name_in, *change.leave]}
        return perform(self._audit, "entity change", work, entity=number, **about)

    def note(self, number: int, text: str, *, edit: int = 0) -> EntityNote:
        """A new note, or a new version of the note `edit`. Raises `NotFound`, `Misuse`, `Refused` if it was merged."""
        checked_fact(text)

        def work() -> EntityNote:
            with self._changing(number) as (tx, _):
                made = EntityNote(entity=number, number=edit, version=0, text=text, by=caller().name, at=self._now())
                return tx.put_entity_note(made)

        return perform(self._audit, "entity note", work, entity=number)

    def link(self, number: int, holdings: Sequence[int], role: LinkRole, certainty: Certainty) -> Linked:
        """Links holdings to an entity. Raises `NotFound` for an entity or a holding that is not there, `Misuse` for a
        role that does not fit, `Refused` if the entity was merged. Then nothing changes.
        """
        wanted = wanted_holdings(holdings)

        def work() -> Linked:
            with self._changing(number) as (tx, entity):
                check_role(entity.kind, role)
                check_holdings(tx, wanted)
                standing = {each.holding: each for each in standing_links(tx, number) if each.role is role}
                former = [standing[each] for each in wanted if each in standing]
                changed = [each for each in former if each.certainty is not certainty]
                tx.withdraw_entity_links([each.id for each in changed], caller().name, self._now())
                fresh = [each for each in wanted if each not in standing]
                made = EntityLink(
                    id=0, entity=number, holding=0, role=role, certainty=certainty, by=caller().name, at=self._now()
                )
                again = [each.holding for each in changed]
                tx.put_entity_links([replace(made, holding=each) for each in (*fresh, *again)])
            return Linked(linked=len(fresh), changed=len(changed), unchanged=len(former) - len(changed))

        return perform(self._audit, "entity link", work, entity=number, holdings=wanted)

    def unlink(self, number: int, holdings: Sequence[int], role: LinkRole | None = None) -> int:
        """Withdraws the links of an entity to these holdings, of one role or of all; returns how many. Raises
        `NotFound` if there is none, `Refused` if the entity was merged.
        """
        wanted = wanted_holdings(holdings)

        def work() -> int:
            with self._changing(number) as (tx, _):
                here = (each for each in standing_links(tx, number) if each.holding in wanted)
                links = [each for each in here if role in (None, each.role)]
                if not links:
                    raise NotFound(
                        f"entity {number} has no such link to these holdings",
                        remedy=f"`vigil entity show {number}` shows its links",
                    )
                tx.withdraw_entity_links([each.id for each in links], caller().name, self._now())
            return len(links)

        return perform(self._audit, "entity unlink", work, entity=number, holdings=wanted)

    def merge(self, number: int, into: int) -> Entity:
        """Two pseudonyms are one: `number` becomes a part of `into`, which is returned. Raises `NotFound`, `Misuse` for
        two kinds, `Refused` if one of them was merged before.
        """

        def work() -> Entity:
            with self._changing(number) as (tx, merged):
                survivor = unmerged(tx, into)
                if number == into:
                    raise Misuse("an entity cannot be merged into itself", remedy="name two different entities")
                if merged.kind is not survivor.kind:
                    raise Misuse(
                        f"entity {number} ({merged.kind}) cannot be merged into entity {into} ({survivor.kind})",
                        remedy="name two entities of one kind",
                    )
                self._event(tx, number, Deed.MERGED, now=str(into))
                tx.change_entity(replace(merged, merged_into=into))
                return survivor

        return perform(self._audit, "entity merge", work, entity=number, into=into)

    def split(self, number: int) -> Entity:
        """Undoes a merge. Raises `NotFound`, and `Refused` if the entity was not merged."""

        def work() -> Entity:
            with self._store.write() as tx:
                entity = known_entity(tx, number)
                if not entity.merged_into:
                    raise Refused(
                        f"entity {number} is not merged into another one",
                        remedy=f"`vigil entity show {number}` shows what was merged into it",
                    )
                self._event(tx, number, Deed.SPLIT, was=str(entity.merged_into))
                tx.change_entity(replace(entity, merged_into=0))
                return tx.entities_by_id([number])[number]

        return perform(self._audit, "entity split", work, entity=number)

    def _name(self, tx: NodeStoreWriter, number: int, cases: Sequence[str]) -> bool:
        """Whether a case names the entity now that did not."""
        new = [each for each in cases if tx.name_in_case(number, each)]
        for each in new:
            self._event(tx, number, Deed.NAMED_BY_CASE, now=each)
        return bool(new)

    def _leave(self, tx: NodeStoreWriter, number: int, cases: Sequence[str]) -> bool:
        """Whether a case no longer names the entity that did."""
        gone = [each for each in cases if tx.leave_entity_case(number, each)]
        for each in gone:
            self._event(tx, number, Deed.LEFT_CASE, was=each)
        return bool(gone)

    @contextmanager
    def _changing(self, number: int, seen: int = 0) -> Iterator[tuple[NodeStoreWriter, Entity]]:
        """A transaction, and the entity that changes in it. `seen`: see `EntityChange`."""
        with self._store.write() as tx:
            entity = unmerged(tx, number)
            if seen not in (0, entity.version):
                raise Refused(
                    f"entity {number} has been changed since: it has version {entity.version}, not {seen}",
                    remedy=f"look at it again: vigil entity show {number}",
                )
            yield tx, entity

    def _event(self, tx: NodeStoreWriter, number: int, deed: Deed, *, was: str = "", now: str = "") -> None:
        event = EntityEvent(entity=number, deed=deed, by=caller().name, at=self._now(), was=was, now=now)
        tx.put_entity_event(event)

    def _now(self) -> int:
        return int(self._clock())
