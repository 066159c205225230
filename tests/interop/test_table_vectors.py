"""The vectors of tables, plain lists and XML: each file ends as it is expected to, in any chunks, and cut anywhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from node.domain.fingerprint_kinds import PDQ
from node.domain.references import Notice, Reference, Withdrawal
from node.interop.formats import format_of
from node.interop.reading import Choices
from tests.interop.expected import differences, expectations, items, outcome
from tests.interop.in_parts import assert_bears_every_cut, assert_same_in_any_chunks

FILES = {
    "icse/16-columns-real-shape.csv": "icse",
    "icse/12-columns-shuffled-bom.csv": "icse",
    "ncmec/tombstones-and-faults.xml": "ncmec",
    "ncmec/prefixed.xml": "ncmec",
    "ncmec/doctype.xml": "ncmec",
    "public/pytx-ncmec-1.xml": "ncmec",
    "public/pytx-ncmec-2.xml": "ncmec",
    "public/pytx-ncmec-3.xml": "ncmec",
    "public/pytx-ncmec-4.xml": "ncmec",
    "public/pytx-ncmec-links.xml": "ncmec",
    "public/pytx-ncmec-empty.xml": "ncmec",
    "c4all/declares-utf16-is-single-byte.xml": "c4all",
    "c4all/real-utf16-bom.xml": "c4all",
    "plain/md5sum.txt": "md5sum",
    "plain/sha256sum-crlf.txt": "sha256sum",
    "plain/bsd-tag.txt": "bsd-tag",
    "plain/hashdeep.txt": "hashdeep",
    "plain/one-per-line.txt": "one-per-line",
    "plain/csv-with-header.csv": "csv",
    "plain/powershell-utf16.tsv": "csv",
    "plain/NSRLFile.txt": "nsrl-v2",
    "plain/empty.txt": "one-per-line",
    "threatexchange/dataset.csv": "threatexchange-csv",
    "threatexchange/file-exchange.txt": "threatexchange-file",
}
XML = [name for name in FILES if name.endswith(".xml") and "doctype" not in name]


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_the_vectors_is_read_as_expected(name: str, vectors: Path) -> None:
    path = vectors / "interop" / name
    assert format_of(path.read_bytes()).name == FILES[name] == expectations(vectors)[name]["format"]
    assert differences(expectations(vectors)[name], outcome(path)) == []


@pytest.mark.parametrize("name", FILES)
def test_chunks_change_nothing(name: str, vectors: Path) -> None:
    assert_same_in_any_chunks(FILES[name], (vectors / "interop" / name).read_bytes())


@pytest.mark.parametrize("name", XML)
def test_a_document_that_is_cut_gives_what_was_whole(name: str, vectors: Path) -> None:
    data = (vectors / "interop" / name).read_bytes()
    # The last line end is no part of the document, in UTF-16 either.
    assert_bears_every_cut(FILES[name], data.removesuffix(b"\n\0"))


def test_pages_of_one_source_are_read_one_after_the_other(vectors: Path) -> None:
    """The second page changes one entry of the first and deletes the other: both by the identity of the first."""
    first, second = (items((vectors / "interop" / "public" / f"pytx-ncmec-{page}.xml").read_bytes()) for page in (3, 4))
    assert [row.id for row in first if isinstance(row, Reference)] == [
        "101/willupdate (video)",
        "101/willdelete (video)",
    ]
    assert [row.id for row in second if isinstance(row, Reference)] == ["101/willupdate (video)"]
    assert [row.id for row in second if isinstance(row, Withdrawal)] == ["101/willdelete (video)"]


def test_a_line_of_64_digits_is_a_pdq_if_the_person_says_so(vectors: Path) -> None:
    given = items((vectors / "interop" / "plain" / "one-per-line.txt").read_bytes(), Choices(algorithm=PDQ))
    assert [bool(row.pdq) for row in given if isinstance(row, Reference)] == [True]
    assert not [item for item in given if isinstance(item, Notice)]
