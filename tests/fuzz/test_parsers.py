"""No bytes make a parser of untrusted bytes raise anything but what it says, and none takes it for ever."""

from __future__ import annotations

import hashlib
import zlib
from pathlib import Path

import pytest

from tests.fuzz.mutation import mutants
from tests.fuzz.parsers import PARSERS
from tests.fuzz.patience import not_for_ever

CORPUS = Path(__file__).parent / "corpus"
"""A folder a parser: documents that once broke it, by the first digits of their SHA-256."""
FEW = 250
MANY = 20_000

each_parser = pytest.mark.parametrize("name", PARSERS)


def hold(name: str, data: bytes) -> None:
    """The parser reads it or refuses it. What it does else is told with a name under which to keep the bytes."""
    parser = PARSERS[name]
    try:
        parser.read(data)
    except parser.fault:
        pass
    except Exception as error:
        kept = hashlib.sha256(data).hexdigest()[:12]
        raise AssertionError(
            f"{name} let out {error!r}; keep it as corpus/{name}/{kept}: {data[:2_000].hex()}"
        ) from error


@each_parser
def test_a_parser_reads_what_it_should(name: str) -> None:
    for seed in PARSERS[name].seeds:
        PARSERS[name].read(seed)


@each_parser
def test_what_once_broke_a_parser_does_so_no_more(name: str) -> None:
    for path in sorted((CORPUS / name).glob("*")):
        hold(name, path.read_bytes())


def test_every_kept_document_belongs_to_a_parser() -> None:
    assert {path.name for path in CORPUS.iterdir() if path.is_dir()} <= set(PARSERS)


@each_parser
def test_a_mutated_document_is_read_or_refused(name: str) -> None:
    _run(name, FEW)


@pytest.mark.faults
@each_parser
def test_very_many_mutated_documents_are_read_or_refused(name: str) -> None:
    _run(name, MANY)


def _run(name: str, count: int) -> None:
    with not_for_ever():
        for data in mutants(PARSERS[name].seeds, count, seed=zlib.crc32(name.encode())):
            hold(name, data)
