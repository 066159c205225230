"""Every reader works in a confined process, and gives there what it gives outside."""

import hashlib
import json
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from node.media.parts import catalogue
from tests.kinds import documents, holders, packed
from tests.unit.media.parts.reading import given_by, region_of
from tests.unit.media.pictures import encoded, scene

ROOT = Path(__file__).parents[4]
PICTURE = encoded(scene(72, 56), "JPEG")
MEMBERS = {"é.jpg": PICTURE, "b.bin": bytes(range(256)) * 40}
HOLDERS = {
    "zip": holders.zip_of(MEMBERS),
    "deflate64": holders.raw_zip_of(9, b"\x4b\x4c\x04\x00", b"a"),
    "zip zstd": holders.raw_zip_of(93, packed.ZSTANDARD, packed.TEXT),
    "document": holders.zip_of({"[Content_Types].xml": b"<x/>", "word/media/a.jpg": PICTURE}),
    "tar": holders.tar_of(MEMBERS),
    "7z": holders.seven_zip_of(MEMBERS),
    "7z ppmd": packed.SEVEN_PPMD,
    "rar": holders.rar_of(MEMBERS),
    "rar 3": packed.RAR_3,
    "rar 5": packed.RAR_5,
    "cab": holders.cab_of(MEMBERS),
    "ar": holders.ar_of({"a.jpg": PICTURE}),
    "cpio": holders.cpio_of(MEMBERS),
    "gzip": holders.gzip_of(PICTURE),
    "bzip2": holders.bzip2_of(PICTURE),
    "xz": holders.xz_of(PICTURE),
    "zstd": packed.ZSTANDARD,
    "pdf": documents.pdf_of([PICTURE], {"é.jpg": PICTURE}),
    "pdf of samples": documents.pdf_of_samples(scene(72, 56))[0],
    "doc": documents.old_letter_of([PICTURE]),
    "msg": documents.outlook_message_of(MEMBERS, MEMBERS),
    "thumbs.db": documents.thumbs_db_of([PICTURE]),
    "thumbcache": documents.thumbcache_of([PICTURE]),
    "message": documents.message_of(MEMBERS, pages=[PICTURE]),
    "mailbox": documents.mailbox_of([documents.message_of(MEMBERS)]),
    "winmail": documents.winmail_of({"a.jpg": PICTURE}),
    "rtf": documents.rich_text_of([PICTURE]),
    "damaged pdf": b"%PDF-1.4\nnonsense",
    "damaged doc": documents.old_letter_of([PICTURE])[:3000],
}


@pytest.fixture(scope="module")
def said() -> dict[str, list[Any]]:
    """What one confined process says of each holder."""
    with ExitStack() as stack:
        files = [stack.enter_context(tempfile.TemporaryFile()) for _ in HOLDERS]
        for file, data in zip(files, HOLDERS.values(), strict=True):
            file.write(data)
            file.flush()
        numbers = [file.fileno() for file in files]
        command = [sys.executable, "-m", "tests.unit.media.parts.confined", *map(str, numbers)]
        done = subprocess.run(command, stdout=subprocess.PIPE, pass_fds=numbers, cwd=ROOT, check=True)
    return dict(zip(HOLDERS, json.loads(done.stdout), strict=True))


@pytest.mark.parametrize("kind", HOLDERS)
def test_a_confined_process_gives_the_same(kind: str, said: dict[str, list[Any]]) -> None:
    data = HOLDERS[kind]
    with region_of(data) as region:
        head = region.head(4096)
        row = next(each for each in catalogue.HOLDERS if each[2](head, region))
    given = given_by(row[3], data)
    name, told = said[kind]
    assert name == row[0]
    parts = [[n, hashlib.sha256(c).hexdigest()] for n, c in zip(given.names, given.contents, strict=True)]
    assert [each[:2] for each in told if len(each) > 1] == parts
    assert [each[0] for each in told if len(each) == 1] == given.omissions
    assert parts or given.omissions
