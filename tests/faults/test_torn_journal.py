"""A journal that ends anywhere, as a power cut leaves it: what was committed before the cut stands, whole, and no more.

`synchronous=FULL` promises that what was acknowledged is before the cut (`test_kill` looks at that); here is what the
rest must not do.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import pytest

from tests.faults import invariants
from tests.faults.drivers import append
from tests.faults.drivers.parts import DATABASE, FR, Voice, opened

HEADER: Final = 32
FRAME: Final = 24 + 8_192
"""A frame of the journal: its header and a page (sqlite.org/fileformat2.html, section 4)."""


class Silent(Voice):
    """Says nothing: the process is the test's own."""

    def say(self, **what: object) -> None:
        assert "failed" not in what, what


@pytest.fixture(scope="module")
def crashed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home as a process left it that never closed its database: the journal holds all of its work."""
    home, left = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("left") / "home"
    append.prepare(home)

    class Copying(Silent):
        def say(self, **what: object) -> None:
            super().say(**what)
            if "replacing" in what:
                # Before the first purge, which empties the journal.
                shutil.copytree(home, left, ignore=shutil.ignore_patterns("*-shm"))

    append.run(home, Copying())
    return left


def journal(home: Path) -> Path:
    return home / f"{DATABASE}-wal"


def progress(crashed: Path, scratch: Path, changes: Iterable[tuple[str, bytes]]) -> list[tuple[int, int, int]]:
    """For each of these journals, how far the log is with it: (size, signed size, waiting), judged."""
    found = []
    for name, data in changes:
        home = scratch / name
        shutil.copytree(crashed, home)
        journal(home).write_bytes(data)
        with opened(home) as store, store.read() as reader:
            log = reader.log(FR.origin)
            assert log is not None
            found.append((log.size, log.checkpoint_size, len(reader.pending(FR.origin, 100))))
        invariants.node_stands(home, [])
        shutil.rmtree(home)
    return found


def judge_cuts(crashed: Path, scratch: Path, cuts: list[int]) -> None:
    data = journal(crashed).read_bytes()
    found = progress(crashed, scratch, ((f"cut{at}", data[:at]) for at in cuts))
    sizes = [size for size, _, _ in found]
    assert sizes == sorted(sizes), "a longer journal holds more"
    assert found[0] == (append.BEFORE, append.BEFORE, 0)
    assert found[-1] == (append.BEFORE + 3, append.BEFORE + 3, 1)


def test_a_journal_cut_at_a_few_places(crashed: Path, scratch: Path) -> None:
    data = journal(crashed).read_bytes()
    frames = (len(data) - HEADER) // FRAME
    assert frames > 20
    judge_cuts(
        crashed, scratch, [0, HEADER + FRAME // 2, *(HEADER + frames * part // 4 * FRAME for part in (1, 2, 3, 4))]
    )


@pytest.mark.faults
def test_a_journal_cut_at_every_frame_and_inside_it(crashed: Path, scratch: Path) -> None:
    data = journal(crashed).read_bytes()
    edges = range(HEADER, len(data) + 1, FRAME)
    judge_cuts(
        crashed,
        scratch,
        [0, 1, *(at + inside for at in edges for inside in (0, 12, 24, 4_000) if at + inside <= len(data))],
    )


@pytest.mark.faults
def test_a_journal_with_a_bent_byte_ends_before_it(crashed: Path, scratch: Path) -> None:
    data = journal(crashed).read_bytes()
    bent = []
    for at in range(HEADER + 500, len(data), FRAME):
        changed = bytearray(data)
        changed[at] ^= 1
        bent.append((f"bent{at}", bytes(changed)))
    found = progress(crashed, scratch, bent)
    assert [size for size, _, _ in found] == sorted(size for size, _, _ in found)
    assert found[0][0] == append.BEFORE
