"""Benchmarks: every figure is a ratio to a named reference that is measured in the same run.

Rules this package upholds:

- A benchmark is a module with `run(records)`, which yields figures (`figure`) as they are measured. `vigil bench`
  prints one line per figure.
- Vigil and the reference are timed in turns (`in_turns`), on the same data, so that a busy machine slows both.
- If a reference from outside the project (the `oracles` extra) is not installed, a simpler one is used, and the
  figure's `reference` names it.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import TypedDict


class Figure(TypedDict):
    """One line of `vigil bench --json`. `ratio` > 1: better than the reference."""

    figure: str
    value: float
    unit: str
    reference: str
    reference_value: float
    ratio: float


def figure(
    name: str, value: float, unit: str, *, reference: str, reference_value: float, more_is_better: bool = False
) -> Figure:
    """A figure beside its reference, both in `unit`, rounded to four digits."""
    ratio = value / reference_value if more_is_better else reference_value / value
    return Figure(
        figure=name,
        value=_rounded(value),
        unit=unit,
        reference=reference,
        reference_value=_rounded(reference_value),
        ratio=_rounded(ratio),
    )


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")


def in_turns(ours: Callable[[], object], theirs: Callable[[], object], *, rounds: int = 7) -> tuple[float, float]:
    """Median seconds of each, run in turns after one run of each that does not count."""
    ours()
    theirs()
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for spent, run in zip(seconds, (ours, theirs), strict=True):
            start = time.perf_counter()
            run()
            spent.append(time.perf_counter() - start)
    return statistics.median(seconds[0]), statistics.median(seconds[1])
