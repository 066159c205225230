"""Documents, caches and PDF: every picture and every embedded file, however it is stored."""

import io
import random
import re
import struct
import zlib

import numpy as np
import pikepdf
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from node.media.parts import compound, ole, pdf, thumbcache
from node.media.parts.bounds import OVERLAP_BYTES
from tests.kinds import documents
from tests.kinds.documents import compound_of, pdf_of, pdf_of_samples
from tests.kinds.holders import gzip_of
from tests.unit.media.parts.reading import given_by, region_of
from tests.unit.media.pictures import encoded, scene

SCENE = scene(72, 56)
JPEG, PNG = encoded(SCENE, "JPEG"), encoded(SCENE, "PNG")
LARGE = encoded(scene(320, 240), "JPEG", quality=95)


@pytest.fixture(autouse=True)
def _prepared() -> None:
    pdf.prepare()


@pytest.mark.parametrize("write", [documents.old_slides_of, documents.old_letter_of, documents.old_sheet_of])
def test_an_old_office_document_gives_its_pictures(write: object) -> None:
    given = given_by(compound.members, write([JPEG, PNG, LARGE]))  # type: ignore[operator]
    assert (given.contents, given.omissions, given.cut) == ([JPEG, PNG, LARGE], [], {})


def test_a_stream_whose_sectors_are_scattered_is_put_together() -> None:
    given = given_by(compound.members, documents.old_letter_of([LARGE, JPEG], scattered=True))
    assert (given.contents, given.as_they_lie) == ([LARGE, JPEG], 0)
    assert given_by(compound.members, documents.old_letter_of([LARGE, JPEG])).as_they_lie == 2


def test_a_bitmap_without_its_file_header_gets_one() -> None:
    bitmap = encoded(SCENE, "BMP")[14:]
    record = struct.pack("<HHI", 0x7A8 << 4, 0xF01F, 17 + len(bitmap)) + bytes(17) + bitmap
    (made,) = given_by(compound.members, compound_of({"Pictures": record + bytes(4096)})).contents
    with Image.open(io.BytesIO(made)) as shown:
        assert np.array_equal(np.asarray(shown), np.asarray(SCENE))


def test_a_drawing_is_unpacked() -> None:
    packed = zlib.compress(b"drawing" * 99)
    record = struct.pack("<HHI", 0x3D4 << 4, 0xF01A, 50 + len(packed)) + bytes(50) + packed
    assert given_by(compound.members, compound_of({"Data": record + bytes(4096)})).contents == [b"drawing" * 99]


def test_embedded_files_are_given() -> None:
    native = b"\2\0a.jpg\0C:\\a.jpg\0\0\0\3\0" + struct.pack("<I", 4) + b"tmp\0" + struct.pack("<I", len(JPEG)) + JPEG
    deflated = zlib.compress(compound_of({"Data": bytes(5000)}))
    exchanged = b"\x10\x00\x11\x10" + struct.pack("<II", 4 + len(deflated), 9) + deflated
    given = given_by(
        compound.members,
        compound_of({
            "ObjectPool/_1/\x01Ole10Native": struct.pack("<I", len(native)) + native,
            "ObjectPool/_2/CONTENTS": b"%PDF-1.4 ...",
            "PowerPoint Document": exchanged + bytes(5000),
            "BinData/BIN0001.jpg": zlib.compress(JPEG)[2:-4],
        }),
    )  # fmt: skip
    assert dict(zip(given.names, given.contents, strict=True)) == {
        "a.jpg": JPEG,
        "CONTENTS": b"%PDF-1.4 ...",
        "": compound_of({"Data": bytes(5000)}),
        "BIN0001.jpg": JPEG,
    }


@pytest.mark.parametrize(
    "streams",
    [
        {"WordDocument": bytes(11) + b"\x01" + bytes(5000)},
        {"Workbook": struct.pack("<HHIHH", 0x0809, 4, 0, 0x002F, 4) + bytes(5000)},
        {"Current User": bytes(12) + b"\xdf\xc4\xd1\xf3"},
        {"EncryptedPackage": bytes(5000)},
    ],
)
def test_an_encrypted_document_says_so(streams: dict[str, bytes]) -> None:
    assert given_by(compound.members, compound_of(streams)).omissions == ["an encrypted document"]


