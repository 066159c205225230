"""The investigator's commands: ingest, match, query, and looking a query up again.

Rules this module upholds:

- Commands hold no decisions: they read arguments, call a use case, and print its values as lines.
- Blocking work runs in threads; lines are given as soon as they are known.
- Every search is in the audit log before its result is shown.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from node.control.arguments import Arguments
from node.control.batching import batches
from node.control.lines import hit_line, outcome_line, read_item, read_subject
from node.domain.envelope import Kind
from node.domain.holdings import IngestRequest
from node.domain.ids import QUERY_ID_SIZE, member_id
from node.domain.queries import Level, MatchRule, MemberOutcome, Outcome
from node.errors import Malformed, Misuse, NotFound, Refused
from node.usecases.audit import AuditEntry
from node.usecases.question import Question

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from node.control.runner import Line
    from node.domain.holdings import IngestItem
    from node.domain.ids import MemberId
    from node.domain.ports import Clock, Codec, Store
    from node.domain.queries import Subject
    from node.domain.roster import Policy
    from node.usecases.allowing import AllowList
    from node.usecases.audit import AuditLog
    from node.usecases.inquiry import Ask, Inquirer
    from node.usecases.intake import Intake
    from node.usecases.matching import Found, Matcher

INGEST_BATCH: Final = 32
INGEST_SECONDS: Final = 0.5
"""A batch is stored once it has this many files, or this long after its first."""
MATCH_BATCH: Final = 64
MATCH_SECONDS: Final = 0.25
"""Subjects are searched together once there are so many, or this long after the first of them: one search and one audit
entry for all of them."""
MATCH_FIRST_SECONDS: Final = 0.05
"""The same of the first group of all: whoever waits for a first result waits no longer than that."""
INGEST_HITS: Final = 20
"""Hits that an ingest gives of a file, the nearest; a series of near-identical pictures would give hundreds of each."""
ON_THE_LIST: Final = "it is on the allow-list of known-harmless content"
NOTHING_ASKED: Final = "everything asked about is on the allow-list of known-harmless content, so nothing was sent"
LEVELS: Final = {"national": Level.NATIONAL, "hit-no-hit": Level.HIT_NO_HIT, "shared": Level.SHARED}
RULES: Final = {"policy": MatchRule.POLICY, "exact": MatchRule.EXACT}


def read_level(text: str) -> Level:
    """A level as a person types it. `shared` is reached by contributing, not by ingesting. Raises `Misuse`."""
    level = LEVELS.get(text)
    if level is None or level is Level.SHARED:
        raise Misuse(
            f"no level {text[:20]!r} for an ingest", remedy="one of: national, hit-no-hit; `vigil contribute` shares"
        )
    return level


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchCommands:
    """`relay` asks the hub; `radius` in bits by the policy."""

    me: MemberId
    policy: Callable[[], Policy]
    intake: Intake
    matcher: Matcher
    inquirer: Inquirer
    allowed: AllowList
    relay: Ask
    store: Store
    codec: Codec
    audit: AuditLog
    clock: Clock

    async def ingest_known(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"tags": [hex]} -> {"known": [hex]}: what an interrupted ingest has done already."""
        tags = [bytes.fromhex(tag) for tag in Arguments(arguments).texts("tags")]
        known = await asyncio.to_thread(self.intake.known, tags)
        yield {"known": sorted(tag.hex() for tag in known)}

    async def ingest(self, arguments: Line, items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"case", "level", "show_all"} and items -> a line a file with its nearest hits, then a summary."""
        given = Arguments(arguments)
        request = IngestRequest(case=given.text("case"), level=read_level(given.text("level", "national")))
        show_all = given.flag("show_all")
        files = new = hit_files = hidden = 0
        async for batch in batches(items, INGEST_BATCH, INGEST_SECONDS):
            read = [read_item(line) for line in batch]
            for result in await asyncio.to_thread(self._take, request, read, show_all=show_all):
                files += 1
                hidden += result.hidden
                new += result.new
                hit_files += bool(result.hits)
                yield {
                    "path": result.label,
                    "holding": result.holding,
                    "new": result.new,
                    "hits": [hit_line(result.label, hit) for hit in result.hits[:INGEST_HITS]],
                    "hits_total": len(result.hits),
                    "hidden": result.hidden,
                }
        yield {
            "files": files,
            "new": new,
            "already_held": files - new,
            "files_with_hits": hit_files,
            "hidden": hidden,
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
        """{"rule", "case", "show_all"} and subjects as items -> a line a hit, then {"searched", "hits", "hidden", ...}.

        Hits come as soon as they are known; subjects go on being read while others are searched.
        """
        given = Arguments(arguments)
        rule, case, show_all = read_rule(given.text("rule", "policy")), given.text("case", ""), given.flag("show_all")
        searched: dict[str, int] = {}
        hits = hidden = subjects = files = 0
        began = time.monotonic()
        in_search = 0.0
        async for batch in batches(items, MATCH_BATCH, MATCH_SECONDS, MATCH_FIRST_SECONDS):
            asked = [read_subject(line) for line in batch]
            found, took = await asyncio.to_thread(self._match, asked, rule, case, show_all=show_all)
            in_search += took
            subjects += len(asked)
            files += sum(bool(subject.orientations) for subject in asked)
            hits += len(found.hits)
            hidden += sum(found.hidden.values())
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
            "subjects": subjects,
            "files": files,
            "seconds": round(seconds, 3),
            "files_per_second": round(files / seconds, 2),
            "seconds_in_search": round(in_search, 3),
            "search_share": round(in_search / seconds, 4),
        }

    def _match(self, subjects: list[Subject], rule: MatchRule, case: str, *, show_all: bool) -> tuple[Found, float]:
        """What was found, and the seconds that it took to search, once it was written down that it is."""
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
        found = self.matcher.local(subjects, self.policy().radius, rule, show_all=show_all)
        return found, time.monotonic() - began

    async def query(self, arguments: Line, items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"case", "purpose", "legal_basis", "officer_role", "to", "rule", "budget", "show_all"} and subjects as items
        -> what is not asked about, local hits, members' outcomes and their hits as they come, then {"query",
        "outcomes", "hits"}.

        A subject on the allow-list is left out, and a line says so: {"subject", "not_asked"}. With `show_all` it is
        asked about like any other. Raises `Refused` where nothing is left to ask about.
        """
        given = Arguments(arguments)
        show_all = given.flag("show_all")
        read = [read_subject(line) async for line in items]
        known = frozenset() if show_all else await asyncio.to_thread(self.allowed.among, read)
        if known and len(known) == len(read):
            raise Refused(NOTHING_ASKED, remedy="to ask all the same: --show-all; vigil match looks here alone")
        for place in sorted(known):
            yield {"subject": read[place].label, "not_asked": ON_THE_LIST}
        subjects = tuple(subject for place, subject in enumerate(read) if place not in known)
        question = Question(
            subjects=subjects,
            case=given.text("case"),
            purpose=given.text("purpose"),
            legal_basis=given.text("legal_basis"),
            officer_role=given.text("officer_role", "investigator"),
            recipients=tuple(member_id(name) for name in given.texts("to")),
            rule=read_rule(given.text("rule", "policy")),
            budget=given.number("budget", 5.0),
        )
        opened = await asyncio.to_thread(self.inquirer.open, question)
        found = await asyncio.to_thread(self.inquirer.search_here, question, show_all=show_all)
        total = len(found.hits)
        for hit in found.hits:
            yield hit_line(subjects[hit.subject].label, hit) | {"where": "here"}
        async for outcome in self.inquirer.ask(opened, self.relay, question.budget):
            yield outcome_line(opened.id, outcome)
            for hit in outcome.answer.hits if outcome.answer else ():
                total += 1
                yield hit_line(subjects[hit.subject].label, hit) | {"where": outcome.member}
        await asyncio.to_thread(self.inquirer.close, opened)
        yield {
            "query": opened.id.hex(),
            "outcomes": {m: o.outcome.value for m, o in sorted(opened.outcomes.items())},
            "reasons": {m: o.reason for m, o in sorted(opened.outcomes.items()) if o.reason},
            "hits": total,
            "local_hits": len(found.hits),
            "hidden": sum(found.hidden.values()),
            "not_asked": len(known),
            "reduced": any(subject.reduced for subject in subjects),
            "searched": dict(found.searched),
            "complete": opened.complete(),
        }

    async def queries(self, arguments: Line, _items: AsyncIterator[Line]) -> AsyncIterator[Line]:
        """{"query": hex or "", "limit"} -> what was asked and what came back, late answers included and labelled."""
        given = Arguments(arguments)
        wanted = given.text("query", "")
        looks = {"what": "queries", "query": wanted, "at": int(self.clock())}
        await asyncio.to_thread(self.audit.append, AuditEntry(kind=Kind.AUDIT_SEARCH, body=looks))
        for line in await asyncio.to_thread(self._queries, wanted, given.whole("limit", 20)):
            yield line

    def _queries(self, wanted: str, limit: int) -> list[Line]:
        lines: list[Line] = []
        with self.store.read() as tx:
            if wanted:
                query_id = read_query_id(wanted)
                asked = tx.asked(query_id)
                if asked is None:
                    raise NotFound("no query of ours has this id", remedy="`vigil queries` lists the last ones")
                chosen = [asked]
            else:
                chosen = tx.recent_queries(limit)
            for one in chosen:
                lines.append(
                    {
                        "query": one.header.query_id.hex(),
                        "asked_at": one.created_at,
                        "closed_at": one.closed_at or None,
                        "purpose": one.header.purpose,
                    }
                )
                for member, state, signed, late in tx.outcomes(one.header.query_id):
                    answer = self.codec.decode_answer(signed.answer) if signed else None
                    outcome = MemberOutcome(
                        member=member,
                        outcome=Outcome(state),
                        answer=answer,
                        reason=answer.reason if answer else "",
                        late=late,
                    )
                    lines.append(outcome_line(one.header.query_id, outcome))
                    lines += [hit_line("", hit) | {"where": member} for hit in (answer.hits if answer else ())]
        return lines


def read_rule(text: str) -> MatchRule:
    """A match rule as a person types it. Raises `Misuse`."""
    rule = RULES.get(text)
    if rule is None:
        raise Misuse(f"no match rule {text[:20]!r}", remedy="one of: policy, exact")
    return rule


def read_query_id(text: str) -> bytes:
    """A query's id from its hex. Raises `Malformed`."""
    try:
        query_id = bytes.fromhex(text)
    except ValueError:
        query_id = b""
    if len(query_id) != QUERY_ID_SIZE:
        raise Malformed(f"a query's id is {2 * QUERY_ID_SIZE} hex digits")
    return query_id
