"""Ctrl-C during long work: the first asks the work to finish, the second stops it.

Rules this module upholds:

- After the first, the work in progress is finished and reported, and nothing new is begun.
- A command whose work runs in the daemon or in a thread is told by its own item.
- After the second, Python's usual interruption applies. Acknowledged work is durable anyway.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Generator, Iterator
from contextlib import closing
from types import FrameType, TracebackType
from typing import Self

from node.cli.output import Line, Output


class Interruption:
    """A context manager; `asked` turns True at the first Ctrl-C inside it. Main thread only."""

    def __init__(self, output: Output, what_happens: str) -> None:
        self.asked = False
        self._output = output
        self._what_happens = what_happens
        self._before: signal._HANDLER = signal.SIG_DFL
        self._over = threading.Event()

    def items(self) -> Iterator[Line]:
        """The items of a command that listens: {"stop": true} at the first Ctrl-C. They end with the block at the
        latest.
        """
        self._over.wait()
        if self.asked:
            yield {"stop": True}

    def until(self, items: Generator[Line, None, None]) -> Iterator[Line]:
        """The items of a command that ends with its items: no more items after the first Ctrl-C."""
        with closing(items):
            for item in items:
                if self.asked:
                    return
                yield item

    def __enter__(self) -> Self:
        self._before = signal.signal(signal.SIGINT, self._ask)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        signal.signal(signal.SIGINT, self._before)
        self._over.set()

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        self.asked = True
        self._over.set()
        signal.signal(signal.SIGINT, self._before)
        # Not through `Output`: the interrupted code may hold its lock, and a signal handler must not wait for it.
        self._output.note_from_signal(self._what_happens)
