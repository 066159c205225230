"""What chance makes of a holder ends in parts and words: nothing is raised, hangs, or grows without end."""

import hashlib

import pytest

from node.media.parts import bounds, catalogue
from node.media.parts.bounds import OVERLAP_BYTES
from node.media.parts.part import MAX_RATIO
from tests.fuzz.mutation import mutants
from tests.kinds import documents, holders, packed
from tests.unit.media.parts.holders import HOLDERS, PICTURE
from tests.unit.media.parts.reading import descriptors, given_by
from tests.unit.media.pictures import encoded, scene

FREE = 1 << 20
COUNT = 60
"""Mutants of each holder; the long suite takes more (`make faults`)."""


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
    from tests.unit.media.parts.reading import region_of

    with region_of(data) as region:
        for name, _, recognise, _ in catalogue.HOLDERS:
            if recognise(head or data[:4096], region):
                return name
    return ""


@pytest.mark.parametrize("kind", HOLDERS)
def test_mutants_raise_nothing(kind: str) -> None:
    before = descriptors()
    hurt(HOLDERS[kind], COUNT, 1)
    assert descriptors() == before


@pytest.mark.faults
@pytest.mark.parametrize("kind", HOLDERS)
def test_many_mutants_raise_nothing(kind: str) -> None:
    hurt(HOLDERS[kind], 3_000, 2)


@pytest.mark.parametrize("length", [0, 1, 7, 30, 100, 511, 513, 2_000])
def test_a_holder_cut_at_any_length_raises_nothing(length: int) -> None:
    for data in HOLDERS.values():
        for name, _, _, reader in catalogue.HOLDERS:
            if name == recognised(data):
                given_by(reader, data[:length])


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
    assert kinds["zip"] == "a ZIP archive"
    assert kinds["mailbox"] == "a mailbox"
    assert kinds["message"] == "a message"
    assert recognised(b"plain words\n") == "a text"
    assert recognised(b"<!DOCTYPE html><p>") == "a web page"
    assert recognised(bytes(range(256)) * 20) == ""
    assert recognised(encoded(scene(72, 56), "PNG")) == ""
    assert packed.TEXT
