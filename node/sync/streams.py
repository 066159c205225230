"""Streams that are closed when their reader stops, so that the call behind them ends too."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

Item = TypeVar("Item")


@asynccontextmanager
async def reading(stream: AsyncIterator[Item]) -> AsyncIterator[AsyncIterator[Item]]:
    """The stream, closed at the end of the block if it can be (a generator stays open until it is closed)."""
    try:
        yield stream
    finally:
        close = getattr(stream, "aclose", None)
        if close is not None:
            await close()
