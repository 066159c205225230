"""Entities: the persons, places and things of an investigation, and their links to holdings. They never leave the node.

Rules this module upholds:

- An entity has a pseudonym, never a field for a real name. What is known of it is text in notes.
- Notes, links and changes are history: a note gets a new version, a link is withdrawn, and the former state stays until
  the entity is purged.
- Two entities may be merged. The merged one keeps its own notes and links, so a merge can be undone without loss.
- Which statuses and which roles fit which kind is one table (`SHAPES`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol

from node.errors import Misuse

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

MAX_PSEUDONYM: Final = 100
"""Most characters of a pseudonym."""
MAX_NOTE: Final = 10_000
"""Most characters of one version of a note."""

UNREADABLE: Final = "\N{REPLACEMENT CHARACTER}"
"""Stands for a pseudonym, a text or a name that is damaged in the database."""


class EntityKind(StrEnum):
    """What an entity is."""

    VICTIM = "victim"
    OFFENDER = "offender"
    PLACE = "place"
    DEVICE = "device"
    SERIES = "series"


class EntityStatus(StrEnum):
    """What the investigation has reached. `SAFEGUARDED`: a victim who is identified and safe."""

    UNKNOWN = "unknown"
    IDENTIFIED = "identified"
    SAFEGUARDED = "safeguarded"
    CONVICTED = "convicted"


class LinkRole(StrEnum):
    """How a holding and an entity belong together, read from the holding: it is depicted in it, it was made by it."""

    DEPICTED = "depicted"
    MADE_BY = "made-by"
    SHARED_BY = "shared-by"
    MADE_AT = "made-at"
    MADE_WITH = "made-with"
    FOUND_ON = "found-on"
    PART_OF = "part-of"


class Certainty(StrEnum):
    """How sure the officer is of a link."""

    CERTAIN = "certain"
    PROBABLE = "probable"
    POSSIBLE = "possible"


class Deed(StrEnum):
    """What happened to an entity."""

    ADDED = "added"
    PSEUDONYM = "pseudonym"
    STATUS = "status"
    MERGED = "merged"
    SPLIT = "split"
    NAMED_BY_CASE = "named-by-case"
    LEFT_CASE = "left-case"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What fits a kind of entity."""

    statuses: tuple[EntityStatus, ...]
    roles: tuple[LinkRole, ...]


_FOUND: Final = (EntityStatus.UNKNOWN, EntityStatus.IDENTIFIED)

