"""The commands that open, change, assign, close and purge cases, and that write and show their notes and timelines.

Rules this module upholds:

- Commands hold no decisions: they read arguments, call the use case, and print its values as lines.
- "version" is the version of the case that the officer saw; without it, the present one is changed.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.control.arguments import Arguments
from node.control.case_lines import case_line, note_line, place_text, read_place, timeline_line
from node.usecases.case_work import Defaults

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from node.control.runner import Line
    from node.usecases.case_notes import CaseNotes
    from node.usecases.case_timeline import CaseTimeline
    from node.usecases.case_work import CaseWork

LISTED = 50
"""Default number of notes or events that are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFileCommands:
    """`vigil case open`, and what follows on it."""

    work: CaseWork
    notes: CaseNotes
    timeline: CaseTimeline

    async def case_open(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"case", "title", "purpose", "legal_basis", "lead", "officers"} -> the case as a line."""
        given = Arguments(arguments)
        lead = given.text("lead") if given.has("lead") else None
        case = await asyncio.to_thread(
            self.work.open, given.text("case"), _words(given), lead=lead, officers=given.texts("officers")
        )
        yield case_line(case)

    async def case_version(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"case"} -> {"case", "version"}. Raises `NotFound` if it was not opened."""
        reference = Arguments(arguments).text("case")
        yield {"case": reference, "version": await asyncio.to_thread(self.work.version, reference)}

    async def case_terms(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"case", "purpose", "legal_basis"} -> {"case"}, if a new query about the case can have these terms, together
        with its defaults. A command asks before it opens files. The defaults are not shown: nobody looked at the case.
        Raises `Misuse`, `Refused`.
        """
        given = Arguments(arguments)
        reference = given.text("case")
        await asyncio.to_thread(
            self.work.query_terms, reference, given.text("purpose", ""), given.text("legal_basis", "")
        )
        yield {"case": reference}

    async def case_change(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"case", "version", "title", "purpose", "legal_basis"} -> the case as a line."""
        given = Arguments(arguments)
        yield case_line(await asyncio.to_thread(self.work.change, given.text("case"), _words(given), _version(given)))

    async def case_assign(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"case", "version", "lead", "add", "remove"} -> the case as a line."""
        given = Arguments(arguments)
        case = await asyncio.to_thread(
            self.work.assign,
            given.text("case"),
            _version(given),
            lead=given.text("lead") if given.has("lead") else None,
            add=given.texts("add"),
            remove=given.texts("remove"),
        )
        yield case_line(case)

    async def case_close(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"case", "version", "outcome", "note"} -> the case as a line."""
        given = Arguments(arguments)
        reference, outcome, note = given.text("case"), given.text("outcome"), given.text("note", "")
        yield case_line(await asyncio.to_thread(self.work.close, reference, _version(given), outcome, note))

    async def case_dormant(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"case", "version"} -> the case as a line."""
        given = Arguments(arguments)
        yield case_line(await asyncio.to_thread(self.work.rest, given.text("case"), _version(given)))

    async def case_reopen(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"case", "version"} -> the case as a line."""
        given = Arguments(arguments)
        yield case_line(await asyncio.to_thread(self.work.reopen, given.text("case"), _version(given)))

    async def case_purge(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"case", "version"} -> {"case", "version", "notes", "purged"}. Without "version", only what a purge would
        delete; with it, the purge of the version that was shown.
        """
        given = Arguments(arguments)
        reference, seen = given.text("case"), _version(given)
        if seen is None:
            found = await asyncio.to_thread(self.work.to_purge, reference)
        else:
            found = await asyncio.to_thread(self.work.purge, reference, seen)
        yield {"case": reference, "version": found.version, "notes": found.notes, "purged": seen is not None}

    async def case_note(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"case", "text", "edit": number, "version"} -> the note as a line. Without "edit", a new one. "version": of
        the note that the officer saw; if it was edited since, the command refuses.
        """
        given = Arguments(arguments)
        reference, text = given.text("case"), given.text("text")
        if given.has("edit"):
            number, seen = given.whole("edit"), _version(given)
            yield note_line(await asyncio.to_thread(self.notes.edit, reference, number, text, seen))
        else:
            yield note_line(await asyncio.to_thread(self.notes.write, reference, text))

    async def case_notes(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"case", "before", "limit"} -> the newest version of each note, the newest note first, then {"listed",
        "next"}; {"case", "note"} -> all versions of one note, then the same.
        """
        given = Arguments(arguments)
        reference, following = given.text("case"), 0
        if given.has("note"):
            notes = await asyncio.to_thread(self.notes.versions, reference, given.whole("note"))
        else:
            before, limit = given.whole("before", 0), given.whole("limit", LISTED)
            page = await asyncio.to_thread(self.notes.page, reference, before, limit)
            notes, following = page.notes, page.next
        for note in notes:
            yield note_line(note)
        yield {"listed": len(notes), "next": following or None}

    async def case_timeline(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"case", "before", "limit"} -> the events of a case, the newest first, then {"listed", "next"}. "next" is the
        "before" of the next page.
        """
        given = Arguments(arguments)
        before, limit = read_place(given.text("before", "")), given.whole("limit", LISTED)
        page = await asyncio.to_thread(self.timeline.page, given.text("case"), before, limit)
        for entry in page.entries:
            yield timeline_line(entry)
        yield {"listed": len(page.entries), "next": place_text(page.next)}


def _version(given: Arguments) -> int | None:
    return given.whole("version") if given.has("version") else None


def _words(given: Arguments) -> Defaults:
    return Defaults(
        title=given.text("title") if given.has("title") else None,
        purpose=given.text("purpose") if given.has("purpose") else None,
        legal_basis=given.text("legal_basis") if given.has("legal_basis") else None,
    )
