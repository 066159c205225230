"""The commands for watches of our own: add, list, show, remove.

Rules this module upholds:

- Commands hold no decisions: they read arguments, call the use case, and print its values as lines.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.control.arguments import Arguments
from node.control.lines import hit_line, read_subject, told_hit_line
from node.control.query_lines import ON_THE_LIST
from node.control.questions import read_hashes, read_question, read_rule
from node.domain.calendar import spell_day
from node.usecases.local_watching import LocalWords

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from node.control.runner import Line
    from node.domain.local_watches import LocalWatch
    from node.usecases.local_watching import LocalWatching
    from node.usecases.own_watches import OwnWatch
    from node.usecases.publication import Publishing
    from node.usecases.watch_reading import AskedMember, FollowedWatch, WatchReading
    from node.usecases.watching import Added, Watching


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchCommands:
    """`vigil watch`. `publishing` follows a statement to the hub; `local`: the watches that stay on this node."""

    watching: Watching
    reading: WatchReading
    publishing: Publishing
    local: LocalWatching

    async def watch_add(self, arguments: Line, items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"case", "purpose", "legal_basis", "officer_role", "to", "rule", "until", "show_all"} and subjects as items
        -> a line for each subject on the allow-list, then the watch. `until` in days since 1970. "hashes", a list of
        ALGORITHM:HEX, has further subjects.
        """
        given = Arguments(arguments)
        subjects = (*read_hashes(given), *[read_subject(line) async for line in items])
        added = await asyncio.to_thread(
            self.watching.add, read_question(given, subjects), given.whole("until"), show_all=given.flag("show_all")
        )
        async for line in self._added(added):
            yield line

    async def watch_case(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """As `watch-add`, about the holdings of the case, with their stored fingerprints."""
        given = Arguments(arguments)
        added = await asyncio.to_thread(
            self.watching.add_case, read_question(given), given.whole("until"), show_all=given.flag("show_all")
        )
        async for line in self._added(added):
            yield line

    async def watch_local(self, arguments: Line, items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"case", "rule", "until", "show_all"} and subjects as items -> a line for each subject on the allow-list,
        then the local watch. `until` in days since 1970. "hashes": as in `watch-add`.
        """
        given = Arguments(arguments)
        words = LocalWords(
            subjects=(*read_hashes(given), *[read_subject(line) async for line in items]),
            until_day=given.whole("until"),
            case=given.text("case", ""),
            rule=read_rule(given.text("rule", "policy")),
            show_all=given.flag("show_all"),
        )
        added = await asyncio.to_thread(self.local.add, words)
        for label in added.not_watched:
            yield {"subject": label, "not_asked": ON_THE_LIST}
        yield local_line(added.watch) | {"already": added.already}

    async def _added(self, added: Added) -> AsyncIterator[Line]:
        for label in added.not_asked:
            yield {"subject": label, "not_asked": ON_THE_LIST}
        settled = await self.publishing.follow([added.watch.record])
        line = own_line(added.watch) | {"left_out": added.thinned, "published": settled.published}
        yield line

    async def watch_list(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"case"} -> one line per watch abroad, the newest first, with the state of each asked member; then one line
        per local watch, the newest first.
        """
        case = Arguments(arguments).text("case", "")
        for each in await asyncio.to_thread(self.reading.listed, case):
            yield followed_line(each)
        for local in await asyncio.to_thread(self.local.listed, case):
            yield local_line(local)

    async def watch_show(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"watch"} -> the watch, then one line per hit that a member told of. {"local": number} -> the local watch,
        then one line per hit that it has now.
        """
        given = Arguments(arguments)
        if given.has("local"):
            shown = await asyncio.to_thread(self.local.one, given.whole("local"))
            yield local_line(shown.watch)
            for hit in shown.hits:
                yield hit_line(f"subject {hit.subject + 1}", hit)
            return
        found = await asyncio.to_thread(self.reading.one, given.text("watch"))
        yield followed_line(found)
        labels = [f"subject {number}" for number in range(1, found.own.subjects + 1)]
        for asked in found.asked:
            for hit in asked.hits:
                yield told_hit_line(labels, asked.member, hit, None)

    async def watch_remove(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"watch"} -> the watch, withdrawn. {"local": number} -> the local watch, deleted."""
        given = Arguments(arguments)
        if given.has("local"):
            yield local_line(await asyncio.to_thread(self.local.remove, given.whole("local")))
            return
        yield own_line(await asyncio.to_thread(self.watching.remove, given.text("watch")))


def local_line(watch: LocalWatch) -> Line:
    """A local watch. Times in Unix seconds. `found`: records that match; `full`: it has found so many that it finds no
    more.
    """
    return {
        "watch": watch.name,
        "local": True,
        "case": watch.case or None,
        "officer": watch.officer or None,
        "subjects": watch.subjects,
        "fingerprints": watch.fingerprints,
        "until": spell_day(watch.until_day),
        "at": watch.at,
        "found": watch.found,
        "full": watch.is_full,
    }


def own_line(watch: OwnWatch) -> Line:
    """A watch of ours. Times in Unix seconds."""
    return {
        "watch": str(watch.record),
        "local": False,
        "case": watch.case,
        "purpose": watch.purpose,
        "legal_basis": watch.legal_basis,
        "officer": watch.officer or None,
        "members": list(watch.members),
        "subjects": watch.subjects,
        "fingerprints": watch.fingerprints,
        "until": spell_day(watch.until_day),
        "at": watch.at,
        "withdrawn_at": watch.withdrawn_at or None,
    }


def followed_line(followed: FollowedWatch) -> Line:
    """The same with what the asked members say."""
    return own_line(followed.own) | {
        "withdrawn": followed.withdrawn,
        "sent": followed.sent,
        "hits": followed.hits,
        "asked": {each.member: asked_line(each) for each in followed.asked},
    }


def asked_line(asked: AskedMember) -> Line:
    """What one member says. `at`: by its own clock, null if it has said nothing."""
    return {
        "state": asked.state.value,
        "hits": len(asked.hits),
        "reason": asked.reason or None,
        "at": asked.at or None,
        "not_searched": sorted(kind.name for kind in asked.kinds if not kind.searched),
        "faults": asked.faults,
        "left_out": asked.left_out,
    }
