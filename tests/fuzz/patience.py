"""How long a parser may take over what a fuzz test gives it."""

from __future__ import annotations

import faulthandler
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

PATIENCE_SECONDS: Final = 120
"""After this a parser is said to hang, and the process ends with its stack."""


@contextmanager
def not_for_ever() -> Iterator[None]:
    """Ends the process if the block takes longer."""
    faulthandler.dump_traceback_later(PATIENCE_SECONDS, exit=True)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
