"""Kills this process at one of its writes to a file, as a power cut of the process would."""

from __future__ import annotations

import itertools
import os
import signal
from collections.abc import Callable
from typing import Any


def kill_at(number: int) -> None:
    """From now on, call `number` (from 0) of `pwrite`, `fsync`, `ftruncate` and `unlink` kills the process, and half of
    the bytes of a killed write are written. SQLite writes by itself and is not counted.
    """
    count = itertools.count()

    def killing(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*given: Any, **named: Any) -> Any:
            if next(count) == number:
                if name == "pwrite":
                    file, data, at = given
                    call(file, data[: len(data) // 2], at)
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*given, **named)

        return wrapped

    for name in ("pwrite", "fsync", "ftruncate", "unlink"):
        setattr(os, name, killing(name, getattr(os, name)))
