"""What the sections of a report are made from: one snapshot of the store, and how much of it is listed.

Rules this module upholds:

- A section is counted over the whole case, and lists no more rows than the officer chose.
- Holdings are read in pages and without their fingerprints: a report shows no perceptual hash.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from node.usecases.report_values import Section

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from node.domain.holdings import Holding
    from node.domain.ports import Codec
    from node.domain.stores import NodeStoreReader
    from node.usecases.report_values import Choices, Column, Fact, Row
    from node.usecases.verification import Verifier

PAGE: Final = 1_000
"""Rows that are read from the store together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSource:
    """`tx`: the snapshot; it must stay open until the report is written. `verifier` None: opinions are not counted."""

    tx: NodeStoreReader
    codec: Codec
    case: str
    choices: Choices
    verifier: Verifier | None = None

    def table(
        self,
        name: str,
        title: str,
        columns: Sequence[Column],
        rows: Callable[[], Iterable[Row]],
        *,
        total: int,
        latest: int = 0,
        facts: Sequence[Fact] = (),
    ) -> Section:
        """A section with rows. `rows()` gives all `total` rows, from the start at each call; the first ones are listed.
        `latest`: Unix seconds, 0 for none.
        """
        listed = min(total, self.choices.rows) if self.choices.rows else total
        return Section(
            name=name,
            title=title,
            facts=facts,
            columns=columns,
            rows=lambda: islice(rows(), listed),
            total=total,
            listed=listed,
            latest=latest,
        )

    def holding_pages(self) -> Iterator[list[Holding]]:
        """The holdings of the case by number, without their fingerprints."""
        after = 0
        while page := self.tx.holdings(case=self.case, after=after, limit=PAGE, bare=True):
            after = page[-1].id
            yield page
