"""What an export left out, in words: rows that stayed here, and fields that the format has no place for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from node.cli.output import plain
from node.cli.words import below
from node.domain.references import Reference


def left_out_words(left_out: Mapping[str, int]) -> Iterator[str]:
    """A line for each reason, and one for all fields. `left_out`: reason or name of a field -> rows."""
    fields = {name: number for name, number in left_out.items() if name in Reference._fields}
    for reason, number in left_out.items():
        if reason not in fields:
            yield below(2, f"left out: {plain(reason)} ({number:,})")
    if fields:
        named = ", ".join(f"{name.replace('_', ' ')} ({number:,})" for name, number in fields.items())
        yield below(2, f"rows without these fields, for which the format has no place: {named}")
