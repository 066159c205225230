"""What is neither a picture nor a film is called by its true name, by its content alone."""

import sqlite3
import wave
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.errors import MediaError
from node.media.signature_table import BINARY, TEXTUAL
from node.media.signatures import TEXT, UNKNOWN, seems
from node.media.sniff import described, recognise
from tests.conftest import absent


def test_a_video_cd_is_no_sound_recording(vectors: Path) -> None:
    path = vectors / "files" / "15-video-cd-head.dat"
    if not path.is_file():
        absent("the vectors have no such file")
    assert seems(path.read_bytes()[:4096]).name == "a Video CD file"


def test_a_database_and_a_recording_that_libraries_write(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "a") as database:
        database.execute("CREATE TABLE a (b)")
    assert seems((tmp_path / "a").read_bytes()).media_type == "application/vnd.sqlite3"
    with wave.open(str(tmp_path / "b"), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(bytes(100))
    assert seems((tmp_path / "b").read_bytes()).name == "a sound recording"


@pytest.mark.parametrize(
    ("head", "name", "media_type"),
    [
        (b"%PDF-1.7\n%\xe2\xe3", "a PDF document", "application/pdf"),
        (b"PK\x03\x04\x14\x00\x00\x00", "a ZIP archive or an office document", "application/zip"),
        (b"!BDN\x00\x00\x00\x00SM", "an e-mail store (Outlook)", "application/vnd.ms-outlook-pst"),
        (b"EVF\x09\x0d\x0a\xff\x00\x01", "a forensic disk image (EnCase)", "application/x-ewf"),
        (b"\xeb\x52\x90NTFS    \x00", "a disk image (NTFS)", "application/x-raw-disk-image"),
        (b"CMMM\x20\x00\x00\x00", "a Windows thumbnail cache", "application/x-ms-thumbcache"),
        (b"\x00\x01\x00\x00\x00\x0c\x00\x80", "a font", "font/ttf"),
        (b"\x00\x00\x00\x20ftypM4A \x00\x00\x00\x00", "a sound recording", "audio/mp4"),
        (b"RIFF\x10\x00\x00\x00XXXX\x00", "a RIFF file", "application/octet-stream"),
        (b"Received: from a by b\r\nSubject: c\r\n", "an e-mail message", "message/rfc822"),
        (b"\xef\xbb\xbf<?xml version='1.0'?>", "an XML document", "application/xml"),
        (b"BZh91AY&SY\x00\x01", "a compressed file (bzip2)", "application/x-bzip2"),
        (bytes(128) + b"DICM\x02\x00\x00\x00", "a medical picture (DICOM)", "application/dicom"),
        (bytes(257) + b"ustar\x0000", "an archive (tar)", "application/x-tar"),
    ],
)
def test_contents_have_their_names(head: bytes, name: str, media_type: str) -> None:
    assert (seems(head).name, seems(head).media_type) == (name, media_type)


@pytest.mark.parametrize(
    "words",
    [
        b"MZ is how this letter begins", b"BZh, he said", b"BIKes and cars", b"FWS", b"MAC and PC", b"P6 is a key",
        b"caffeine", b"BM", b"true\x20friends", b"OTTO was here", b"ID3 and more", b"SIT! Stay!", b"VTF", b"true",
        "Übermut".encode(), b"",
    ],
)  # fmt: skip
def test_a_letter_is_text_whatever_it_begins_with(words: bytes) -> None:
    assert seems(words) == TEXT


@pytest.mark.parametrize(
    "words", [b"P1 2031 was a year", b"P5 12 35 x\n", b"P7\nis a car", b"Pf 1 2 and more", b"BM 1"]
)
def test_a_letter_is_no_picture(words: bytes) -> None:
    with pytest.raises(MediaError, match="it is text"):
        recognise(words)


def test_what_nobody_knows_is_said_to_be_unknown() -> None:
    assert seems(bytes(range(256))) == UNKNOWN
    assert described(bytes(range(256))) == "not a format that Vigil knows"


@given(
    st.binary(max_size=200) | st.sampled_from([row[1] for row in BINARY]).flatmap(lambda one: st.just(one + b"\xff"))
)
def test_any_bytes_have_a_name_that_can_be_shown(head: bytes) -> None:
    assert seems(head).name.isprintable()
    assert seems(head).name.isascii()
    assert seems(head).media_type.count("/") == 1


def test_a_signature_that_begins_with_another_stands_before_it() -> None:
    """Else it could never be found."""
    for rows in (BINARY, TEXTUAL):
        for number, (at, signature, name, _) in enumerate(rows):
            for earlier_at, earlier, earlier_name, _ in rows[:number]:
                if earlier_at == at and signature.startswith(earlier) and signature != earlier:
                    assert name == earlier_name, (earlier, signature)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_format_or_refused(head: bytes) -> None:
    try:
        assert recognise(head).media_type.startswith("image/")
    except MediaError as error:
        assert str(error).startswith("not a picture: ")  # noqa: PT017  (nothing else may come out)
