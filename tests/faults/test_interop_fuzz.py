"""Mutated files of other systems: each is read or refused, in our words, and gives rows that can be kept.

How many there are of a format is `MANY`; VIGIL_FUZZ names another number for a longer or shorter run.
"""

from __future__ import annotations

import json
import os
import re
import zlib
from pathlib import Path

import pytest

from node.domain.references import (
    At,
    EndsEarly,
    Fault,
    Ignored,
    Item,
    ListCase,
    ListHead,
    Notice,
    Reference,
    Withdrawal,
)
from node.errors import VigilError
from node.interop.formats import FORMATS
from node.interop.reading import Choices
from tests.fuzz.patience import not_for_ever
from tests.interop.mutants import chunks, mutants, seeds

FEW = 150
"""In `make check`."""
MANY = int(os.environ.get("VIGIL_FUZZ", "20000"))
A_ROUND = 200
MORE_ITEMS = 10
"""What is told of a file beside its rows."""
_SIZES = {"md5": 16, "sha1": 20, "sha256": 32, "pdq": 32, "photodna": 144}
_HASH = re.compile(r"[0-9a-fA-F]{32}")

each_format = pytest.mark.parametrize("name", sorted({each.name for each in FORMATS.values()}))


def judge(name: str, data: bytes, number: int) -> None:
    """Reads a mutant. Raises `AssertionError` that names the mutant for anything but items and our own errors."""
    words = ""
    try:
        found = list(FORMATS[name].read(chunks(data, number), Choices(now=0)))
        hold(found, len(data))
    except VigilError as error:
        words = f"{error} {error.remedy}"
    except Exception as error:
        raise AssertionError(f"mutant {number} of {name}: {error!r}") from error
    assert not _HASH.search(words), f"mutant {number} of {name}: a hash in an error"


def hold(found: list[Item], size: int) -> None:
    """What any reader gives of any file."""
    assert len(found) <= size + MORE_ITEMS
    assert sum(isinstance(item, ListHead) for item in found) <= 1
    assert not any(isinstance(item, EndsEarly) for item in found[:-1])
    for item in found:
        if isinstance(item, Reference):
            hold_row(item)
        elif isinstance(item, Withdrawal):
            assert item.id or item.reference or item.at != At()
            _stored(item.id)
        elif isinstance(item, Fault | Notice):
            words = item.reason if isinstance(item, Fault) else item.code + item.text
            assert not _HASH.search(words)
        elif isinstance(item, ListCase):
            _stored(item.number, item.said)
        elif isinstance(item, Ignored):
            assert len(item.what) <= 100
            assert item.what.isprintable()


def hold_row(row: Reference) -> None:
    """A row has a hash, each of the right size; its texts can be stored, and its words are JSON."""
    assert row.fingerprints
    for name, size in _SIZES.items():
        assert len(getattr(row, name)) in (0, size)
        assert not getattr(row, name) or any(getattr(row, name))
    assert -1 <= row.size < 2**63
    assert -1 <= row.pdq_quality <= 100
    _stored(row.id, row.code or "", row.series, row.tags, row.media_type, row.audience, row.handling, row.said)
    _stored(*row.not_searched, *row.warnings)
    # A number of more digits than Python converts is JSON, and stays in the words of the row.
    assert json.loads(row.said, parse_constant=pytest.fail, parse_int=float) is not None


def _stored(*texts: str) -> None:
    for text in texts:
        text.encode()


def _run(name: str, vectors: Path, count: int) -> None:
    files = seeds(vectors)[name]
    assert files, f"no file of {name} to mutate"
    for first in range(0, count, A_ROUND):
        with not_for_ever():
            made = mutants(files, min(A_ROUND, count - first), zlib.crc32(f"{name} {first}".encode()))
            for number, data in enumerate(made, first):
                judge(name, data, number)


@each_format
def test_whole_files_of_a_format_are_what_they_should_be(name: str, vectors: Path) -> None:
    for number, data in enumerate(seeds(vectors)[name]):
        judge(name, data, number)


@each_format
def test_a_few_mutated_files_are_read_or_refused(name: str, vectors: Path) -> None:
    _run(name, vectors, FEW)


@pytest.mark.faults
@each_format
def test_very_many_mutated_files_are_read_or_refused(name: str, vectors: Path) -> None:
    _run(name, vectors, MANY)
