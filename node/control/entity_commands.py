"""The commands for the persons, places and things of an investigation.

Rules this module upholds:

- Commands hold no decisions: they read arguments, call the use case, and print its values as lines.
- The use cases record every act and every look in the audit log before it happens.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from node.control.arguments import Arguments
from node.control.entity_lines import entity_line, entity_whole_line, note_line
from node.domain.entities import Certainty, EntityKind, EntityStatus, LinkRole
from node.errors import Misuse
from node.usecases.consent import Consent
from node.usecases.entities import EntityChange

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from node.control.runner import Line
    from node.usecases.entities import Entities
    from node.usecases.entity_deletion import EntityDeletion
    from node.usecases.entity_views import EntityViews

LISTED: Final = 100
"""Default number of entities or links listed."""
Word = TypeVar("Word", EntityKind, EntityStatus, LinkRole, Certainty)


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityCommands:
    """`known` shows entities, `acts` changes them, `deletion` deletes them."""

    known: EntityViews
    acts: Entities
    deletion: EntityDeletion

    async def entities(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"kind", "case", "after", "limit"} -> one line per entity, by number, then {"listed", "next"}."""
        given = Arguments(arguments)
        page = await asyncio.to_thread(
            self.known.page,
            kind=_word(EntityKind, given.text("kind")) if given.has("kind") else None,
            case=given.text("case", ""),
            after=given.whole("after", 0),
            limit=given.whole("limit", LISTED),
        )
        for each in page.lines:
            yield entity_line(each)
        yield {"listed": len(page.lines), "next": page.next}

    async def entity(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"entity", "after", "limit"} -> one line with everything stored of it, and `limit` links after this one."""
        given = Arguments(arguments)
        after, limit = given.whole("after", 0), given.whole("limit", LISTED)
        view = await asyncio.to_thread(self.known.show, given.whole("entity"), after=after, limit=limit)
        yield entity_whole_line(view)

    async def entity_add(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"kind", "pseudonym", "status", "cases"} -> {"entity", "kind", "status", "version"}."""
        given = Arguments(arguments)
        kind, status = _word(EntityKind, given.text("kind")), _word(EntityStatus, given.text("status", "unknown"))
        made = await asyncio.to_thread(
            self.acts.add, kind, given.text("pseudonym"), status=status, cases=given.texts("cases")
        )
        yield {"entity": made.id, "kind": made.kind.value, "status": made.status.value, "version": made.version}

    async def entity_change(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"entity", "pseudonym", "status", "cases", "leave_cases", "seen"} -> {"entity", "status", "version"}."""
        given = Arguments(arguments)
        change = EntityChange(
            pseudonym=given.text("pseudonym") if given.has("pseudonym") else None,
            status=_word(EntityStatus, given.text("status")) if given.has("status") else None,
            name_in=given.texts("cases"),
            leave=given.texts("leave_cases"),
            seen=given.whole("seen", 0),
        )
        made = await asyncio.to_thread(self.acts.change, given.whole("entity"), change)
        yield {"entity": made.id, "status": made.status.value, "version": made.version}

    async def entity_note(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"entity", "text", "edit"} -> the stored version, as in `entity`. "edit": the note to edit."""
        given = Arguments(arguments)
        number, edit = given.whole("entity"), given.whole("edit", 0)
        yield note_line(await asyncio.to_thread(self.acts.note, number, given.text("text"), edit=edit))

    async def entity_link(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"entity", "holdings", "role", "certainty"} -> {"entity", "linked", "changed", "unchanged"}."""
        given = Arguments(arguments)
        role, certainty = _word(LinkRole, given.text("role")), _word(Certainty, given.text("certainty"))
        number = given.whole("entity")
        done = await asyncio.to_thread(self.acts.link, number, given.numbers("holdings"), role, certainty)
        yield {"entity": number, "linked": done.linked, "changed": done.changed, "unchanged": done.unchanged}

    async def entity_unlink(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"entity", "holdings", "role"} -> {"entity", "withdrawn"}."""
        given = Arguments(arguments)
        role = _word(LinkRole, given.text("role")) if given.has("role") else None
        number = given.whole("entity")
        gone = await asyncio.to_thread(self.acts.unlink, number, given.numbers("holdings"), role)
        yield {"entity": number, "withdrawn": gone}

    async def entity_merge(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"entity", "into"} -> {"entity", "into"}."""
        given = Arguments(arguments)
        number, into = given.whole("entity"), given.whole("into")
        await asyncio.to_thread(self.acts.merge, number, into)
        yield {"entity": number, "into": into}

    async def entity_split(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"entity"} -> {"entity", "version"}: it is an entity of its own again."""
        made = await asyncio.to_thread(self.acts.split, Arguments(arguments).whole("entity"))
        yield {"entity": made.id, "version": made.version}

    async def entity_delete(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"entity", "yes", "plan"} -> without "yes" and "plan", what would be deleted: {"would_delete", "notes",
        "links", "plan"}. Otherwise {"deleted", "notes", "links"}. "plan": the one that the user approved.
        """
        given = Arguments(arguments)
        number, consent = given.whole("entity"), Consent(yes=given.flag("yes"), plan=given.text("plan", ""))
        if consent == Consent():
            plan = await asyncio.to_thread(self.deletion.plan, number)
            yield {"would_delete": list(plan.entities), "notes": plan.notes, "links": plan.links, "plan": plan.digest}
            return
        done = await asyncio.to_thread(self.deletion.delete, number, consent)
        yield {"deleted": list(done.entities), "notes": done.notes, "links": done.links}


def _word(words: type[Word], text: str) -> Word:
    """A fixed word. Raises `Misuse`."""
    try:
        return words(text)
    except ValueError:
        raise Misuse(f"no such word: {text[:20]!r}", remedy="one of: " + ", ".join(words)) from None
