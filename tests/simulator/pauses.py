"""Waiting, where time stands still."""

from __future__ import annotations

import asyncio


async def no_pause(_seconds: float) -> None:
    """Goes on at once, but lets everybody else run first."""
    await asyncio.sleep(0)
