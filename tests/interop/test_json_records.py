"""JSON documents of any size: every record, its text and its place, and how a document is broken or cut."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.domain.references import TOO_DEEP
from node.interop.json_records import INCOMPLETE, MAX_DEPTH, MAX_VALUE, MORE, NOT_JSON, JsonReader, pairs_of
from node.interop.json_text import BLOCK, CutShort
from node.interop.reading import Broken

CODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be")
SPACES = ("", " ", "\n", "\r\n", "\t\n  ")
SURROGATES = st.characters(exclude_categories=["Cs"])
texts = st.text(SURROGATES, max_size=12)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


def chunked(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


def reader(data: bytes, size: int = BLOCK) -> JsonReader:
    return JsonReader(chunked(data, size))


def elements(data: bytes, size: int = BLOCK) -> list[tuple[Any, str, int, int]]:
    """Every element of the list that the document is."""
    walked = reader(data, size)
    found = [tuple(each) for each in walked.elements()]
    walked.end()
    return found


@given(
    st.lists(values, max_size=6), st.sampled_from(SPACES), st.sampled_from(SPACES), st.sampled_from(CODINGS), st.data()
)
def test_every_element_comes_with_its_text_and_place(
    items: list[Any], before: str, after: str, coding: str, data: st.DataObject
) -> None:
    spelt = [json.dumps(each, ensure_ascii=False) for each in items]
    document = after + "[" + before + (after + "," + before).join(spelt) + "]" + before
    raw = document.encode(coding)
    size = data.draw(st.integers(1, len(raw)))
    found = elements(raw, size)
    assert [each[0] for each in found] == items
    assert [each[1] for each in found] == spelt
    plain = coding.removesuffix("-sig") if coding.endswith("sig") else coding
    plain = {"utf-16": "utf-16-le", "utf-32": "utf-32-le"}.get(plain, plain)
    for _, said, line, offset in found:
        assert raw[offset:].startswith(said.encode(plain))
        passed = raw[:offset].decode(coding)
        assert line == passed.count("\n") + 1


def test_many_records_over_many_blocks_keep_their_places() -> None:
    records = [{"n": n, "t": "é" * (n % 7), "u": "x" * (n % 501)} for n in range(6_000)]
    for between in (",", ",\n", " ,\r\n "):
        raw = ("[\n" + between.join(json.dumps(each, ensure_ascii=False) for each in records) + "]").encode()
        found = elements(raw, 1_000_000)
        assert [each[0] for each in found] == records
        for _, said, line, offset in found[::97]:
            assert raw[offset : offset + len(said.encode())] == said.encode()
            assert line == raw[:offset].count(b"\n") + 1
        assert found == elements(raw, 4_099)


DOCUMENT = '[{"a": [1.5e+7, -3, true], "b": {"c": "\\u00e9\\ud83d\\ude00 é\\n"}}, false, null, "x", {"d": 12.25}]'


def walked(data: bytes) -> tuple[list[Any], str]:
    """(The elements before it ends, how it ends)."""
    taken: list[Any] = []
    source = reader(data)
    try:
        taken.extend(each.value for each in source.elements())
        source.end()
    except CutShort:
        return taken, "cut"
    except Broken as error:
        return taken, error.reason
    return taken, "whole"


@pytest.mark.parametrize("coding", CODINGS)
def test_a_document_that_is_cut_anywhere_is_cut_and_not_broken(coding: str) -> None:
    raw, whole = DOCUMENT.encode(coding), json.loads(DOCUMENT)
    # Fewer bytes do not tell the coding.
    for end in range(0 if coding == "utf-8" else 4, len(raw)):
        taken, how = walked(raw[:end])
        assert how == "cut", end
        assert taken == whole[: len(taken)]
    assert walked(raw) == (whole, "whole")


@pytest.mark.parametrize(
    ("document", "offset", "reason"),
    [
        ("[1, NaN]", 4, NOT_JSON),
        ('["NaN", {"a": -Infinity}]', 14, NOT_JSON),
        ("[Infinity]", 1, NOT_JSON),
        ("[1,]", 3, NOT_JSON),
        ("[1 2]", 3, NOT_JSON),
        ("[,1]", 1, NOT_JSON),
        ("[1}", 2, NOT_JSON),
        ('{"a": 1}', 0, NOT_JSON),
        ('[{"a": 1,}]', 9, NOT_JSON),
        ("[{'a': 1}]", 2, NOT_JSON),
        ('["a\tb"]', 3, NOT_JSON),
        ('["\\x"]', 2, NOT_JSON),
        ("[01]", 2, NOT_JSON),
        ("[1] [2]", 4, MORE),
        ("[1]\0", 3, MORE),
        ("[tru", 1, "cut"),
        ("[trx", 1, NOT_JSON),
        ("[1 t", 3, NOT_JSON),
        ('["a".', 4, NOT_JSON),
        ("x", 0, NOT_JSON),
        ("", 0, "cut"),
        ("[] \n", 0, "whole"),
        ("[" * 100_000, 1, TOO_DEEP),
        ("[" + '{"a":' * 100_000, 1, TOO_DEEP),
        ("[" + "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1) + "]", 1, TOO_DEEP),
        ("[" + "[" * MAX_DEPTH + "]" * MAX_DEPTH + "]", 1, "whole"),
        ('["' + "[" * 500 + '"]', 1, "whole"),
    ],
)
def test_what_breaks_a_document(document: str, offset: int, reason: str) -> None:
    assert walked(document.encode())[1] == reason
    if reason in ("cut", "whole"):
        return
    # Where more text follows, it is found before the end of the file is reached.
    for more in ("", " " * 40):
        with pytest.raises(Broken) as caught:
            _end(reader((document + more).encode()))
        assert (caught.value.at.line, caught.value.at.offset, caught.value.reason) == (1, offset, reason)


def _end(source: JsonReader) -> None:
    for _ in source.elements():
        pass
    source.end()


def test_a_literal_is_not_cut_where_text_follows() -> None:
    assert walked(b"[tru" + b" " * 40)[1] == NOT_JSON


def test_bytes_that_are_no_text_break_the_document_where_they_stand() -> None:
    for raw, offset in (
        (b'[1, "\xff"]', 5),
        (b'["a", "\xc3("]', 7),
        ('["\n'.encode("utf-16-le") + b"\x00\xd8\x00\x00", 6),
    ):
        with pytest.raises(Broken) as caught:
            elements(raw, 3)
        assert caught.value.at.offset == offset
    assert walked(b'[1, "\xc3')[1] == "cut"
    assert walked(b"[1]\xc3")[1] == MORE


def test_digits_without_end_are_a_text_and_no_crash() -> None:
    digits = "9" * 10_000
    found = elements(f'[{{"a": {digits}, "b": 1}}, {{"a": -{digits}}}, 7, {{"c": 8}}]'.encode())
    assert [each[0] for each in found] == [{"a": digits, "b": 1}, {"a": f"-{digits}"}, 7, {"c": 8}]
    assert [json.loads(each[1]) for each in found] == [each[0] for each in found]
    assert found[3][2:] == (1, 20_031)


def test_a_name_that_stands_twice_is_not_lost() -> None:
    (found,) = reader(b'[{"a": 1, "a": {"b": []}}]').elements()
    assert found.value == {"a": {"b": []}}
    assert pairs_of(found.said) == (("a", 1), ("a", (("b", []),)))


def test_what_is_larger_than_the_window_is_left_to_whoever_asks() -> None:
    large = json.dumps({"list": list(range(200_000))})
    raw = f'[{{"a":1}},{{"b":2}},\n{large},{{"c":3}}]'.encode()
    assert len(large) > BLOCK
    source, found = reader(raw, 1_000), []
    for each in source.elements(BLOCK):
        found.append(each.value)
        if each.value is INCOMPLETE:
            assert (each.line, each.offset) == (2, raw.index(b"\n") + 1)
            for name, _ in source.members():
                assert name == "list"
                assert [number.value for number in source.elements()] == list(range(200_000))
    assert found == [{"a": 1}, {"b": 2}, INCOMPLETE, {"c": 3}]
    assert len(elements(raw)) == 4


def test_a_value_without_end_is_refused_before_it_fills_the_memory() -> None:
    sizes: list[int] = []

    def endless() -> Any:
        yield b'["'
        for _ in range(1_000):
            sizes.append(1)
            yield b"a" * 100_000

    with pytest.raises(Broken, match="more than 8 MiB"):
        list(JsonReader(endless()).elements())
    assert len(sizes) * 100_000 < 3 * MAX_VALUE


def test_members_are_walked_in_any_shape() -> None:
    source = reader(b' {"a" : [1, 2] , "b":{"c":3},\n"d": [], "e": {}}\n')
    seen = []
    for name, said in source.members():
        assert said == f'"{name}"'
        seen.append((name, source.here().line, source.value()))
    source.end()
    assert seen == [
        ("a", 1, ([1, 2], "[1, 2]")),
        ("b", 1, ({"c": 3}, '{"c":3}')),
        ("d", 2, ([], "[]")),
        ("e", 2, ({}, "{}")),
    ]


def test_an_element_is_walked_again_at_its_place() -> None:
    source = reader('[{"é":\n [{"x": 1},\n {"y": "é"}]}]'.encode("utf-16"))
    (whole,) = source.elements()
    inner = source.within(whole)
    names: list[str] = []
    places: list[tuple[int, int]] = []
    for name, _ in inner.members():
        names.append(name)
        places.extend((each.line, each.offset) for each in inner.elements())
    assert names == ["é"]
    assert places == [(2, 2 + 2 * 9), (3, 2 + 2 * 20)]
