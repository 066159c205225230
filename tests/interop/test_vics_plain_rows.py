"""The quick way to read a record of VICS gives what the careful way gives, for values that tools and enemies write."""

from __future__ import annotations

import json
import random
from typing import Any, Final

from node.domain.references import At
from node.interop.json_records import pairs_of
from node.interop.vics_fields import CODES, careful_row
from node.interop.vics_plain import PLAIN, plain_row
from tests.interop.second_set.made import EMPTY_MD5, EMPTY_SHA1, base64_of, dna, md5, sha1, sha256

DNA: Final = base64_of(dna(1))
VALUES: Final[dict[str, tuple[Any, ...]]] = {
    "MD5": (md5(1), md5(1).upper(), f" {md5(1)}", md5(1)[:31], md5(1) + "00", "", None, EMPTY_MD5, "0" * 32, 5, []),
    "SHA1": (sha1(1), "", " ", None, EMPTY_SHA1, "0" * 40, sha1(1)[:38], sha256(1)),
    "PhotoDNA": (
        *(DNA, dna(1).hex(), "", None, [DNA], " " * 192, base64_of(bytes(144))),
        *(base64_of(dna(1)[:size]) for size in (142, 143, 145)),
        *("A" * 191 + "=", "A" * 188 + "====", "=A" * 96, "A" * 190 + "\n\n"),
    ),
    "Category": (0, 1, "1", "0", 1.0, True, False, None, "", 6, -1, "01", [], {}, " 1", 2**70, "-0"),
    "MediaSize": (
        0,
        1,
        "1",
        "",
        " ",
        None,
        -1,
        1.0,
        True,
        2**63,
        str(2**63 - 1),
        "\uff19",
        "1 ",
        "+1",
        [],
        "0" * 22 + "1",
    ),
    "VictimIdentified": (True, False, None, "true", "True", "TRUE", "false", 0, 1, "0", 2, "", [], 1.0, 2**80),
    "OffenderIdentified": (True, None, "False", {}),
    "IsDistributed": (False, "true"),
    "Series": ("s", "", None, 5, ["a"], {"Name": "n"}, "é", "x" * 4_001, "\ud800", 'a":b', True, "\0", " "),
    "Tags": ("a,b", "", None, 5, ["a"], [], [None], [1], {"Name": "q"}, "vigil:nothing-stated", "," * 40),
    "MimeType": ("image/jpeg", "", None, 7, ["a"]),
    "DateUpdated": ("2023-06-07T02:31:49Z", "x", "", None, 5, "2023-06-07", "2023-06-07T02:31:49.8300Z"),
    "MediaFiles": ([], None, "x", 5, {"a": "b"}, [{}], [[]], ["x"], [{"a": {"b": 1}}], [{"a": ":"}], [{"a": 1}]),
    "Comments": ("c", None, "a: b", 'a" : b'),
    "Exifs": ([], None, [{"a": 1}]),
    "SHA256": (sha256(1),),
    "AlternativeHashes": ([], None),
    "Foo": (1,),
}
"""Field -> values; the first is the usual one."""
PLAIN_CODES: Final[dict[str | int | None, str | None]] = {None: None}
for _code in CODES:
    PLAIN_CODES[_code] = PLAIN_CODES[int(_code)] = _code


def record(drawn: random.Random) -> str:
    """A record with some of the fields, and sometimes with one of them twice."""
    names = ["MD5"] * (drawn.random() < 0.95) + drawn.sample(
        [name for name in VALUES if name != "MD5"], drawn.randint(0, 5)
    )
    if names and drawn.random() < 0.25:
        names.append(drawn.choice(names))
    drawn.shuffle(names)
    return "{" + ",".join(_field(drawn, name) for name in names) + "}"


def _field(drawn: random.Random, name: str) -> str:
    value = VALUES[name][0] if drawn.random() < 0.6 else drawn.choice(VALUES[name])
    before, after = drawn.choice(("", "", "", " ", "\n", "\t ")), drawn.choice(("", " "))
    return json.dumps(name) + before + ":" + after + json.dumps(value, ensure_ascii=drawn.random() < 0.5)


def test_a_plain_record_is_read_as_a_careful_one() -> None:
    drawn = random.Random(12)
    plain = 0
    for _ in range(20_000):
        said = record(drawn)
        row = plain_row(json.loads(said), said, (1, 2, 3, ""), PLAIN, PLAIN_CODES)
        if row is not None:
            plain += 1
            assert row == careful_row(pairs_of(said), said, At(1, 2, 3), CODES), said
    assert plain > 2_000
