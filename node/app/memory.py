"""Memory that is free again is given back to the machine.

Rules this module upholds:

- The C library keeps what was freed after a burst, and a service that was attacked once would stay large for ever.
  Where the library has no such call (only glibc has), nothing is done.
"""

from __future__ import annotations

import asyncio
import ctypes
from typing import Final

SECONDS: Final = 15.0


async def give_back() -> None:
    """Once. In a thread: it takes milliseconds for each hundred megabytes, and holds no lock of Python's."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        await asyncio.to_thread(trim, 0)


async def give_back_now_and_then() -> None:
    """For ever."""
    while True:
        await asyncio.sleep(SECONDS)
        await give_back()
