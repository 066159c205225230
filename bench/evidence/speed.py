"""What it costs to have the digests of a file that nothing decodes: time beside the system's own tools, and memory.

Rules this module upholds:

- The file is made of noise, so that nothing takes it for anything. It lies in the system's cache for both sides.
- The start of a worker is not timed: a small file is sent ahead, and the large one is handed over when it is done.
- Memory is that of the whole process tree of the command that a person runs.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

from bench import Figure, figure
from bench.memory import Sampler
from node.errors import MediaError
from node.media.pool import fingerprint_files

TIMED_BYTES: Final = 256 * 1024 * 1024
LARGE_BYTES: Final = 10 * 1024 * 1024 * 1024
SMALL_BYTES: Final = 10 * 1024 * 1024
ROUNDS: Final = 5
TOOLS: Final = ("sha256sum", "md5sum", "sha1sum")
_MIB: Final = 1 << 20


def run() -> Iterator[Figure]:
    """Both figures."""
    with tempfile.TemporaryDirectory(prefix="vigil-bench-") as folder:
        yield _digests(Path(folder))
        yield _memory(Path(folder))


def _digests(folder: Path) -> Figure:
    noise = np.random.default_rng(1)
    large, ahead = folder / "large", folder / "ahead"
    with large.open("wb") as file:
        for _ in range(TIMED_BYTES // _MIB):
            file.write(noise.bytes(_MIB))
    ahead.write_bytes(noise.bytes(1_000))
    spent: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS):
        spent[0].append(_ours(ahead, large))
        spent[1].append(_tools(large))
    large.unlink()
    ours, theirs = (TIMED_BYTES / _MIB / statistics.median(each) for each in spent)
    return figure(
        "evidence.digests",
        ours,
        "MiB a second",
        reference=f"{', '.join(TOOLS)} one after the other; must stay above 0.8",
        reference_value=theirs,
        more_is_better=True,
    )


def _ours(ahead: Path, large: Path) -> float:
    """Seconds for the large file by a worker that has answered before."""
    began = 0.0
    answered = False

    def source() -> Iterator[Path]:
        nonlocal began
        yield ahead
        while not answered:
            yield ahead
        began = time.perf_counter()
        yield large

    for examined in fingerprint_files(source(), workers=1):
        answered = True
        if isinstance(examined.result, MediaError):
            raise RuntimeError(f"evidence.digests: {examined.result}")  # noqa: TRY004  (an outcome)
    return time.perf_counter() - began


def _tools(large: Path) -> float:
    start = time.perf_counter()
    for tool in TOOLS:
        subprocess.run([tool, str(large)], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def _memory(folder: Path) -> Figure:
    peaks = []
    for size in (SMALL_BYTES, LARGE_BYTES):
        path = folder / str(size)
        with path.open("wb") as file:
            file.truncate(size)
        peaks.append(_peak(path, folder))
    return figure(
        "evidence.memory",
        peaks[1] / _MIB,
        "MiB",
        reference="the same with 10 MB instead of 10 GB; must stay above 0.83",
        reference_value=peaks[0] / _MIB,
    )


def _peak(path: Path, folder: Path) -> int:
    command = (sys.executable, "-m", "node.cli.main", "fingerprint", str(path), "--json")
    environment = os.environ | {"VIGIL_HOME": str(folder / "none")}
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as process,
        Sampler(process.pid) as sampler,
    ):
        process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f"evidence.memory: the command ended with {process.returncode}")
    return sampler.peak
