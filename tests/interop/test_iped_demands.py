"""IPED takes every record of the VICS and ICSE files that we write, as far as its reader of hash sets can be described.

The reader is `HashDBTool` of IPED (its sources, as of 2026-06-12). It is Java and on no package index, so CI does not
run it. `take` states what it does with a document: the order that it demands, what ends its import, what it passes over
without a word, and what it keeps. By hand it was run on a VICS and an ICSE file of 3,006 rows each: it kept them all.
"""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.domain.references import Reference
from node.domain.statements import Tri
from node.interop.icse_writing import write_icse
from node.interop.left_out import LeftOut
from tests.interop.test_vics_writing import ROW, head_of, written
from tests.interop.written_rows import references

ROOTS = {
    ("odata.metadata", "http://github.com/icmec/projectvic/datamodels/1.3.xml#media"),
    ("@odata.context", "http://github.com/vicsdatamodel/projectvic/datamodels/2.0.xml/default/$metadata#media"),
}
TEXTS = ("VictimIdentified", "OffenderIdentified", "IsDistributed", "Series", "IsPrecategorized", "Tags")
ICSE = (
    "MD5;SHA1;PhotoDNA;Image ID;Is distributed;Victim identified;Offender identified;Series name;"
    "Number of submissions;File Available;Media Type;Baseline"
)
PHOTODNA = 192
"""Characters of a PhotoDNA in base64."""


class Stops(Exception):
    """The import ends here, with or without a word."""


def take(data: bytes) -> list[dict[str, str]]:
    """What the reader keeps of a document, record by record. Raises `Stops`."""
    root = json.loads(data, object_pairs_hook=lambda pairs: pairs)
    if len(root) != 2 or root[1][0] != "value" or not isinstance(root[1][1], list):
        raise Stops("the model first, then the list, and nothing else")
    if (root[0][0].lower(), str(root[0][1]).lower()) not in ROOTS:
        raise Stops("another model")
    return [kept for media in root[1][1] if (kept := _kept(media))]


def _kept(media: Any) -> dict[str, str] | None:
    hashes: dict[str, str] = {}
    said: dict[str, str] = {}
    for name, value in media:
        if name in ("MD5", "SHA1"):
            _hash(hashes, name, value)
        elif name == "PhotoDNA":
            said |= {name: value} if isinstance(value, str) and len(value) == PHOTODNA else {}
        elif name == "Category":
            said |= {name: str(value)} if type(value) is int and value >= 0 else {}
        elif name in TEXTS:
            said |= _text(name, value)
        elif isinstance(value, list) and value and isinstance(value[0], tuple):
            raise Stops("an object within a record hides the rest of it")
        elif isinstance(value, list):
            said |= _alternative(value)
    return hashes | said if hashes and said else None


def _hash(hashes: dict[str, str], name: str, value: Any) -> None:
    if not isinstance(value, str):
        raise Stops("a hash that is no text")
    if len(value.strip()) == {"MD5": 32, "SHA1": 40}[name]:
        hashes[name] = value.strip()


def _text(name: str, value: Any) -> dict[str, str]:
    if isinstance(value, list):
        raise Stops("a list where a text or a flag is expected")
    if isinstance(value, bool):
        return {name: str(value).lower()}
    text = value.replace("|", " ").strip() if isinstance(value, str) else ""
    return {name: text} if text else {}


def _alternative(values: list[Any]) -> dict[str, str]:
    """Of other hashes the reader looks at PhotoDNA alone, and only behind its name."""
    for value in values:
        names = dict(value)
        if list(names).index("HashName") > list(names).index("HashValue"):
            raise Stops("the name of a hash behind its value")
        if str(names["HashName"]).lower() == "photodna" and len(names["HashValue"]) == PHOTODNA:
            return {"PhotoDNA": names["HashValue"]}
    return {}


def expected(row: Reference) -> dict[str, str]:
    """What a list says, in the words of the reader."""
    kept = {"MD5": row.md5.hex()}
    kept |= {"SHA1": row.sha1.hex()} if row.sha1 else {}
    kept |= {"PhotoDNA": base64.b64encode(row.photodna).decode()} if row.photodna else {}
    for name, flag in (
        ("VictimIdentified", row.victim_identified),
        ("OffenderIdentified", row.offender_identified),
        ("IsDistributed", row.distributed),
    ):
        kept |= {} if flag is Tri.UNKNOWN else {name: "true" if flag is Tri.YES else "false"}
    series = row.series.replace("|", " ").strip()
    return kept | ({"Series": series} if series else {})


@given(st.lists(references(), max_size=5))
def test_every_record_with_an_md5_is_kept_with_what_the_list_says(rows: list[Reference]) -> None:
    kept = take(written(rows, head_of("Default"), "Default"))
    wanted = [row for row in rows if row.md5]
    assert len(kept) == len(wanted)
    for record, row in zip(kept, wanted, strict=True):
        assert {name: value for name, value in record.items() if name not in ("Tags", "Category")} == expected(row)


@pytest.mark.parametrize("profile", ["US", "UK"])
def test_the_models_of_regions_are_not_taken(profile: str) -> None:
    with pytest.raises(Stops, match="another model"):
        take(written([ROW], head_of(profile), profile))


@pytest.mark.parametrize(
    "data",
    [
        b'{"value":[],"odata.metadata":"http://github.com/ICMEC/ProjectVic/DataModels/1.3.xml#Media"}',
        b'{"odata.metadata":"http://github.com/ICMEC/ProjectVic/DataModels/1.3.xml#Media","a":1,"value":[]}',
        b'{"odata.metadata":"http://github.com/ICMEC/ProjectVic/DataModels/1.3.xml#Media","value":[{"MD5":null}]}',
        b'{"odata.metadata":"http://github.com/ICMEC/ProjectVic/DataModels/1.3.xml#Media","value":[{"Tags":["a"]}]}',
    ],
)
def test_what_ends_an_import_is_known(data: bytes) -> None:
    with pytest.raises(Stops):
        take(data)


@given(st.lists(references(), max_size=3))
def test_the_header_of_icse_is_the_one_that_is_known(rows: list[Reference]) -> None:
    lines = b"".join(write_icse(rows, LeftOut())).decode().splitlines()
    assert lines[0] == ICSE
