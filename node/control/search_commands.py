"""The investigator's commands that use only this node: ingest and match.

Rules this module upholds:

- Commands hold no decisions: they read arguments, call a use case, and print its values as lines.
- Blocking work runs in threads; lines are sent as soon as they are known.
- The audit log records every search before its result is shown.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from node.control.arguments import Arguments
from node.control.batching import batches
from node.control.hit_lines import same_name_lines, stored_hit_line
from node.control.lines import hit_line, read_item, read_subject
from node.control.tally import Tally
from node.domain.envelope import Kind
from node.domain.holdings import IngestRequest
from node.domain.queries import Level, MatchRule
from node.domain.search_ports import HOLDINGS_SOURCE
from node.errors import Misuse
from node.usecases.audit import AuditEntry
from node.usecases.casework import PAGE, case_holdings, holding_subject, listed_subject
from node.usecases.crowd import fair
from node.usecases.hit_list import Wanted

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence

    from node.control.runner import Line
    from node.domain.holdings import IngestItem
    from node.domain.ports import Clock, Store
    from node.domain.queries import Subject
    from node.domain.roster import Policy
    from node.usecases.audit import AuditLog
    from node.usecases.cases import Cases
    from node.usecases.hit_list import HitList
    from node.usecases.intake import Intake
    from node.usecases.matching import Found, Matcher
    from node.usecases.stored_hits import StoredHits

    Group = tuple[list[Subject], Sequence[int], int]
    """Subjects that are searched for together; if they are rows of one source of the index, which, and its number."""

INGEST_BATCH: Final = 32
INGEST_SECONDS: Final = 0.5
"""A batch is stored once it has this many files, or this long after its first file."""
MATCH_BATCH: Final = 64
MATCH_SECONDS: Final = 0.25
"""Subjects are searched for together once there are this many, or this long after the first of them: one search and one
audit entry for all of them."""
MATCH_FIRST_SECONDS: Final = 0.05
"""The same time for the first group: a user waits no longer than this for the first result."""
INGEST_HITS: Final = 20
"""How many hits an ingest prints per file, nearest first; a series of near-identical pictures would print hundreds."""
CASE_HITS: Final = 100
"""How many stored hits of the case's other files an ingest prints, newest first."""
LEVELS: Final = {"national": Level.NATIONAL, "hit-no-hit": Level.HIT_NO_HIT, "shared": Level.SHARED}
RULES: Final = {"policy": MatchRule.POLICY, "exact": MatchRule.EXACT}


