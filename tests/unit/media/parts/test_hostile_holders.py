"""What chance makes of a holder ends in parts and words: nothing is raised, hangs, or grows without end."""

import hashlib

import pytest

from node.media.parts import bounds, catalogue
from node.media.parts.bounds import OVERLAP_BYTES
from node.media.parts.part import MAX_RATIO
from node.media.region import Region
from tests.fuzz.mutation import mutants
from tests.kinds import documents, holders, packed
from tests.unit.media.parts.holders import HOLDERS, PICTURE
from tests.unit.media.parts.reading import descriptors, given_by, region_of
from tests.unit.media.pictures import encoded, scene

FREE = 1 << 20
COUNT = 12
"""Mutants of each holder; `tests/faults` takes more."""


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    catalogue.prepare()
    monkeypatch.setattr(bounds, "FREE_BYTES", FREE)


def hurt(seed: bytes, count: int, number: int) -> None:
    """Reads mutants of a holder with every reader that may be asked for it."""
    for data in mutants([seed], count, number):
        head = data[:4096]
        most = MAX_RATIO * len(data) + FREE + len(data) + OVERLAP_BYTES
        for name, _, _, reader in catalogue.HOLDERS:
            if name == recognised(seed) or name == recognised(data, head):
                given = given_by(reader, data)
                assert sum(map(len, given.contents)) <= most, hashlib.sha256(data).hexdigest()


def recognised(data: bytes, head: bytes | None = None) -> str:
    """The name of its kind."""
    with region_of(data) as region:
        found = (name for name, _, recognise, _ in catalogue.HOLDERS if recognise(head or data[:4096], region))
        return next(found, "")


@pytest.mark.parametrize("kind", HOLDERS)
def test_mutants_raise_nothing(kind: str) -> None:
    before = descriptors()
    hurt(HOLDERS[kind], COUNT, 1)
    assert descriptors() == before


@pytest.mark.parametrize("length", [0, 1, 7, 30, 100, 511, 513, 2_000])
def test_a_holder_cut_at_any_length_raises_nothing(length: int) -> None:
    for data in HOLDERS.values():
        for name, _, _, reader in catalogue.HOLDERS:
            if name == recognised(data):
                given_by(reader, data[:length])


REPEATED = (
    b"PK\x03\x04", b"PK\x05\x06", b"PK\x01\x02", b"CMMM", b"\\pict", b"\\pict\\bin1 ", b"\nFrom ", b"/9j/ ", b"Qk0 ",
    b"ustar", b"--b\n", b"--b\n\n", b"begin 644 a\n", b"\x1d\xf0", b"\x10\x00\x11\x10", b"stream\n\xff\xd8\xff",
    b"obj ", b"\n", b"\0", b"From a\nFrom: a\n", b"1 0 obj<<>>stream\nendstream endobj\n", b"7z\xbc\xaf\x27\x1c",
    b"Rar!\x1a\x07\x00",
)  # fmt: skip
FRONTS = (
    b"", b"PK\x03\x04", b"CMMM", b"{\\rtf1", b"From a\nFrom: a\nSubject: b\n", b"%PDF-1.4\n", b"MZ",
    b"From: a\nSubject: b\nContent-Type: multipart/mixed; boundary=b\n\n", b"text ",
)  # fmt: skip


@pytest.mark.parametrize("front", FRONTS)
def test_work_is_bounded_where_a_file_is_full_of_signatures(front: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that starts to search again at each signature would read the file a thousand times over."""
    size = 1 << 18
    read = 0
    really = Region.at

    def counted(region: Region, offset: int, length: int) -> bytes:
        nonlocal read
        data = really(region, offset, length)
        read += len(data)
        return data

    monkeypatch.setattr(Region, "at", counted)
    monkeypatch.setattr(bounds, "MAX_PARTS", 1_000)
    for repeated in REPEATED:
        data = front + repeated * (size // len(repeated))
        name = recognised(data)
        read = 0
        for reader in [row[3] for row in catalogue.HOLDERS if row[0] == name]:
            given_by(reader, data, keep=0)
        assert read < 3_000 * size, repeated


def test_holders_within_holders_are_given_whole() -> None:
    """The pipeline looks into each part again: no reader may change what it passes on."""
    inner = holders.zip_of({"a.jpg": PICTURE})
    for data in (
        holders.tar_of({"i.zip": inner}),
        holders.seven_zip_of({"i.zip": inner}),
        holders.rar_of({"i.zip": inner}),
        holders.gzip_of(inner),
        documents.outlook_message_of({"i.zip": inner}),
        documents.message_of({"i.zip": inner}),
        documents.winmail_of({"i.zip": inner}),
        documents.pdf_of([], {"i.zip": inner}),
        holders.zip_of({"i.zip": inner}),
    ):
        reader = next(row[3] for row in catalogue.HOLDERS if row[0] == recognised(data))
        assert given_by(reader, data).contents == [inner]


def test_kinds_are_told_apart() -> None:
    kinds = {kind: recognised(data) for kind, data in HOLDERS.items()}
    assert kinds["document"] == "an office document"
    assert recognised(holders.zip_of({"mimetype": b"application/epub+zip"}, 0)) == "an EPUB book"
    assert kinds["zip"] == "a ZIP archive"
    assert kinds["mailbox"] == "a mailbox"
    assert kinds["message"] == "a message"
    assert recognised(b"plain words\n") == "a text"
    assert recognised(b"<!DOCTYPE html><p>") == "a web page"
    assert recognised(bytes(range(256)) * 20) == ""
    assert recognised(encoded(scene(72, 56), "PNG")) == ""
    assert packed.TEXT
