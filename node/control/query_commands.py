"""The commands that ask the federation, and that show a past question.

Rules this module upholds:

- Commands hold no decisions: they read arguments, call a use case, and print its values as lines.
- Lines are sent as soon as they are known.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.control.arguments import Arguments
from node.control.lines import read_subject
from node.control.query_lines import cost_line, event_lines, past_lines
from node.control.questions import read_hashes, read_question
from node.control.statements import read_recipients
from node.usecases.query_reading import LISTED

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Sequence

    from node.control.runner import Line
    from node.usecases.query_reading import Past, QueryReading
    from node.usecases.querying import QueryEvent, Querying


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryCommands:
    """`querying` asks, `reading` shows what was asked."""

    querying: Querying
    reading: QueryReading

    async def query(self, arguments: Line, items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"case", "purpose", "legal_basis", "officer_role", "to", "rule", "budget", "show_all"} and subjects as items
        -> the subjects left out, the plan, and for each part its local hits, then members' outcomes and their hits as
        they arrive; at the end {"query", "outcomes", "hits", ...} over all parts.

        "purpose" and "legal_basis" may be left out: then the defaults of the case apply.

        A subject on the allow-list is left out and has a line: {"subject", "not_asked"}. With `show_all` it is asked
        about like any other. A video asked about in part has a line too: {"subject", "left_out", "fingerprints"}.
        "hashes", a list of ALGORITHM:HEX, has further subjects. "to" is a list of members, or one group: ["@NAME"].
        Without "officer_role" it is the role of the caller. Raises `Refused` if nothing is left to ask about.
        """
        given = Arguments(arguments)
        subjects = (*read_hashes(given), *[read_subject(line) async for line in items])
        asking = self.querying.ask(read_question(given, subjects), show_all=given.flag("show_all"))
        async with aclosing(_lines(asking)) as lines:
            async for line in lines:
                yield line

    async def query_case(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """As `query`, about holdings of the case, with their stored fingerprints: those of "holdings", a list of
        numbers, or without it all of them.
        """
        given = Arguments(arguments)
        holdings = given.numbers("holdings")
        asking = self.querying.ask_case(read_question(given), holdings, show_all=given.flag("show_all"))
        async with aclosing(_lines(asking)) as lines:
            async for line in lines:
                yield line

    async def query_cost(self, arguments: Line, items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """As `query` with subjects, and as `query-case` without them -> one line like the plan, with the terms
        that would be sent, the members that would be asked, and {"budget_left", "budget_a_minute"} in fingerprints.
        Nothing is stored or sent.
        """
        given = Arguments(arguments)
        subjects = (*read_hashes(given), *[read_subject(line) async for line in items])
        holdings, show_all = given.numbers("holdings"), given.flag("show_all")
        yield cost_line(await self.querying.cost(read_question(given, subjects), holdings, show_all=show_all))

    async def query_again(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"query": hex, "to", "budget", "show_all"} -> as `query`: the same subjects and terms again. The summary says
        what has changed. Without "to" and "budget", these are the same too.
        """
        given = Arguments(arguments)
        members, group = read_recipients(given)
        to = members if given.has("to") and not group else None
        budget = given.number("budget") if given.has("budget") else None
        show_all = given.flag("show_all")
        asking = self.querying.ask_again(given.query_id(), to, budget, group=group, show_all=show_all)
        async with aclosing(_lines(asking)) as lines:
            async for line in lines:
                yield line

    async def query_rest(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"query": hex, "show_all"} -> as `query`: the parts of an interrupted question that have no closing table
        yet. The summary covers all parts.
        """
        given = Arguments(arguments)
        asking = self.querying.ask_rest(given.query_id(), show_all=given.flag("show_all"))
        async with aclosing(_lines(asking)) as lines:
            async for line in lines:
                yield line

    async def queries(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"query": hex or "", "limit", "table", "brief"} -> past questions and their answers, with late answers
        labelled.

        With "query" (a question, or one part of it), that one with its subjects, and with "table" its closing table at
        the end; without, the latest ones. "brief": these with their states alone.
        """
        given = Arguments(arguments)
        past: Sequence[Past]
        if wanted := given.text("query", ""):
            past = await asyncio.to_thread(self.reading.one, wanted, table=given.flag("table"))
        elif given.flag("brief"):
            past = await asyncio.to_thread(self.reading.stands, given.whole("limit", LISTED))
        else:
            past = await asyncio.to_thread(self.reading.recent, given.whole("limit", LISTED))
        for each in past:
            for line in past_lines(each):
                yield line


async def _lines(events: AsyncGenerator[QueryEvent, None]) -> AsyncGenerator[Line, None]:
    async with aclosing(events):
        async for event in events:
            for line in event_lines(event):
                yield line