def read_level(text: str) -> Level:
    """A level that a person can type. `shared` is reached by contributing, not by ingesting. Raises `Misuse`."""
    level = LEVELS.get(text)
    if level is None or level is Level.SHARED:
        raise Misuse(
            f"no level {text[:20]!r} for an ingest", remedy="one of: national, hit-no-hit; `vigil contribute` shares"
        )
    return level


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchCommands:
    """`policy`: the last verified policy; `cases`: those of this node."""

    policy: Callable[[], Policy]
    intake: Intake
    matcher: Matcher
    hits: HitList
    kept: StoredHits
    cases: Cases
    store: Store
    audit: AuditLog
    clock: Clock

    async def ingest_known(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"tags": [hex]} -> {"known": [hex]}: the files that an interrupted ingest has already stored."""
        tags = [bytes.fromhex(tag) for tag in Arguments(arguments).texts("tags")]
        known = await asyncio.to_thread(self.intake.known, tags)
        yield {"known": sorted(tag.hex() for tag in known)}

    async def ingest(self, arguments: Line, items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"case", "level", "show_all"} and items -> one line per file with its nearest hits, then the newest stored
        hits of the case's other files, then a summary. "files_with_hits" and "case_hits" in the summary cover the whole
        case.
        """
        given = Arguments(arguments)
        request = IngestRequest(case=given.text("case"), level=read_level(given.text("level", "national")))
        show_all = given.flag("show_all")
        files = new = hidden = 0
        tally = Tally()
        with_hits = set[int]()
        async for batch in batches(items, INGEST_BATCH, INGEST_SECONDS):
            read = [read_item(line) for line in batch]
            for result in await asyncio.to_thread(self._take, request, read, show_all=show_all):
                files += 1
                hidden += result.hidden
                new += result.new
                tally.add(result.left_out, result.aside, result.standing)
                with_hits |= {result.holding} if result.hits else set()
                yield {
                    "path": result.label,
                    "holding": result.holding,
                    "new": result.new,
                    "hits": [hit_line(result.label, hit) for hit in fair(result.hits, INGEST_HITS)],
                    "hits_total": len(result.hits) + sum(result.left_out.values()),
                    "hidden": result.hidden,
                }
        wanted = Wanted(case=request.case, show_all=show_all, limit=CASE_HITS)
        for shown in (await asyncio.to_thread(self.hits.page, wanted)).hits:
            if shown.hit.holding not in with_hits:
                yield stored_hit_line(shown)
        stand = await asyncio.to_thread(self.hits.stand, request.case)
        same = await asyncio.to_thread(self.cases.lists_with, request.case)
        yield {
            "files": files,
            "new": new,
            "already_held": files - new,
            "files_with_hits": len(with_hits | stand.holdings),
            "hidden": hidden,
            **tally.line(),
            "case": request.case,
            "case_hits": stand.counts.hits,
            "same_name": same_name_lines(same),
            "not_matched_yet": stand.behind,
        }

    def _take(self, request: IngestRequest, items: list[IngestItem], *, show_all: bool) -> list[Any]:
        self.audit.append(
            AuditEntry(
                kind=Kind.AUDIT_SEARCH,
                body={
                    "what": "ingest",
                    "case": request.case,
                    "sha256": [item.prints.sha256.hex() for item in items],
                    "at": int(self.clock()),
                },
            )
        )
        return self.intake.take(request, items, show_all=show_all)

    async def match(self, arguments: Line, items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"rule", "case", "show_all"} and subjects as items -> one line per hit, then {"searched", "hits", "hidden",
        ...}.

        Hits are sent as soon as they are known; subjects are read while others are searched for.
        """

        async def groups() -> AsyncGenerator[Group, None]:
            async for batch in batches(items, MATCH_BATCH, MATCH_SECONDS, MATCH_FIRST_SECONDS):
                yield [read_subject(line) for line in batch], (), HOLDINGS_SOURCE

        async with aclosing(groups()) as read:
            async for line in self._matches(arguments, read):
                yield line

    async def match_case(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"rule", "case", "list", "show_all"} -> as `match`: the holdings of the case, with their stored fingerprints,
        or the rows of the case of a list (`Cases.chosen`). The summary has {"holdings": count, "references": count,
        "list", "same_name"}. Raises `NotFound` for an unknown case, `Misuse` if several lists have it.
        """
        given = Arguments(arguments)
        case = given.text("case")
        of = await asyncio.to_thread(self.cases.chosen, case, given.text("list", ""))
        same = await asyncio.to_thread(self.cases.lists_with, case)

        async def groups() -> AsyncGenerator[Group, None]:
            pages = case_holdings(self.store, case)
            while of is None and (page := await asyncio.to_thread(next, pages, None)) is not None:
                yield [holding_subject(each) for each in page], [each.id for each in page], HOLDINGS_SOURCE
            after = 0
            while of is not None:
                rows = await asyncio.to_thread(self.cases.rows, of, case, after, PAGE, words=False)
                if not rows:
                    return
                yield [listed_subject(of, row) for row in rows], [row.id for row in rows], of.source
                after = rows[-1].id

        async for line in self._matches(arguments, groups()):
            if "searched" in line:
                line |= {"holdings": 0, "references": 0, "files": 0, "list": of.name if of is not None else None}
                line["holdings" if of is None else "references"] = line["subjects"]
                line["same_name"] = same_name_lines(same)
            yield line

    async def _matches(self, arguments: Line, groups: AsyncIterator[Group]) -> AsyncGenerator[Line, None]:
        given = Arguments(arguments)
        rule, case, show_all = read_rule(given.text("rule", "policy")), given.text("case", ""), given.flag("show_all")
        searched: dict[str, int] = {}
        hits = hidden = subjects = files = 0
        tally = Tally()
        began = time.monotonic()
        in_search = 0.0
        async for asked, rows, source in groups:
            found, took = await asyncio.to_thread(self._match, asked, (rows, source), rule, case, show_all=show_all)
            in_search += took
            subjects += len(asked)
            files += sum(bool(subject.orientations) for subject in asked)
            hits += len(found.hits)
            hidden += sum(found.hidden.values())
            tally.of(found)
            tally.asked(asked, self.policy().pdq_quality_floor)
            searched = dict(found.searched)
            for hit in found.hits:
                yield hit_line(asked[hit.subject].label, hit)
        if not subjects:
            searched = dict((await asyncio.to_thread(self.matcher.local, (), 0, rule)).searched)
        seconds = max(time.monotonic() - began, 1e-6)
        yield {
            "searched": searched,
            "hits": hits,
            "hidden": hidden,
            **tally.line(),
            **tally.not_compared(),
            "subjects": subjects,
            "files": files,
            "seconds": round(seconds, 3),
            "files_per_second": round(files / seconds, 2),
            "seconds_in_search": round(in_search, 3),
            "search_share": round(in_search / seconds, 4),
        }

    def _match(
        self,
        subjects: list[Subject],
        own: tuple[Sequence[int], int],
        rule: MatchRule,
        case: str,
        *,
        show_all: bool,
    ) -> tuple[Found, float]:
        """The results and the seconds that the search took, after the audit entry is written. `own`: as in `Group`."""
        own_rows, source = own
        self.audit.append(
            AuditEntry(
                kind=Kind.AUDIT_SEARCH,
                body={
                    "what": "match",
                    "case": case,
                    "hashes": [[f.code, f.value.hex()] for s in subjects for f in s.fingerprints],
                    "at": int(self.clock()),
                },
            )
        )
        began = time.monotonic()
        found = self.matcher.local(subjects, self.policy().radius, rule, own_rows, show_all=show_all, own_source=source)
        took = time.monotonic() - began
        self.kept.keep_match(own_rows if source == HOLDINGS_SOURCE else (), found)
        return found, took


def read_rule(text: str) -> MatchRule:
    """A match rule that a person can type. Raises `Misuse`."""
    rule = RULES.get(text)
    if rule is None:
        raise Misuse(f"no match rule {text[:20]!r}", remedy="one of: policy, exact")
    return rule
