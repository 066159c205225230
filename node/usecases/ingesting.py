"""An ingest for a case, as a person sees it: each file with its hits, the other hits of the case, and a summary.

Rules this module upholds:

- The audit log records the files of a batch before the batch is taken in.
- Results are handed out batch by batch, as soon as a batch is durable. Files are read while others are taken in.
- An interrupted ingest skips files that it has finished. They are told apart by a tag under a salt of this node, so no
  path is stored.
- The summary covers the whole case, also where few files were new.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from node.domain.queries import Level
from node.errors import Misuse
from node.usecases.access import record_access
from node.usecases.batching import batches
from node.usecases.crowd import fair
from node.usecases.hit_list import Wanted
from node.usecases.hit_tally import HitTally

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence

    from node.domain.holdings import IngestItem, IngestRequest
    from node.domain.lists import ReferenceList
    from node.domain.queries import Hit
    from node.domain.stores import NodeStore
    from node.usecases.audit import AuditLog
    from node.usecases.cases import Cases
    from node.usecases.hit_list import HitList
    from node.usecases.intake import IngestResult, Intake
    from node.usecases.shown_hits import ShownHit

BATCH: Final = 32
BATCH_SECONDS: Final = 0.5
"""A batch is stored once it has this many files, or this long after its first file."""
HITS_OF_FILE: Final = 20
"""How many hits are shown per file, nearest first; a series of near-identical pictures would have hundreds."""
HITS_OF_CASE: Final = 100
"""How many stored hits of the case's other files are shown, newest first."""
SALT_SIZE: Final = 32
_SALT: Final = "ingest-salt"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileTaken:
    """A file that is durable. `hits`: those to show; `hits_total`: all of them."""

    result: IngestResult
    hits: Sequence[Hit]
    hits_total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestEnded:
    """The summary. `new`: files that were not held before. `with_hits`, `case_hits` (files and hits) and `behind`
    (records that are not matched yet) are of the whole case. `same_name`: lists that have a case of this reference too.
    """

    case: str
    files: int
    new: int
    hidden: int
    tally: HitTally
    with_hits: int
    case_hits: int
    behind: int
    same_name: Sequence[ReferenceList]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingesting:
    """`cases`: those of this node. `random(n)`: n unpredictable bytes. `previews`: whether this node keeps previews."""

    intake: Intake
    hits: HitList
    cases: Cases
    store: NodeStore
    audit: AuditLog
    random: Callable[[int], bytes]
    previews: bool = False

    def salt(self) -> bytes:
        """Blocking. The salt for the tags of files; it is made at the first request."""
        with self.store.write() as tx:
            salt = tx.setting(_SALT)
            if not salt:
                salt = self.random(SALT_SIZE)
                tx.set_setting(_SALT, salt)
        return salt

    def known(self, tags: Sequence[bytes]) -> set[bytes]:
        """Blocking. Those of these tags whose files an earlier, interrupted ingest has stored."""
        return self.intake.known(tags)

    async def run(
        self, request: IngestRequest, items: AsyncIterator[IngestItem], *, show_all: bool = False
    ) -> AsyncGenerator[FileTaken | ShownHit | IngestEnded, None]:
        """Each file as it is taken in, then the newest stored hits of the case's files that had none now, then the
        summary. `show_all`: also hits that the allow-list hides. Raises `Misuse` for the level `shared`.
        """
        _require_local(request.level)
        files = new = hidden = 0
        tally = HitTally()
        with_hits = set[int]()
        async with aclosing(batches(items, BATCH, BATCH_SECONDS)) as groups:
            async for group in groups:
                for result in await asyncio.to_thread(self._take, request, group, show_all=show_all):
                    files += 1
                    hidden += result.hidden
                    new += result.new
                    tally.add(result.left_out, result.aside, result.standing)
                    with_hits |= {result.holding} if result.is_lead else set()
                    yield FileTaken(
                        result=result,
                        hits=fair(result.hits, HITS_OF_FILE),
                        hits_total=len(result.hits) + sum(result.left_out.values()),
                    )
        wanted = Wanted(case=request.case, show_all=show_all, limit=HITS_OF_CASE)
        for shown in (await asyncio.to_thread(self.hits.page, wanted)).hits:
            if shown.hit.holding not in with_hits:
                yield shown
        stand = await asyncio.to_thread(self.hits.stand, request.case)
        yield IngestEnded(
            case=request.case,
            files=files,
            new=new,
            hidden=hidden,
            tally=tally,
            with_hits=len(with_hits | stand.holdings),
            case_hits=stand.counts.hits,
            behind=stand.behind,
            same_name=await asyncio.to_thread(self.cases.lists_with, request.case),
        )

    def _take(self, request: IngestRequest, items: list[IngestItem], *, show_all: bool) -> list[IngestResult]:
        digests = [item.prints.sha256.hex() for item in items]
        record_access(self.audit, "ingest", case=request.case, sha256=digests)
        return self.intake.take(request, items, show_all=show_all)


def _require_local(level: Level) -> None:
    if level is Level.SHARED:
        raise Misuse(
            "no level 'shared' for an ingest", remedy="one of: national, hit-no-hit; `vigil contribute` shares"
        )
