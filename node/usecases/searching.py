"""A search of this node: for the subjects that a person gives, or for those of a case.

Rules this module upholds:

- The audit log records the fingerprints of a group of subjects before the group is searched for.
- Hits are handed out as soon as they are known; subjects are read while others are searched for.
- A holding, or a row of a list, is not a hit of itself. Hits of our own holdings are stored as they are found.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from node.domain.queries import MatchRule
from node.domain.search_ports import HOLDINGS_SOURCE
from node.usecases.access import record_access
from node.usecases.batching import batches
from node.usecases.casework import PAGE, case_holdings, holding_subject, listed_subject
from node.usecases.hit_tally import HitTally
from node.usecases.verification import verified

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence

    from node.domain.lists import ReferenceList
    from node.domain.queries import Hit, Subject
    from node.domain.roster import Policy
    from node.domain.stores import NodeStore
    from node.domain.verification import Verification
    from node.usecases.audit import AuditLog
    from node.usecases.cases import Cases
    from node.usecases.matching import Found, Matcher
    from node.usecases.stored_hits import StoredHits
    from node.usecases.verification import Verifier

GROUP: Final = 64
GROUP_SECONDS: Final = 0.25
"""Subjects are searched for together once there are this many, or this long after the first of them: one search and one
audit entry for all of them."""
FIRST_GROUP_SECONDS: Final = 0.05
"""The same time for the first group: a user waits no longer than this for the first result."""
_LEAST_SECONDS: Final = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """How a search is made. `case`: its reference, for the audit log; `show_all`: also hits that are hidden."""

    rule: MatchRule = MatchRule.POLICY
    case: str = ""
    show_all: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectHit:
    """A hit on a subject. `label`: the person's own name for the subject; `verification`: what other members say of the
    record that was found, None if it is no record.
    """

    label: str
    hit: Hit
    verification: Verification | None = None


@dataclass(slots=True, kw_only=True)
class SearchEnded:
    """The summary. `searched`: source -> how many items the index has of it. `files`: subjects made from a picture.
    `seconds`: of the whole search; `seconds_in_search`: those that the index needed.
    """

    searched: Mapping[str, int] = field(default_factory=dict)
    hits: int = 0
    hidden: int = 0
    tally: HitTally = field(default_factory=HitTally)
    subjects: int = 0
    files: int = 0
    seconds: float = 0.0
    seconds_in_search: float = 0.0

    def add(self, asked: Sequence[Subject], found: Found, seconds: float) -> None:
        """Counts the result for a group of subjects; `seconds` that its search took."""
        self.seconds_in_search += seconds
        self.subjects += len(asked)
        self.files += sum(bool(subject.orientations) for subject in asked)
        self.hits += len(found.hits)
        self.hidden += sum(found.hidden.values())
        self.tally.of(found)
        self.searched = dict(found.searched)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseSearched:
    """The summary of a search for a case. `of`: the list whose case it is, None for a case of this node; `same_name`:
    lists that have a case of this reference.
    """

    ended: SearchEnded
    of: ReferenceList | None
    same_name: Sequence[ReferenceList]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    """Subjects that are searched for together. `rows`: if they are rows of one `source` of the index, which."""

    subjects: Sequence[Subject]
    rows: Sequence[int] = ()
    source: int = HOLDINGS_SOURCE


@dataclass(frozen=True, slots=True, kw_only=True)
class Searching:
    """For the event loop. `policy`: the last verified policy; `cases`: those of this node. `verifier` None: opinions
    are not counted.
    """

    policy: Callable[[], Policy]
    matcher: Matcher
    kept: StoredHits
    cases: Cases
    store: NodeStore
    audit: AuditLog
    verifier: Verifier | None = None

    async def subjects(
        self, search: Search, subjects: AsyncIterator[Subject]
    ) -> AsyncGenerator[SubjectHit | SearchEnded, None]:
        """The hits on these subjects, then the summary."""

        async def groups() -> AsyncGenerator[_Group, None]:
            async with aclosing(batches(subjects, GROUP, GROUP_SECONDS, FIRST_GROUP_SECONDS)) as read:
                async for batch in read:
                    yield _Group(subjects=batch)

        async with aclosing(self._searched(search, groups())) as found:
            async for each in found:
                yield each

    async def case(self, search: Search, name: str = "") -> AsyncGenerator[SubjectHit | CaseSearched, None]:
        """The hits on the holdings of `search.case`, with their stored fingerprints, or on the rows of the case of a
        list (`Cases.chosen`); then the summary. `name`: of the list, if a person names it. Raises `NotFound` for an
        unknown case, `Misuse` if several lists have it.
        """
        of = await asyncio.to_thread(self.cases.chosen, search.case, name)
        same = await asyncio.to_thread(self.cases.lists_with, search.case)
        groups = self._of_holdings(search.case) if of is None else self._of_rows(of, search.case)
        async with aclosing(self._searched(search, groups)) as found:
            async for each in found:
                yield each if isinstance(each, SubjectHit) else CaseSearched(ended=each, of=of, same_name=same)

    async def _of_holdings(self, case: str) -> AsyncGenerator[_Group, None]:
        pages = case_holdings(self.store, case)
        while (page := await asyncio.to_thread(next, pages, None)) is not None:
            yield _Group(subjects=[holding_subject(each) for each in page], rows=[each.id for each in page])

    async def _of_rows(self, of: ReferenceList, case: str) -> AsyncGenerator[_Group, None]:
        after = 0
        while rows := await asyncio.to_thread(self.cases.rows, of, case, after, PAGE, words=False):
            yield _Group(
                subjects=[listed_subject(of, row) for row in rows], rows=[row.id for row in rows], source=of.source
            )
            after = rows[-1].id

    async def _searched(
        self, search: Search, groups: AsyncGenerator[_Group, None]
    ) -> AsyncGenerator[SubjectHit | SearchEnded, None]:
        ended = SearchEnded()
        began = time.monotonic()
        async with aclosing(groups):
            async for group in groups:
                found, took = await asyncio.to_thread(self._match, search, group)
                ended.add(group.subjects, found, took)
                ended.tally.asked(group.subjects, self.policy().pdq_quality_floor)
                known = await asyncio.to_thread(verified, self.store, self.verifier, found.hits)
                for hit in found.hits:
                    yield SubjectHit(
                        label=group.subjects[hit.subject].label,
                        hit=hit,
                        verification=known.get(hit.record) if hit.record else None,
                    )
        if not ended.subjects:
            ended.searched = dict((await asyncio.to_thread(self.matcher.local, (), 0, search.rule)).searched)
        ended.seconds = max(time.monotonic() - began, _LEAST_SECONDS)
        yield ended

    def _match(self, search: Search, group: _Group) -> tuple[Found, float]:
        """Blocking. (The result for a group, the seconds that its search took), after the audit entry is durable."""
        hashes = [[f.code, f.value.hex()] for subject in group.subjects for f in subject.fingerprints]
        record_access(self.audit, "match", case=search.case, hashes=hashes)
        began = time.monotonic()
        found = self.matcher.local(
            group.subjects,
            self.policy().radius,
            search.rule,
            group.rows,
            show_all=search.show_all,
            own_source=group.source,
        )
        took = time.monotonic() - began
        self.kept.keep_match(group.rows if group.source == HOLDINGS_SOURCE else (), found)
        return found, took
