"""ZIP archives: every member, whatever the archive went through; and no bomb."""

import io
import lzma
import struct
import zipfile
import zlib

import inflate64
import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.media.parts import bounds
from node.media.parts.zip_archive import members, recognise, recognise_document
from tests.kinds.holders import lzma_in_zip, raw_zip_of, streamed_zip_of, zip_of
from tests.kinds.packed import TEXT, ZSTANDARD
from tests.unit.media.parts.reading import given_by, region_of
from tests.unit.media.pictures import encoded, scene

PICTURE = encoded(scene(72, 56), "PNG")
MEMBERS = {"a/é.txt": TEXT, "b.png": PICTURE, "empty": b"", "x/../../c.bin": bytes(3000)}
LISTS = "what the missing or damaged directory of a ZIP archive lists besides"


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
@pytest.mark.parametrize("before", [b"", b"MZ" + bytes(5000), b"#!/bin/sh\n"])
def test_every_member_is_given_by_every_method(method: int, before: bytes) -> None:
    data = before + zip_of(MEMBERS, method, comment=b"PK\x05\x06 is in the comment")
    given = given_by(members, data)
    assert (given.named(), given.omissions, given.cut) == (MEMBERS, [], {})
    assert given.as_they_lie == (len(MEMBERS) if method == zipfile.ZIP_STORED else 0)
    with region_of(data) as region:
        assert recognise(region.head(4096), region)


@pytest.mark.parametrize("program", [b"MZ" + bytes(5000), b"\x7fELF" + b"PK\x03\x04 is how an archive begins" * 20])
def test_an_archive_behind_a_program_that_is_cut_gives_its_members(program: bytes) -> None:
    whole = zip_of({"a.png": PICTURE, "b.bin": bytes(9000)})
    data = program + whole[: whole.rindex(b"PK\x01\x02") - 5]
    with region_of(data) as region:
        assert recognise(region.head(4096), region)
    given = given_by(members, data)
    assert given.named()["a.png"] == PICTURE
    assert LISTS in given.omissions
    with region_of(program) as region:
        assert not recognise(region.head(4096), region)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("write", [zip_of, streamed_zip_of])
def test_without_its_directory_an_archive_gives_its_members(write: object, method: int) -> None:
    data = write(MEMBERS, method)  # type: ignore[operator]
    given = given_by(members, data[: data.index(b"PK\x01\x02")])
    assert (given.named(), given.omissions) == (MEMBERS, [LISTS])


@given(st.integers(40, 20_000))
def test_what_is_cut_off_is_said(length: int) -> None:
    data = zip_of(MEMBERS)
    given = given_by(members, data[: min(length, len(data) - 1)])
    assert LISTS in given.omissions


@pytest.mark.parametrize(
    ("method", "packed"),
    [
        (9, (deflater := inflate64.Deflater()).deflate(TEXT) + deflater.flush()),
        (14, lzma_in_zip(TEXT)),
        (93, ZSTANDARD),
        (95, lzma.compress(TEXT)),
    ],
    ids=["deflate64", "lzma without an end marker", "zstd", "xz"],
)
def test_newer_methods_are_unpacked(method: int, packed: bytes) -> None:
    given = given_by(members, raw_zip_of(method, packed, TEXT))
    assert (given.named(), given.omissions, given.cut) == ({"a.bin": TEXT}, [], {})


