"""The memory of an ingest: shows that it does not grow with the number of files.

Rules this module upholds:

- It measures the command as a user runs it, on a joined node without a daemon. So the process tree is complete: the
  command itself, which owns the store then, and its workers.
- Files are small and distinct, made from a seed. Each ingest starts from an empty home.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from bench import Figure, figure
from bench.federation import federation
from bench.memory import Sampler
from node.demo.stage import PASSPHRASE

FILES: Final = 100_000
SMALLER: Final = 4
"""Memory is compared with that of an ingest of so many times fewer files."""
_SIDE: Final = 64
"""Pixels."""
_MIB: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """One ingest. `peak`: bytes (PSS of the process tree)."""

    files: int
    peak: int


def run(records: int | None = None) -> Iterator[Figure]:
    """Peak memory at `records` files (`FILES` unless said) beside that at a quarter of them."""
    large = FILES if records is None else records
    small = max(1, large // SMALLER)
    with federation() as made, tempfile.TemporaryDirectory(prefix="vigil-bench-") as scratch:
        made.found("FR")
        made.stage.stop("hub")
        homes = made.stage.home("FR"), Path(scratch, "home")
        shutil.copytree(*homes)
        folders = Path(scratch, "fewer"), Path(scratch, "more")
        first, second = (
            _taken(home, _made(folder, count), count)
            for home, folder, count in zip(homes, folders, (small, large), strict=True)
        )
    yield figure(
        "ingest.memory",
        second.peak / _MIB,
        "MiB",
        reference=f"the same at {first.files:,} files instead of {second.files:,}; must stay above 0.83",
        reference_value=first.peak / _MIB,
    )


def _made(folder: Path, count: int) -> Path:
    """`count` JPEG files of soft blots, all in one folder."""
    random = np.random.default_rng(count)
    folder.mkdir()
    for number in range(count):
        blots = Image.fromarray(random.integers(0, 256, (6, 6, 3), dtype=np.uint8))
        blots.resize((_SIDE, _SIDE), Image.Resampling.BILINEAR).save(folder / f"{number:07}.jpg")
    return folder


def _taken(home: Path, folder: Path, count: int) -> Taken:
    """Ingests a folder into an empty home, and checks that all of it went in."""
    command = (sys.executable, "-m", "node.cli.main", "ingest", str(folder), "--case", "BENCH", "--json")
    environment = os.environ | {"VIGIL_HOME": str(home), "VIGIL_PASSPHRASE": PASSPHRASE}
    last = b"{}"
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process,
        Sampler(process.pid) as sampler,
    ):
        for line in process.stdout or ():
            last = line
    summary = json.loads(last)
    if process.returncode != 0 or summary.get("new") != count:
        raise RuntimeError(f"ingest.memory: the ingest of {count} files ended with {process.returncode} and {summary}")
    return Taken(files=count, peak=sampler.peak)
