"""Investigation: what reviews, watches and links cost, each beside the same work without them.

Rules this module upholds:

- Each figure is a row of `FIGURES`: its default size, and a function that measures it at a size. A further figure is a
  further row and a module of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from bench import Figure, linked, mixed, reviewed, watched


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """`records`: the size unless another is asked for; `measure`: the figure at a size."""

    records: int
    measure: Callable[[int], Figure]


FIGURES: Final = (
    Measurement(records=reviewed.FILES, measure=reviewed.measured),
    Measurement(records=linked.LINKS, measure=linked.measured),
    Measurement(records=watched.FINGERPRINTS, measure=watched.measured),
    Measurement(records=mixed.ENTRIES, measure=mixed.measured),
)


def run(records: int | None = None) -> Iterator[Figure]:
    """Every figure, in the order of `FIGURES`, at `records` or at its own size."""
    for each in FIGURES:
        yield each.measure(each.records if records is None else records)
