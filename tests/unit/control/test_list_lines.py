"""Rows of lists over the local socket: they arrive as they were sent, and nothing else is taken for a row."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.control.arguments import Arguments
from node.control.list_lines import (
    category_line,
    head_line,
    item_of,
    place_line,
    read_head,
    read_item,
    read_terms,
    reference_line,
)
from node.domain.queries import Level
from node.domain.references import At, Family, ListCase, ListHead, Reference, Withdrawal
from node.domain.statements import Tri
from node.errors import Misuse

TEXTS = st.text(max_size=20)
PLACES = st.builds(At, st.integers(-1, 9), st.integers(-1, 9), st.integers(-1, 1 << 60), TEXTS)
ROWS = st.builds(
    Reference,
    at=PLACES,
    id=TEXTS,
    md5=st.sampled_from([b"", b"m" * 16]),
    sha1=st.sampled_from([b"", b"s" * 20]),
    sha256=st.sampled_from([b"", b"t" * 32]),
    pdq=st.sampled_from([b"", b"p" * 32]),
    pdq_quality=st.integers(-1, 100),
    photodna=st.sampled_from([b"", b"d" * 144]),
    code=st.none() | TEXTS,
    victim_identified=st.sampled_from(Tri),
    baseline=st.sampled_from(Tri),
    series=TEXTS,
    size=st.integers(-1, 1 << 62),
    not_searched=st.lists(TEXTS, max_size=3).map(tuple),
    warnings=st.lists(TEXTS, max_size=3).map(tuple),
    said=st.text(st.characters(), max_size=40),
    changed=TEXTS,
)
SENT = (
    ROWS
    | st.builds(Withdrawal, at=PLACES, id=TEXTS, reference=st.none() | ROWS, changed=TEXTS)
    | st.builds(ListCase, at=PLACES, number=TEXTS, said=TEXTS)
    | st.builds(Family, at=PLACES, id=TEXTS, rows=st.integers(0, 1 << 40), changed=TEXTS)
)
HEAD = ListHead(format="vics", version="2.0", region="US", kind="media", scheme="us-vics", scheme_version="2.0")
ROW = Reference(At(1, 2, 3), md5=b"m" * 16, code="1")


@given(SENT)
def test_a_row_arrives_as_it_was_sent(row: Reference | Withdrawal | ListCase | Family) -> None:
    assert read_item(json.loads(json.dumps(item_of(row)))) == row
    assert read_item(item_of(row)) == row


def changed(**fields: object) -> list[Any]:
    names = ["sort", *Reference._fields]
    return [fields.get(name, value) for name, value in zip(names, item_of(ROW), strict=True)]


@pytest.mark.parametrize(
    "item",
    [
        [],
        ["r"],
        ["x", [1, 2, 3, ""]],
        ["c", [1, 2, 3, ""], 7, ""],
        ["c", None, "1", ""],
        ["w", [1, 2, 3, ""], None, 5, ""],
        ["f", [1, 2, 3, ""], "a", -1, ""],
        ["f", [1, 2, 3, ""], "a", True, ""],
        ["f", [1, 2, 3, ""], 7, 1, ""],
        changed(md5="zz" * 16),
        changed(md5="ab" * 15),
        changed(md5=7),
        changed(victim_identified=3),
        changed(series=1),
        changed(code=1),
        changed(size="1"),
        changed(warnings=[1]),
        changed(at=[1, 2]),
        changed(at=["1", 2, 3, ""]),
        [*item_of(ROW), ""],
    ],
)
def test_what_is_no_row_is_refused(item: list[Any]) -> None:
    with pytest.raises(Misuse, match="not a row of a list"):
        read_item(item)


def test_a_head_and_terms_arrive_as_they_were_sent() -> None:
    assert read_head(json.loads(json.dumps(head_line(HEAD)))) == HEAD
    terms = read_terms(Arguments({"level": "hit-no-hit", "code": "2", "provider": "", "retain_until_day": 0}))
    assert (terms.level, terms.code, terms.provider, terms.retain_until_day) == (Level.HIT_NO_HIT, "2", "", 0)
    nothing = read_terms(Arguments({}))
    assert (nothing.level, nothing.code, nothing.provider, nothing.retain_until_day) == (None,) * 4
    for wrong in ({"level": "shared"}, {"code": "4"}, {"provider": 1}, {"retain_until_day": "x"}):
        with pytest.raises(Misuse):
            read_terms(Arguments(wrong))


def test_a_category_has_its_label_beside_it_and_none_without_a_scheme() -> None:
    line = category_line("1", HEAD)
    assert line is not None
    assert (line["scheme"], line["version"], line["code"], line["label"]) == ("us-vics", "2.0", "1", "illegal")
    assert (line["baseline"], line["mapping"]) == (None, "no mapping")
    assert category_line("1", ListHead(format="csv")) is None
    assert category_line(None, HEAD) is None


def test_a_row_is_shown_with_its_place_and_what_applies() -> None:
    line = reference_line(ROW, HEAD)
    assert line["at"] == {"record": 1, "line": 2, "offset": 3}
    assert line["hashes"] == {"md5": "6d" * 16}
    assert (line["media_size"], line["series"], line["said"]) == (None, None, None)
    name = "5f0e1d2c-0000-4000-8000-000000000015"
    assert place_line(At(name=name)) == {"id": name, "uuid": name}
    assert place_line(At(name="7/x1")) == {"id": "7/x1"}