def test_an_outlook_message_gives_its_attachments_and_those_of_the_message_within() -> None:
    given = given_by(compound.members, documents.outlook_message_of({"é.jpg": JPEG, "b.bin": b"?"}, {"in.jpg": LARGE}))
    assert given.named() == {"é.jpg": JPEG, "b.bin": b"?", "in.jpg": LARGE}


def test_thumbs_db_gives_its_pictures() -> None:
    given = given_by(compound.members, documents.thumbs_db_of([JPEG, PNG, LARGE]))
    assert given.named() == {"256_0": JPEG, "256_1": PNG, "256_2": LARGE}


def test_a_compound_file_without_its_directory_is_searched() -> None:
    whole = documents.old_letter_of([JPEG, LARGE])
    given = given_by(compound.members, whole[:512] + whole[512:].replace(b"R\0o\0o\0t\0", b"?" * 8)[:-2000])
    assert given.contents[:1] == [JPEG] or given.omissions
    broken = given_by(compound.members, whole[:30] + b"\xff" * 100 + whole[130:])
    assert broken.contents == [JPEG, LARGE]
    assert broken.omissions == ["what the damaged directory of an OLE compound file lists"]


def test_a_chain_of_sectors_that_goes_in_a_circle_ends() -> None:
    data = bytearray(documents.old_letter_of([LARGE]))
    table = len(data) - 512
    data[table + 4 : table + 12] = struct.pack("<II", 0, 1)
    given = given_by(compound.members, bytes(data))
    assert sum(map(len, given.contents)) <= len(data) + OVERLAP_BYTES


@given(st.binary(max_size=20_000), st.integers(0, 20_000), st.integers(0, 20_000), st.lists(st.integers(1, 5000)))
def test_a_stream_in_runs_reads_as_the_bytes_do(data: bytes, offset: int, length: int, cuts: list[int]) -> None:
    with region_of(data) as region:
        runs, at = [], 0
        for cut in [*cuts, len(data)]:
            if (run := region.part(at, cut)).size:
                runs.append(run)
            at += cut
        stream = ole.Stream(runs)
        assert stream.at(offset, length) == data[offset : offset + length]
        assert b"".join(stream.pieces(offset, offset + length)) == data[offset : offset + length]
        assert [at for at, _ in stream.places(b"\0\0")] == [
            at for at in range(len(data) - 1) if data[at : at + 2] == b"\0\0"
        ]


@pytest.mark.parametrize("version", [20, 21, 30, 31, 32])
def test_a_cache_of_thumbnails_gives_its_pictures_where_they_lie(version: int) -> None:
    given = given_by(thumbcache.members, documents.thumbcache_of([JPEG, PNG, LARGE], version))
    assert given.named() == {"0000000000000000": JPEG, "0000000000000001": PNG, "0000000000000002": LARGE}
    assert (given.as_they_lie, given.omissions) == (3, [])


def test_a_damaged_entry_is_searched_and_the_next_one_is_found() -> None:
    data = bytearray(documents.thumbcache_of([JPEG, PNG]))
    data[28:32] = b"\xff" * 4
    given = given_by(thumbcache.members, bytes(data))
    assert given.contents == [JPEG, PNG]
    assert given.omissions == ["1 damaged entry"]


# ---- PDF


def test_pictures_and_files_of_a_pdf_document_are_given_as_they_are() -> None:
    given = given_by(pdf.members, pdf_of([JPEG, LARGE], {"é.bin": gzip_of(PNG)}))
    assert given.contents == [JPEG, LARGE, gzip_of(PNG)]
    assert given.names == ["", "", "é.bin"]
    assert (given.omissions, given.cut) == ([], {})


