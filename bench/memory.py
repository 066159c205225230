"""The memory of a process tree while it works.

Rules this module upholds:

- It counts the proportional set size (PSS): a page that several processes share is counted once in total.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

SAMPLE_SECONDS: Final = 0.1


@dataclass
class Sampler:
    """Samples the PSS of a process and its descendants in a thread, while the block runs. `peak` in bytes."""

    process: int
    peak: int = 0
    _ended: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._run, name="sampler")
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while True:
            self.peak = max(self.peak, sum(map(_pss, _tree(self.process))))
            if self._ended.wait(SAMPLE_SECONDS):
                return


def _tree(process: int) -> list[int]:
    """A process and all its descendants (Linux)."""
    found = [process]
    for each in found:
        for children in Path(f"/proc/{each}/task").glob("*/children"):
            try:
                found += map(int, children.read_text().split())
            except OSError:
                continue  # the thread has ended meanwhile
    return found


def _pss(process: int) -> int:
    """Proportional set size in bytes, 0 where the process has ended."""
    try:
        rollup = Path(f"/proc/{process}/smaps_rollup").read_text()
    except OSError:
        return 0
    return sum(int(line.split()[1]) << 10 for line in rollup.splitlines() if line.startswith("Pss:"))
