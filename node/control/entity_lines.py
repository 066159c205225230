"""Entities as the lines that `--json` prints.

Rules this module upholds:

- As in `node.control.lines`: a key that does not apply is null, never absent, and nothing here decides anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from node.domain.entities import Entity, EntityEvent, EntityLink, EntityNote
    from node.usecases.entity_views import EntityLine, EntityView

Line = dict[str, Any]


def entity_line(line: EntityLine) -> Line:
    """One entity of a list."""
    return _head(line.entity) | {
        "merged": line.merged,
        "links": line.links,
        "notes": line.notes,
        "cases": list(line.cases),
    }


def entity_whole_line(view: EntityView) -> Line:
    """One entity with its history."""
    return _head(view.entity) | {
        "merged_into": view.entity.merged_into or None,
        "version": view.entity.version,
        "cases": list(view.cases),
        "merged": [_head(each) for each in view.merged],
        "notes": [note_line(each) for each in view.notes],
        "links": [_link_line(each) for each in view.links],
        "more_links": view.more_links,
        "events": [_event_line(each) for each in view.events],
    }


def note_line(note: EntityNote) -> Line:
    """One version of a note."""
    return {
        "entity": note.entity,
        "note": note.number,
        "version": note.version,
        "text": note.text,
        "officer": note.by or None,
        "at": note.at,
    }


def _head(entity: Entity) -> Line:
    return {
        "entity": entity.id,
        "kind": entity.kind.value,
        "pseudonym": entity.pseudonym,
        "status": entity.status.value,
        "added_at": entity.added_at,
    }


def _link_line(link: EntityLink) -> Line:
    return {
        "link": link.id,
        "entity": link.entity,
        "holding": link.holding,
        "role": link.role.value,
        "certainty": link.certainty.value,
        "officer": link.by or None,
        "at": link.at,
        "withdrawn_at": link.withdrawn_at or None,
        "withdrawn_by": link.withdrawn_by or None,
    }


def _event_line(event: EntityEvent) -> Line:
    return {
        "entity": event.entity,
        "event": event.deed.value,
        "officer": event.by or None,
        "at": event.at,
        "was": event.was or None,
        "now": event.now or None,
    }
