"""Returns freed memory to the machine.

Rules this module upholds:

- The C library keeps memory that was freed after a burst, so a service would stay large for ever after one attack. If
  the library has no such call (only glibc has one), nothing is done.
"""

from __future__ import annotations

import asyncio
import ctypes
from typing import Final

SECONDS: Final = 15.0


async def give_back() -> None:
    """Returns memory once. Runs in a thread: it takes milliseconds per hundred megabytes, and does not hold Python's
    lock.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        await asyncio.to_thread(trim, 0)


async def give_back_now_and_then() -> None:
    """For ever."""
    while True:
        await asyncio.sleep(SECONDS)
        await give_back()
