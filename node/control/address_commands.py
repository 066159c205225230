"""The commands on addresses: take in, list with the federation, check, export.

Rules this module upholds:

- Commands hold no decisions: they read arguments, call the use case, and print its values as lines.
- Items are addresses as they were given, {"addresses": [{"text", "line"}]}. A check works in batches as they arrive, so
  memory does not grow with a file.
"""

from __future__ import annotations

import asyncio
import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from node.control.address_lines import (
    checked_line,
    due_line,
    exported_line,
    outcome_line,
    shown_line,
    taken_line,
)
from node.control.arguments import Arguments
from node.control.statements import read_reason, read_terms
from node.domain.address_book import Evidence
from node.domain.address_listings import Granularity
from node.errors import Misuse
from node.usecases.address_book import Given, Typed
from node.usecases.address_checking import BATCH
from node.usecases.consent import Consent

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from node.control.runner import Line
    from node.usecases.address_book import AddressBook
    from node.usecases.address_checking import AddressChecks
    from node.usecases.address_export import AddressExports
    from node.usecases.address_listing import AddressListings

LISTED: Final = 100
DUE_DAYS: Final = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressCommands:
    """`book`: known addresses; `listings`: ours; `checks`: lookups; `exports`: files for filters."""

    book: AddressBook
    listings: AddressListings
    checks: AddressChecks
    exports: AddressExports

    async def addresses_add(self, arguments: Line, items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"evidence_day", "holding", "note", "granularity", "unusual"} -> a line per address {"line", "address",
        "granularity", "sha256", "shown", "new", "doubts"} or {"line", "error", "remedy"}; then {"given", "new",
        "refused"}.
        """
        given = Arguments(arguments)
        evidence = Evidence(
            day=given.whole("evidence_day"), holding=given.whole("holding", 0), note=given.text("note", "")
        )
        how = Given(evidence=evidence, granularity=_granularity(given), unusual=given.flag("unusual"))
        taken = await asyncio.to_thread(self.book.add, await _all(items), how)
        for each in taken:
            yield taken_line(each)
        yield {
            "given": len(taken),
            "new": sum(each.new for each in taken),
            "refused": sum(each.error is not None for each in taken),
        }

    async def addresses_submit(self, arguments: Line, items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"granularity", "handling", "yes"} -> a line per address {"line", "done", "records", "address", ...}, with
        "error" and "remedy" where it was refused; then {"given", "done", "refused"}.
        """
        given = Arguments(arguments)
        terms = read_terms(Arguments(given.object("handling")))
        typed, consent = await _all(items), Consent(yes=given.flag("yes"))
        done = await asyncio.to_thread(self.listings.submit, typed, _granularity(given), terms, consent)
        for each in done:
            yield outcome_line(each)
        yield _summary(len(done), sum(each.error is not None for each in done))

    async def addresses_withdraw(self, arguments: Line, items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"granularity", "reason", "yes"} -> as `addresses-submit`."""
        given = Arguments(arguments)
        reason = read_reason(given.text("reason", "unstated"))
        typed, consent = await _all(items), Consent(yes=given.flag("yes"))
        done = await asyncio.to_thread(self.listings.withdraw, typed, _granularity(given), reason, consent)
        for each in done:
            yield outcome_line(each)
        yield _summary(len(done), sum(each.error is not None for each in done))

    async def addresses_dispute(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"address", "granularity", "note"} -> {"done", "records"}: our opinions, one per listing of others."""
        given = Arguments(arguments)
        typed = Typed(text=given.text("address"))
        said = await asyncio.to_thread(self.listings.dispute, typed, _granularity(given), given.text("note", ""))
        yield outcome_line(said)

    async def addresses_forget(self, arguments: Line, items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"granularity"} -> {"forgotten"}. All of them or none."""
        granularity = _granularity(Arguments(arguments))
        gone = await asyncio.to_thread(self.book.forget, await _all(items), granularity)
        yield {"forgotten": len(gone)}

    async def addresses_list(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"after", "limit"} -> a line per known address {"id", "address", ..., "evidence", "ours", "listed"}, then
        {"listed", "total", "next"}. "next": the number after which the next page continues, null at the end.
        """
        given = Arguments(arguments)
        page = await asyncio.to_thread(self.book.page, given.whole("after", 0), given.whole("limit", LISTED))
        for each in page.shown:
            yield shown_line(each)
        yield {"listed": len(page.shown), "total": page.total, "next": page.next}

    async def addresses_due(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"days"} -> a line per listing of ours that ends within so many days {"id", "address", ..., "last_day"}, then
        {"due"}.
        """
        days = Arguments(arguments).whole("days", DUE_DAYS)
        due = await asyncio.to_thread(self.listings.due, days)
        for each in due:
            yield due_line(each)
        yield {"due": len(due)}

    async def addresses_check(self, _arguments: Line, items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """-> a line per address that is covered {"line", "text", "in_force", "covered_by"} or cannot be read {"line",
        "error", "remedy"}; then {"checked", "covered", "in_force", "unreadable"}.
        """
        read = covered = force = unreadable = 0
        async for some in _batches(items):
            for each in await asyncio.to_thread(self.checks.check, some):
                if each.covered or each.error is not None:
                    yield checked_line(each)
                covered += bool(each.covered)
                force += each.in_force
                unreadable += each.error is not None
            read += len(some)
        yield {"checked": read, "covered": covered, "in_force": force, "unreadable": unreadable}

    async def addresses_export(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"form"} -> lines {"data": base64}, then {"form", "addresses", "left_out", "unknown", "not_in_force", "size",
        "sha256"}.
        """
        file = await asyncio.to_thread(self.exports.begin, Arguments(arguments).text("form"))
        while piece := await asyncio.to_thread(file.piece):
            yield {"data": base64.b64encode(piece).decode("ascii")}
        yield exported_line(await asyncio.to_thread(file.end))


async def _all(items: AsyncIterator[Line]) -> list[Typed]:
    return [each async for line in items for each in _typed(line)]


async def _batches(items: AsyncIterator[Line]) -> AsyncIterator[list[Typed]]:
    """The addresses of all items, grouped to the size of one lookup."""
    some: list[Typed] = []
    async for line in items:
        some += _typed(line)
        while len(some) >= BATCH:
            yield some[:BATCH]
            some = some[BATCH:]
    if some:
        yield some


def _typed(line: Line) -> list[Typed]:
    rows = [Arguments(row) for row in Arguments(line).objects("addresses")]
    return [Typed(text=row.text("text"), row=row.whole("line", 0)) for row in rows]


def _granularity(given: Arguments) -> Granularity | None:
    """Raises `Misuse` for an unknown word."""
    word = given.text("granularity", "")
    known = {each.name.lower(): each for each in Granularity}
    if word and word not in known:
        raise Misuse("no such granularity", remedy="one of: " + ", ".join(known))
    return known.get(word)


def _summary(given: int, refused: int) -> Line:
    return {"given": given, "done": given - refused, "refused": refused}