def test_a_document_without_a_page_gives_its_attachments() -> None:
    document = pikepdf.new()
    document.attachments["a.png"] = pikepdf.AttachedFileSpec(document, PNG, filename="a.png")
    saved = io.BytesIO()
    document.save(saved)
    given = given_by(pdf.members, saved.getvalue())
    assert (given.contents, given.names, given.omissions) == ([PNG], ["a.png"], [])


def test_samples_of_every_form_become_pictures_that_look_the_same() -> None:
    data, expected = pdf_of_samples(SCENE)
    given = given_by(pdf.members, data)
    assert (len(given.contents), given.omissions, given.cut) == (len(expected), [], {})
    for made, right in zip(given.contents, expected, strict=True):
        with Image.open(io.BytesIO(made)) as shown:
            if shown.mode.startswith("I"):
                assert np.array_equal(np.asarray(shown) >> 8, np.asarray(right))
            else:
                assert np.array_equal(np.asarray(shown.convert("RGB")), np.asarray(right.convert("RGB")))
    assert given_by(pdf.members, data).contents == given.contents


def test_fax_and_chains_of_filters() -> None:
    two = SCENE.convert("1")
    buffer = io.BytesIO()
    two.save(buffer, "TIFF", compression="group4")
    with Image.open(buffer) as fax:
        at, size, black_is_1 = fax.tag_v2[273][0], fax.tag_v2[279][0], fax.tag_v2[262] == 1  # type: ignore[attr-defined]
    document = pikepdf.new()
    page = document.add_blank_page()
    name = pikepdf.Name
    parameters = pikepdf.Dictionary(K=-1, Columns=72, Rows=56, BlackIs1=black_is_1)
    packed = documents.image_in(
        document,
        buffer.getvalue()[at : at + size],
        Filter=name.CCITTFaxDecode,
        DecodeParms=parameters,
        BitsPerComponent=1,
    )
    chained = documents.image_in(
        document, zlib.compress(JPEG), Filter=pikepdf.Array([name.FlateDecode, name.DCTDecode])
    )
    unknown = documents.image_in(document, b"?", Filter=name.JBIG2Decode)
    inline = pikepdf.Stream(document, b"q BI /W 72 /H 56 /BPC 8 /CS /G ID " + SCENE.convert("L").tobytes() + b" EI Q")
    page.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary({"/A": packed, "/B": chained, "/C": unknown}))
    page.Contents = document.make_indirect(inline)
    saved = io.BytesIO()
    document.save(saved)
    given = given_by(pdf.members, saved.getvalue())
    assert len(given.contents) == 3
    assert JPEG in given.contents
    shown = {image.format: np.asarray(image) for image in map(Image.open, map(io.BytesIO, given.contents))}
    assert np.array_equal(shown["TIFF"], np.asarray(two))
    assert np.array_equal(shown["PNG"], np.asarray(SCENE.convert("L")))
    assert given.omissions == ["1 picture of a kind that Vigil does not decode (JBIG2, or a rare space of colours)"]


def test_a_locked_document_says_so_and_an_empty_password_opens() -> None:
    open_ = pdf_of([JPEG], encryption=pikepdf.Encryption(owner="x", user=""))
    assert given_by(pdf.members, open_).contents == [JPEG]
    locked = pdf_of([JPEG], encryption=pikepdf.Encryption(owner="x", user="y"))
    assert given_by(pdf.members, locked).omissions == ["a PDF document that needs a password"]


def test_a_damaged_document_gives_what_is_left() -> None:
    whole = pdf_of([JPEG, LARGE])
    given = given_by(pdf.members, whole[: whole.rindex(b"xref")])
    assert given.contents == [JPEG, LARGE]
    assert given.omissions == ["what the damaged parts of a PDF document hold"]
    carved = given_by(pdf.members, b"%PDF-1.7\n" + whole[whole.index(b"stream\n", whole.index(b"/DCT")) :][:3000])
    assert any(each.startswith(JPEG[:1000]) for each in carved.contents)


