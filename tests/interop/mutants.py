"""Mutants of files of each format: what damage, a bad writer or an enemy makes of them, as far as chance can.

Rules this module upholds:

- The same seed gives the same mutants, so that a failure can be repeated from its number.
- Besides what is done to any bytes (`tests.fuzz.mutation`), words that mean something to a parser of text are put in:
  document types, entities, NaN, marks of byte order, quotation marks, deep nesting, long lines.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from node.errors import VigilError
from node.interop.formats import FORMATS, format_of
from node.interop.reading import HEAD_BYTES
from tests.fuzz.mutation import mutants as mutants_of_bytes

WORDS: Final = (
    b"NaN",
    b"-Infinity",
    b"1e999",
    b"9" * 4_400,
    b"[" * 300,
    b'{"a":' * 120,
    b"{}[]",
    b"null",
    b"true",
    b'"\\ud800"',
    b"\\u0000",
    b'"',
    b"'",
    b"\x00",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\xed\xa0\x80",
    b"<!DOCTYPE a>",
    b'<!ENTITY a "b">',
    b"&a;",
    b"<a>" * 200,
    b"]]>",
    b"<!--",
    b"\r",
    b"\n\n",
    b"\r\n",
    b",",
    b";",
    b"\t",
    b"=cmd()",
    b"d41d8cd98f00b204e9800998ecf8427e",
    b"0" * 32,
    b"0" * 64,
    b"x" * 70_000,
)
OWN: Final = {
    "hma": (
        b'[{"id": 1, "disable_until_ts": 1, "signals": {"pdq": "'
        + b"a1" * 32
        + b'", "video_md5": "'
        + b"b2" * 16
        + b'"}}]',
    ),
    "hma-csv": (
        b"a1" * 32 + b",2880742865368386,2024-01-01T18:47:52+0000,made_up media_type_photo\n" + b"b2" * 16 + b",1\n",
    ),
    "nsrl-v3": (
        b"SQLite format 3\x00" + bytes(84) + b"CREATE VIEW DISTINCT_HASH AS SELECT sha256, package_id FROM FILE",
    ),
    "sha1sum": (b"a1" * 20 + b"  one\n\\" + b"b2" * 20 + b" *two\\n\n",),
}
"""Files of formats of which the vectors have none."""


def seeds(vectors: Path) -> dict[str, list[bytes]]:
    """Name of a format -> files of it."""
    found: dict[str, list[bytes]] = {name: list(OWN.get(name, ())) for name in FORMATS}
    for path in sorted((vectors / "interop").glob("*/*")):
        data = path.read_bytes()
        try:
            found[format_of(data[:HEAD_BYTES]).name].append(data)
        except VigilError:
            continue
    return found


def mutants(files: Sequence[bytes], count: int, seed: int) -> Iterator[bytes]:
    """`count` mutants of these files; about half of them also have words of a parser in them."""
    drawn = random.Random(seed)
    for data in mutants_of_bytes(files, count, seed):
        mutant = data
        while drawn.random() < 0.4:
            at = drawn.randrange(len(mutant) + 1)
            over = drawn.choice((0, 0, 1, 8))
            mutant = mutant[:at] + drawn.choice(WORDS) + mutant[at + over :]
        yield mutant


def chunks(data: bytes, seed: int) -> Iterator[bytes]:
    """The bytes, cut by chance."""
    drawn = random.Random(seed)
    at = 0
    while at < len(data):
        size = drawn.choice((1, 7, 64, 1_000, 65_536))
        yield data[at : at + size]
        at += size
