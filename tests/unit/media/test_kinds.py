"""What a content is: by its content alone, tolerantly, and without a decoder."""

import tempfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.media.kinds import HOLDERS, Kind, kind_of
from node.media.region import Region
from node.media.sniff import PCX, SGI, TGA
from tests.kinds.holders import gzip_of, seven_zip_of, tar_of, zip_of
from tests.unit.media.hostile import originals
from tests.unit.media.pictures import encoded, scene

PHOTO = encoded(scene(80, 60), "PNG")


def kind(data: bytes, stated: str = "") -> Kind:
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        return kind_of(Region(file.fileno()), stated)


FILES = {
    **originals(),
    "zip": zip_of({"a.png": PHOTO}),
    "7z": seven_zip_of({"a.png": PHOTO}),
    "tar": tar_of({"a.png": PHOTO}),
    "gz": gzip_of(PHOTO),
    "tiff": encoded(scene(80, 60), "TIFF"),
    "bmp": encoded(scene(80, 60), "BMP"),
}


@pytest.mark.parametrize("name", sorted(FILES))
@pytest.mark.parametrize("before", [b"\n", b"\r\n\r\n", b"\xef\xbb\xbf", b"\0" * 13])
def test_what_begins_behind_blanks_is_what_it_is(name: str, before: bytes) -> None:
    alone, behind = kind(FILES[name]), kind(before + FILES[name])
    if alone.picture in (TGA, PCX, SGI) or not (alone.picture or alone.film or alone.readers):
        return  # they have no signature
    assert (behind.name, behind.media_type, behind.start) == (alone.name, alone.media_type, len(before))
    assert (behind.picture, behind.film, behind.readers) == (alone.picture, alone.film, alone.readers)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"P6\n64 48\n255\n" + b"~" * 64 * 48 * 3, "portable anymap"),
        (b"YUV4MPEG2 W64 H48 F25:1\nFRAME\n" + b"~" * (64 * 48 * 3 // 2), "YUV4MPEG film"),
        (rb"{\rtf1\ansi{\pict\pngblip 89504e47}}", "an RTF document"),
    ],
)
def test_what_reads_as_text_behind_a_line_feed_is_what_it_is(content: bytes, name: str) -> None:
    assert kind(content).name == name
    assert (kind(b"\n" + content).name, kind(b"\n" + content).start) == (name, 1)
    assert kind(b"\n\nDear all, P6 64 48 255").media_type == "text/plain"


@pytest.mark.parametrize("lead", [b"\x01\x02\x03", b"HTTP/1.1 200\x00" * 9])
def test_a_tiff_behind_other_bytes_is_known_by_its_directory(lead: bytes) -> None:
    found = kind(lead + FILES["tiff"])
    assert (found.name, found.start) == ("TIFF", len(lead))
    assert kind(lead + b"II*\0" + bytes(500)).name != "TIFF"


@given(st.binary(max_size=400), st.sampled_from([b"", b"\n", bytes(40)]))
def test_any_bytes_are_something(data: bytes, before: bytes) -> None:
    found = kind(before + data)
    assert found.name
    assert "/" in found.media_type


def test_a_media_type_that_a_parent_states_is_for_what_nobody_knows() -> None:
    unknown = b"\x01\x02\xfe" * 50
    assert kind(unknown, "application/x-thing").media_type == "application/x-thing"
    assert kind(PHOTO, "application/x-thing").media_type == "image/png"


def test_every_kind_of_holder_has_a_name_with_its_article() -> None:
    assert all(each.name.startswith(("a ", "an ")) for each in HOLDERS)


def test_a_text_keeps_its_truer_name_and_is_searched_all_the_same() -> None:
    plain, script, card = kind(b"words\n"), kind(b"#!/bin/sh\nls\n"), kind(b"BEGIN:VCARD\nEND:VCARD\n")
    assert (script.name, script.media_type) == ("a script", "text/x-shellscript")
    assert (card.name, card.media_type) == ("an address card", "text/vcard")
    assert plain.media_type == "text/plain"
    assert plain.readers == script.readers == card.readers != ()
