"""What the sections of a report are made from: one snapshot of the store, and how much of it is listed."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from node.domain.ports import Codec
    from node.domain.stores import NodeStoreReader
    from node.usecases.report_values import Choices
    from node.usecases.verification import Verifier

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSource:
    """`tx`: the snapshot; it must stay open until the report is written. `verifier` None: opinions are not counted."""

    tx: NodeStoreReader
    codec: Codec
    case: str
    choices: Choices
    verifier: Verifier | None = None

    def listed(self, total: int) -> int:
        """How many of `total` rows are listed."""
        return min(total, self.choices.rows) if self.choices.rows else total

    def first(self, rows: Iterable[T]) -> Iterator[T]:
        """Those of the rows that are listed: the first ones."""
        return islice(rows, self.choices.rows or None)
