"""A reader gives the same however its bytes are cut into chunks, and bears a file that is cut anywhere."""

from __future__ import annotations

from node.domain.references import EndsEarly, Item, Reference
from node.errors import VigilError
from node.interop.formats import FORMATS
from node.interop.reading import Choices

_FEW = 1_500
"""Bytes up to which each size of a chunk and each cut is tried; of a larger file some are."""


def assert_same_in_any_chunks(name: str, data: bytes) -> None:
    """Chunks of 1 byte up to all of them; also empty ones in between."""
    choices = Choices(now=0)
    whole = _given(name, [data], choices)
    step = max(1, len(data) // 60)
    for size in {1, 2, 3, 7, *range(1, len(data) + 1, step)}:
        chunks = [data[at : at + size] for at in range(0, len(data), size)]
        assert _given(name, [b"", *chunks], choices) == whole, f"chunks of {size}"


def _given(name: str, chunks: list[bytes], choices: Choices) -> list[Item] | str:
    try:
        return list(FORMATS[name].read(chunks, choices))
    except VigilError as error:
        return str(error)


def assert_bears_every_cut(name: str, data: bytes, *, ends_early: bool = True) -> None:
    """A file that ends anywhere gives the first rows of the whole file, and (`ends_early`) says that it ends early."""
    whole = [item for item in _items(name, data) if isinstance(item, Reference)]
    end = len(data.rstrip())
    for size in range(1, end, max(1, end // _FEW)):
        try:
            given = _items(name, data[:size])
        except VigilError:
            continue
        rows = [item for item in given if isinstance(item, Reference)]
        assert rows == whole[: len(rows)], f"cut at {size}"
        if ends_early:
            assert isinstance(given[-1], EndsEarly), f"cut at {size}"


def _items(name: str, data: bytes) -> list[Item]:
    return list(FORMATS[name].read([data], Choices(now=0)))
