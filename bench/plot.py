"""A table and a picture of cost by size, from the lines that `bench.sweep` writes.

Rules this module upholds:

- Both show only the data of the lines: no fit, no smoothing.
- The picture is SVG without a library, both axes logarithmic. Labels repeat everything that colours show.

    python -m bench.plot bench/figures/search.jsonl bench/figures/search.svg   (writes the picture, prints the table)
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

Line = dict[str, Any]
WIDTH, HEIGHT = 760, 460
LEFT, RIGHT, TOP, BOTTOM = 70, 200, 20, 50
COLOURS = ("#0b6e4f", "#7cb518", "#08415c", "#5fa8d3", "#8d0801", "#e07a5f", "#5c4d7d", "#b79ced")


def table(lines: Iterable[Line]) -> str:
    """Markdown: a row a size and kind of data, times in microseconds a probe."""
    rows = [
        "| Hashes | Data | Figure | Ours | Reference | Ratio |",
        "|---:|---|---|---:|---:|---:|",
    ]
    for line in lines:
        ours, theirs = line["value"] * 1e3, line["reference_value"] * 1e3
        kind = line["figure"].removeprefix("match.")
        where = f"| {line['records']:,} | {line['data']} | {kind} "
        rows.append(f"{where}| {ours:,.1f} µs | {theirs:,.1f} µs | {line['ratio']:,.1f} |")
    return "\n".join(rows)


def series(lines: Iterable[Line]) -> dict[str, list[tuple[float, float]]]:
    """Curves of (hashes, microseconds a probe): ours and the reference, for each figure and kind of data."""
    curves: dict[str, list[tuple[float, float]]] = {}
    for line in lines:
        kind = line["figure"].removeprefix("match.")
        for who, value in (("Vigil", line["value"]), ("FAISS", line["reference_value"])):
            if who == "FAISS" and line["data"] != "random":
                continue  # a scan costs the same whatever the data are
            name = f"{who}, {kind}" + (f", {line['data']}" if who == "Vigil" else "")
            curves.setdefault(name, []).append((line["records"], value * 1e3))
    return curves


def picture(curves: dict[str, list[tuple[float, float]]]) -> str:
    """SVG of the curves over logarithmic axes."""
    points = [point for curve in curves.values() for point in curve]
    across = _decades([x for x, _ in points])
    up = _decades([y for _, y in points])

    def place(x: float, y: float) -> tuple[float, float]:
        right = (math.log10(x) - across[0]) / (across[-1] - across[0])
        high = (math.log10(y) - up[0]) / (up[-1] - up[0])
        return LEFT + right * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - high * (HEIGHT - TOP - BOTTOM)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"',
        ' font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
    ]
    for power in across:
        x, _ = place(10.0**power, 10.0 ** up[0])
        parts.append(f'<line x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{HEIGHT - BOTTOM}" stroke="#dddddd"/>')
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{_short(power)}</text>')
    for power in up:
        _, y = place(10.0 ** across[0], 10.0**power)
        parts.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="#dddddd"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{_short(power)}</text>')
    parts.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 10}" text-anchor="middle">hashes</text>')
    middle = HEIGHT / 2
    parts.append(
        f'<text x="16" y="{middle}" transform="rotate(-90 16 {middle})" text-anchor="middle">µs a probe</text>'
    )
    parts.extend(_curves(curves, [[place(*point) for point in curve] for curve in curves.values()]))
    return "\n".join([*parts, "</svg>", ""])


def _curves(names: Iterable[str], places: Sequence[Sequence[tuple[float, float]]]) -> Iterator[str]:
    """The curves, their points and their names beside the picture."""
    for number, (name, curve) in enumerate(zip(names, places, strict=True)):
        colour = COLOURS[number % len(COLOURS)]
        stroke = f'stroke="{colour}" stroke-width="2"' + (' stroke-dasharray="5 4"' if name.startswith("FAISS") else "")
        drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in curve)
        yield f'<polyline points="{drawn}" fill="none" {stroke}/>'
        yield from (f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in curve)
        beside = TOP + 16 + 20 * number
        start = WIDTH - RIGHT + 12
        yield f'<line x1="{start}" y1="{beside}" x2="{start + 24}" y2="{beside}" {stroke}/>'
        yield f'<text x="{start + 30}" y="{beside + 4}">{name}</text>'


def _decades(values: Iterable[float]) -> range:
    """Powers of ten that hold all values, two at least."""
    logarithms = [math.log10(value) for value in values]
    low, high = math.floor(min(logarithms)), math.ceil(max(logarithms))
    return range(low, max(high, low + 1) + 1)


def _short(power: int) -> str:
    names = {3: "1 k", 4: "10 k", 5: "100 k", 6: "1 M", 7: "10 M", 8: "100 M"}
    return names.get(power, f"{10.0**power:g}")


def main() -> None:
    """Reads the lines of the first file, writes the picture to the second, prints the table."""
    source, target = map(Path, sys.argv[1:3])
    lines = [json.loads(line) for line in source.read_text(encoding="utf-8").splitlines()]
    target.write_text(picture(series(lines)), encoding="utf-8")
    sys.stdout.write(table(lines) + "\n")


if __name__ == "__main__":
    main()
