"""Mutants of files of each format: what damage, a bad writer or an enemy makes of them, as far as chance can.

Rules this module upholds:

- The same seed gives the same mutants, so that a failure can be repeated from its number.
- Besides what is done to any bytes (`tests.fuzz.mutation`), words that mean something to a parser of text are put in:
  document types, entities, NaN, marks of byte order, quotation marks, deep nesting, long lines.
- JSON is also changed as what it means, so that it stays JSON and reaches what reads its fields.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

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
        b'[{"id": 1, "disable_until_ts": 1, "signals": {"pdq": "%s"}}, {"id": 2, "signals": {"url": "x"}}]'
        % (b"a1" * 32),
        b'{"id": 3, "disable_until_ts": 1, "signals": {"video_md5": "%s", "url": "x"}}' % (b"b2" * 16),
    ),
    "hma-csv": (
        b"a1" * 32 + b",2880742865368386,2024-01-01T18:47:52+0000,made_up media_type_photo\n" + b"b2" * 16 + b",1\n",
    ),
    "nsrl-v3": (
        b"SQLite format 3\x00" + bytes(84) + b"CREATE VIEW DISTINCT_HASH AS SELECT sha256, package_id FROM FILE",
    ),
    "get-filehash": (
        b"\nAlgorithm       Hash                                    Path\n---------       ----          ----\n"
        b"MD5             "
        + b"A1" * 16
        + b"                C:\\a b.jpg\nSHA512          "
        + b"b2" * 64
        + b"   C:\\c\n",
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


VALUES: Final[tuple[Any, ...]] = (
    None,
    True,
    False,
    0,
    1,
    -1,
    2**63,
    2**80,
    1e300,
    "",
    " ",
    "0",
    "1",
    "true",
    "maybe",
    "\ud800",
    "\x00",
    "é\U0001f600",
    "d41d8cd98f00b204e9800998ecf8427e",
    "0" * 32,
    "ab" * 16,
    "cd" * 20,
    "ef" * 32,
    "x" * 5_000,
    [],
    {},
    [[]],
    {"0": {}},
    [None],
    {"data": [7]},
)


def changed(drawn: random.Random, data: bytes) -> bytes | None:
    """A JSON document of which one to four values or names are others; None for what is no JSON."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return None
    nodes = list(_nodes(document))
    if not nodes:
        return None
    for _ in range(drawn.randint(1, 4)):
        _change(drawn, nodes)
    return json.dumps(document, ensure_ascii=drawn.random() < 0.9).encode("utf-8", "surrogatepass")


def _nodes(value: Any) -> Iterator[Any]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if inner:
        yield value
    for each in inner:
        yield from _nodes(each)


def _change(drawn: random.Random, nodes: list[Any]) -> None:
    node, other = drawn.choice(nodes), drawn.choice(nodes)
    if not node or not other:
        return
    key = drawn.choice(list(node) if isinstance(node, dict) else range(len(node)))
    choice = drawn.randrange(5)
    if choice == 0:
        del node[key]
    elif choice == 1:
        # The text of it: a part that held itself could not be written.
        taken = drawn.choice(list(other.values()) if isinstance(other, dict) else other)
        node[key] = json.loads(json.dumps(taken))
    elif choice == 2 and isinstance(node, dict):
        names = list(other) if isinstance(other, dict) else ["made up"]
        node[drawn.choice(names)] = node.pop(key)
    else:
        node[key] = json.loads(json.dumps(drawn.choice(VALUES)))


def mutants(files: Sequence[bytes], count: int, seed: int) -> Iterator[bytes]:
    """`count` mutants of these files; some of them also have words of a parser in them."""
    drawn = random.Random(seed)
    for data in mutants_of_bytes(files, count, seed):
        if drawn.random() < 0.5 and (mutant := changed(drawn, drawn.choice(files))):
            yield mutant
            continue
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