@pytest.mark.parametrize("share", [0.9, 0.66, 0.4])
def test_a_document_that_is_cut_gives_every_object_before_the_cut(share: float) -> None:
    samples, expected = pdf_of_samples(SCENE)
    cut = samples[: int(len(samples) * share)]
    whole = len(re.findall(rb"/Width.*?stream.*?endstream", cut, re.DOTALL))
    given = given_by(pdf.members, cut)
    assert whole > 1
    for made, right in zip(given.contents[:whole], expected[:whole], strict=True):
        with Image.open(io.BytesIO(made)) as shown:
            if not shown.mode.startswith("I"):
                assert np.array_equal(np.asarray(shown.convert("RGB")), np.asarray(right.convert("RGB")))
    assert given.omissions == ["what the damaged parts of a PDF document hold"]


def test_attachments_of_a_document_that_is_cut_are_given() -> None:
    whole = pdf_of([JPEG], {"a.png": PNG})
    given = given_by(pdf.members, whole[: whole.index(JPEG) + 1000])
    assert PNG in given.contents
    assert JPEG[:1000] in given.contents


def test_an_encrypted_document_whose_end_is_missing_is_read_where_it_says_how() -> None:
    whole = pdf_of([JPEG, LARGE], encryption=pikepdf.Encryption(owner="x", user=""), linearize=True)
    given = given_by(pdf.members, whole[: whole.rindex(b"startxref")].replace(b"/Pages", b"/Pag?s"))
    assert JPEG in given.contents


@pytest.mark.parametrize("predicted", [False, True])
def test_damaged_samples_are_given_up_to_the_damage_and_it_is_said(predicted: bool) -> None:
    right = (np.indices((240, 320)).prod(axis=0)[:, :, np.newaxis] // (9, 14, 23)).astype(np.uint8)  # deflates well
    rows = b"".join((b"\0" if predicted else b"") + row.tobytes() for row in right)
    packed = zlib.compress(rows)
    document = pikepdf.new()
    entries: dict[str, object] = {"Filter": pikepdf.Name.FlateDecode, "ColorSpace": pikepdf.Name.DeviceRGB}
    if predicted:
        entries["DecodeParms"] = pikepdf.Dictionary(Predictor=15, Colors=3, Columns=320)
    half = len(packed) // 2
    cut = documents.image_in(document, packed[:half], (320, 240), **entries)
    zeros = documents.image_in(document, packed[:half] + bytes(half), (320, 240), **entries)
    shown = pikepdf.Dictionary({"/A": cut, "/B": zeros})
    document.add_blank_page().Resources = pikepdf.Dictionary(XObject=shown)
    saved = io.BytesIO()
    document.save(saved)
    given = given_by(pdf.members, saved.getvalue())
    assert given.cut[1] == "its checksum is wrong: it was damaged or changed"
    (made, _), said = given.contents, given.cut.get(0, "")
    found = re.fullmatch("its data is damaged or cut short: ([0-9]+) of 240 rows are there", said)
    assert found is not None, said
    assert 90 < int(found[1]) < 180
    with Image.open(io.BytesIO(made)) as image:
        assert np.array_equal(np.asarray(image)[: int(found[1])], right[: int(found[1])])


def test_a_bomb_of_a_predictor_ends_early() -> None:
    document = pikepdf.new()
    page = document.add_blank_page()
    huge = documents.image_in(
        document, zlib.compress(bytes(1 << 20)), (1 << 20, 1 << 20), Filter=pikepdf.Name.FlateDecode,
        ColorSpace=pikepdf.Name.DeviceRGB,
    )  # fmt: skip
    page.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary({"/A": huge}))
    saved = io.BytesIO()
    document.save(saved)
    given = given_by(pdf.members, saved.getvalue())
    assert given.contents == []
    assert len(given.omissions) == 1


def test_noise_ends_in_words() -> None:
    noise = random.Random(2).randbytes(5000)
    for reader, front in ((pdf.members, b"%PDF-1.4"), (compound.members, ole.MAGIC), (thumbcache.members, b"CMMM")):
        given_by(reader, front + noise)