SHAPES: Final[Mapping[EntityKind, Shape]] = {
    EntityKind.VICTIM: Shape(statuses=(*_FOUND, EntityStatus.SAFEGUARDED), roles=(LinkRole.DEPICTED,)),
    EntityKind.OFFENDER: Shape(
        statuses=(*_FOUND, EntityStatus.CONVICTED),
        roles=(LinkRole.DEPICTED, LinkRole.MADE_BY, LinkRole.SHARED_BY),
    ),
    EntityKind.PLACE: Shape(statuses=_FOUND, roles=(LinkRole.MADE_AT, LinkRole.DEPICTED)),
    EntityKind.DEVICE: Shape(statuses=_FOUND, roles=(LinkRole.MADE_WITH, LinkRole.FOUND_ON, LinkRole.DEPICTED)),
    EntityKind.SERIES: Shape(statuses=_FOUND, roles=(LinkRole.PART_OF,)),
}
"""The statuses and the roles of each kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """One entity. `id` is local; `added_at` in Unix seconds. `merged_into`: the entity that it was merged into, 0 if
    none. `version` counts its changes, from 1.
    """

    id: int
    kind: EntityKind
    pseudonym: str
    status: EntityStatus
    added_at: int
    merged_into: int = 0
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityNote:
    """One version of a note. `number` counts the notes of the entity, `version` the versions of this note, both from 1.
    `by`: the officer's name, "" if none was given. `at` Unix seconds.
    """

    entity: int
    number: int
    version: int
    text: str
    by: str
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityLink:
    """A link of an entity to a holding: who made it and when, and who withdrew it and when (0: it stands)."""

    id: int
    entity: int
    holding: int
    role: LinkRole
    certainty: Certainty
    by: str
    at: int
    withdrawn_by: str = ""
    withdrawn_at: int = 0

    @property
    def stands(self) -> bool:
        """Whether nobody has withdrawn it."""
        return not self.withdrawn_at


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityEvent:
    """A change of an entity: `was` and `now` as the deed says (two pseudonyms, two statuses, a number, a case)."""

    entity: int
    deed: Deed
    by: str
    at: int
    was: str = ""
    now: str = ""


def check_status(kind: EntityKind, status: EntityStatus) -> None:
    """Raises `Misuse` if a status does not fit a kind."""
    if status not in SHAPES[kind].statuses:
        raise Misuse(
            f"the status {status.value} does not fit a {kind.value}",
            remedy="one of: " + ", ".join(SHAPES[kind].statuses),
        )


def check_role(kind: EntityKind, role: LinkRole) -> None:
    """Raises `Misuse` if a role does not fit a kind."""
    if role not in SHAPES[kind].roles:
        raise Misuse(
            f"the role {role.value} does not fit a {kind.value}", remedy="one of: " + ", ".join(SHAPES[kind].roles)
        )


def checked_fact(text: str) -> str:
    """`text`, if it can be a note: printable lines, with 1 to `MAX_NOTE` characters. Raises `Misuse`."""
    if not 1 <= len(text.strip()) <= len(text) <= MAX_NOTE:
        raise Misuse(f"a note has 1 to {MAX_NOTE:,} characters, not {len(text):,}", remedy="shorten it, or write two")
    if not all(line.isprintable() for line in text.split("\n")):
        raise Misuse(
            "a note holds a character that cannot be shown", remedy="type it again, without control characters or tabs"
        )
    return text


class EntityReader(Protocol):
    """Reads entities."""

    def entities_by_id(self, ids: Collection[int]) -> Mapping[int, Entity]:
        """The existing ones among these ids, by id."""
        ...

    def entities(
        self, *, kind: EntityKind | None = None, merged: bool = False, after: int = 0, limit: int = 1_000
    ) -> list[Entity]:
        """At most `limit` entities with ids after `after`, by id. `merged`: also those that were merged into others."""
        ...

    def merged_entities(self, into: Collection[int]) -> list[int]:
        """The entities that were merged into one of these directly, by id."""
        ...

    def entities_of_case(self, case: str) -> list[int]:
        """The entities that the case names, and those with a standing link to a holding of the case, by id."""
        ...

    def cases_of_entities(self, ids: Collection[int]) -> Mapping[int, tuple[str, ...]]:
        """For each of these entities, in order: the cases that name it, and the cases of the holdings that it has a
        standing link to. Entities without a case are absent.
        """
        ...

    def entity_notes(self, ids: Collection[int]) -> list[EntityNote]:
        """All versions of the notes of these entities: by entity, note and version."""
        ...

    def entity_links(
        self, ids: Collection[int], *, case: str = "", withdrawn: bool = True, after: int = 0, limit: int = 1_000
    ) -> list[EntityLink]:
        """At most `limit` links of these entities with ids after `after`, by id: to holdings of a case, if given.
        `withdrawn`: also withdrawn ones.
        """
        ...

    def count_entity_links(self, ids: Collection[int]) -> Mapping[int, int]:
        """How many standing links each of these entities has, if any."""
        ...

    def entities_of_holdings(self, holdings: Sequence[int]) -> Mapping[int, tuple[int, ...]]:
        """For each of these holdings the entities with a standing link to it, by id; others are absent."""
        ...

    def entity_events(self, ids: Collection[int]) -> list[EntityEvent]:
        """What happened to these entities, in the order in which it happened."""
        ...


class EntityWriter(EntityReader, Protocol):
    """Writes them."""

    def put_entity(self, kind: EntityKind, pseudonym: str, status: EntityStatus, now: int) -> int:
        """Stores a new entity; returns its id, which is never used again."""
        ...

    def change_entity(self, changed: Entity) -> bool:
        """Replaces pseudonym, status and `merged_into`, if the stored version is still `changed.version`, and counts
        the version up. False if it is another one: then nothing changes.
        """
        ...

    def name_in_case(self, entity: int, case: str) -> bool:
        """The case names the entity; False if it did so before."""
        ...

    def leave_entity_case(self, entity: int, case: str) -> bool:
        """The case no longer names the entity; False if it did not."""
        ...

    def put_entity_note(self, note: EntityNote) -> EntityNote:
        """Stores a new version of note `number` of the entity, or a new note if that is 0; `version` is ignored.
        Returns it with its number and version. Raises `NotFound` if there is no such note.
        """
        ...

    def put_entity_links(self, links: Sequence[EntityLink]) -> None:
        """Stores new links; `id` is ignored."""
        ...

    def withdraw_entity_links(self, ids: Sequence[int], by: str, now: int) -> None:
        """Withdraws these links. One that is withdrawn already does not change."""
        ...

    def put_entity_event(self, event: EntityEvent) -> None: ...

    def delete_entities(self, ids: Collection[int]) -> None:
        """Deletes entities with every trace: notes, links, events, cases. The caller scrubs."""
        ...
