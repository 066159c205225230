"""A file is told by its content, and what nobody recognises is refused."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.interop.formats import FORMATS, IN_ORDER, format_of
from node.interop.json_heads import json_head
from node.interop.reading import HEAD_BYTES, Unwelcome


def test_each_format_has_a_name_of_its_own() -> None:
    names = [each.name for each in IN_ORDER]
    assert len(set(names)) == len(names)
    assert set(names) <= set(FORMATS)
    assert all(name == name.lower() and each.title for name, each in FORMATS.items())


def test_what_nobody_recognises_is_refused_with_the_names_of_formats() -> None:
    with pytest.raises(Unwelcome, match="not recognised") as caught:
        format_of(b'{"made": "up"}')
    assert "--as FORMAT" in caught.value.remedy
    assert all(each.name in caught.value.remedy for each in IN_ORDER)


@given(
    st.one_of(st.binary(max_size=200), st.text(max_size=200).map(lambda text: f'{{"{text}'.encode("utf-8", "ignore")))
)
def test_recognising_never_raises_anything_else(head: bytes) -> None:
    for each in IN_ORDER:
        assert each.recognise(head) in (True, False)
    with contextlib.suppress(Unwelcome):
        format_of(head)


@pytest.mark.parametrize(
    "head",
    [b'"' * HEAD_BYTES, b'{"\\"' * (HEAD_BYTES // 4), b"[" * HEAD_BYTES, b'{"a":' * 10_000],
    ids=["marks", "escaped marks", "brackets", "objects"],
)
def test_a_head_that_is_made_to_be_slow_is_read_at_once(head: bytes) -> None:
    """These would take minutes if each quotation mark began a new search to the end."""
    for each in IN_ORDER:
        each.recognise(head)


def test_names_and_texts_are_told_by_their_level() -> None:
    shape = json_head(b'{"a": "x", "b": [{"c": "y", "d": {"e": ["z", {"f": 1}]}}], "type": "bundle"')
    assert shape.opening == "{"
    assert shape.has(1, "a")
    assert shape.has(3, "c")
    assert not shape.has(1, "c", "e")
    assert shape.says(1, "type") == {"bundle"}
    assert shape.says(3, "c") == {"y"}


@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32"])
def test_a_head_is_told_in_each_coding_of_json(coding: str) -> None:
    data = '  {"hashRecords": [{"hashValue": "é"}]}'.encode(coding)
    for size in range(len(data) - 4, len(data) + 1):
        assert format_of(data[:size]).name == "stopncii"