def test_a_member_that_is_cut_short_says_so() -> None:
    deflater = inflate64.Deflater()
    packed = deflater.deflate(TEXT) + deflater.flush()
    for method, data in ((9, packed), (8, zlib.compress(TEXT)[2:]), (93, ZSTANDARD), (14, lzma_in_zip(TEXT))):
        given = given_by(members, raw_zip_of(method, data[: len(data) // 2], TEXT))
        assert TEXT.startswith(given.contents[0])
        assert given.cut, method


def test_a_member_whose_checksum_is_wrong_is_given_and_says_so() -> None:
    given = given_by(members, raw_zip_of(8, zlib.compress(TEXT)[2:-4], TEXT + b"!"))
    assert (given.contents, given.cut) == ([TEXT], {0: "its checksum is wrong: it was damaged or changed"})


def test_what_is_left_out_is_counted() -> None:
    assert given_by(members, raw_zip_of(8, b"?", b"?", flags=1)).omissions == ["1 encrypted member"]
    assert given_by(members, raw_zip_of(99, b"?", b"?")).omissions == [
        "1 member packed by a method that Vigil does not unpack"
    ]
    lying = raw_zip_of(0, b"?", b"?").replace(b"PK\x03\x04", b"PK\x03\x05")
    assert given_by(members, lying).omissions == ["1 damaged member"]


def test_a_member_with_damaged_data_is_given_as_far_as_it_goes() -> None:
    deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = deflater.compress(TEXT) + deflater.flush(zlib.Z_FULL_FLUSH) + b"\xff" * 99
    given = given_by(members, raw_zip_of(8, packed, TEXT))
    assert given.contents[0].startswith(TEXT)
    assert given.cut == {0: "its compressed data is damaged"}


def test_names_in_a_code_page_are_read_and_never_control() -> None:
    assert given_by(members, raw_zip_of(0, b"?", b"?", name=b"\x81.jpg")).names == ["ü.jpg"]
    assert given_by(members, raw_zip_of(0, b"?", b"?", name=b"\x1b[2J\x00")).names == ["\ufffd[2J\ufffd"]
    assert len(given_by(members, raw_zip_of(0, b"?", b"?", name=b"n" * 60_000)).names[0]) == 1000


def test_a_bomb_of_one_member_ends_early(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "FREE_BYTES", 1 << 20)
    bomb = zip_of({"zeros": bytes(8 << 20)}, zipfile.ZIP_BZIP2)
    given = given_by(members, bomb, keep=0)
    assert given.cut == {0: "it unpacks to more than 1000 times the size of its archive"}
    assert given.omissions == ["the rest of an archive that unpacks to more than 1000 times the size of its archive"]


def test_members_that_overlap_end_early() -> None:
    """As in D. Fifield, A better zip bomb (WOOT 2019): all entries name the same bytes."""
    one = raw_zip_of(0, bytes(1 << 20), bytes(1 << 20))
    at = one.index(b"PK\x01\x02")
    entry = one[at : one.index(b"PK\x05\x06")]
    data = one[:at] + entry * 1000 + b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1000, 1000, 1000 * len(entry), at, 0)
    given = given_by(members, data, keep=0)
    assert len(given.names) < 4
    assert given.omissions == ["the rest of an archive with members that overlap"]


def test_a_directory_that_names_more_than_it_has_says_so() -> None:
    data = bytearray(zip_of(MEMBERS))
    data[data.rindex(b"PK\x05\x06") + 10] = 9
    assert given_by(members, bytes(data)).omissions == ["5 members that a damaged directory names"]


def test_wide_sizes_are_read() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive, archive.open("wide", "w", force_zip64=True) as file:
        file.write(PICTURE)
    assert given_by(members, buffer.getvalue()).named() == {"wide": PICTURE}


@pytest.mark.parametrize("first", ["[Content_Types].xml", "mimetype", "META-INF/manifest.xml"])
def test_of_a_document_only_what_can_be_seen_or_opened_is_given(first: str) -> None:
    parts = {
        first: b"<xml/>",
        "META-INF/manifest.xml": b"<xml/>",
        "word/document.xml": '\ufeff<w:document xmlns:w="é"/>'.encode(),
        "word/media/image1.png": PICTURE,
        "word/styles.xml": PICTURE,
        "word/embeddings/oleObject1.bin": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
        "word/fonts/font1.odttf": bytes(range(256)),
    }
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        data = zip_of(parts, method)
        given = given_by(members, data)
        assert given.names == ["word/media/image1.png", "word/styles.xml", "word/embeddings/oleObject1.bin"]
        assert given.contents[0] == PICTURE
        with region_of(data) as region:
            assert recognise_document(region.head(4096), region)


@given(
    st.dictionaries(st.text("aé/.\u202e\U0001f600", min_size=1, max_size=20), st.binary(max_size=2000), max_size=6),
    st.booleans(),
)
def test_what_zipfile_writes_comes_back(written: dict[str, bytes], packed: bool) -> None:
    try:
        data = zip_of(written, zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED)
    except UnicodeEncodeError:
        return
    with zipfile.ZipFile(io.BytesIO(data)) as judge:
        expected = [judge.read(each) for each in judge.infolist() if not each.filename.endswith("/")]
        folders = [each for each in judge.infolist() if each.filename.endswith("/") and each.file_size]
    given = given_by(members, data)
    assert given.omissions == []
    if not folders:
        assert given.contents == expected


def test_an_encrypted_open_document_says_so() -> None:
    manifest = b"<manifest><encryption-data/></manifest>"
    data = zip_of({"mimetype": b"application/vnd.oasis.opendocument.text", "META-INF/manifest.xml": manifest})
    assert given_by(members, data).omissions == ["an encrypted document"]
