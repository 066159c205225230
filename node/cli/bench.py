"""`vigil bench`: measures this machine against named references, in one run.

Rules this module upholds:

- A benchmark is a module of the package `bench`. It is imported when somebody asks for it, and its output is printed
  unchanged.
"""

from __future__ import annotations

import importlib
from enum import StrEnum
from typing import Annotated

import typer

from node.cli.common import Command, common
from node.cli.output import Line, plain


class Benchmark(StrEnum):
    """What can be measured."""

    MATCH = "match"
    FINGERPRINT = "fingerprint"
    ROBUSTNESS = "robustness"
    SYNC = "sync"
    QUERY = "query"
    HOSTILE = "hostile"
    EVIDENCE = "evidence"
    INTEROP = "interop"
    INVESTIGATION = "investigation"


def register(app: typer.Typer) -> None:
    """Adds the command to the command tree."""
    app.command("bench", cls=Command)(bench)


def bench(
    ctx: typer.Context,
    name: Annotated[Benchmark, typer.Argument(help="What to measure.", show_default=False)],
    records: Annotated[
        int | None,
        typer.Option("--records", metavar="N", min=1, help="How many records. Default: as the benchmark says."),
    ] = None,
) -> None:
    """Measure this machine. Every figure is shown next to a reference measured in the same run; above 1 is better."""
    output = common(ctx).output
    options = {} if records is None else {"records": records}
    benchmark = importlib.import_module(f"bench.{name.value}")
    # A benchmark with very many figures shows them to people in its own table.
    table = getattr(benchmark, "table", None)
    lines: list[Line] = []
    for line in benchmark.run(**options):
        output.line(line, _figure_words if table is None else None)
        lines.append(line)
    if table is not None:
        output.say(table(lines))


def _figure_words(line: Line) -> str:
    value = f"{plain(line['figure']):<24} {_number(line['value']):>12} {plain(line['unit']):<16}"
    if line["reference_value"] is None:
        return value.rstrip()
    ratio = "" if line["ratio"] is None else f"{line['ratio']:.2f} x "
    return f"{value} {ratio}\n{'':<24} {_number(line['reference_value']):>12} {plain(line['reference'])}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.4g}"  # noqa: PLR2004 (from there on, no decimals)
