"""What the tests of `test_confined` share with others."""

from __future__ import annotations

from tests.kinds import documents, holders, packed
from tests.unit.media.pictures import encoded, scene

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
