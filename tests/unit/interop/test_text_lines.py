"""Lines of text and their places: the byte of each line is exact, in every coding and however the file is cut."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.interop.text_coding import coding_of, legible
from node.interop.text_lines import placed_lines

MARKED = ("utf-8", "utf-8-sig", "utf-16", "utf-32")
texts = st.text(st.sampled_from([*"abc;#\r\n", "\n", "\N{EURO SIGN}", "\U0001f600", "\N{NEXT LINE}"]), max_size=40)


@given(texts, st.sampled_from(MARKED), st.integers(1, 9))
def test_the_bytes_from_one_line_to_the_next_are_the_line(text: str, coding: str, size: int) -> None:
    data = text.encode(coding)
    name = coding_of(data).name
    lines = list(placed_lines([data[at : at + size] for at in range(0, len(data), size)], lambda _: False))
    for line, after in pairwise(lines):
        assert line.text is not None
        assert data[line.offset : after.offset].decode(name).rstrip("\r\n") == line.text
        assert after.number == line.number + 1
    if lines:
        assert lines[0].offset == len(coding_of(data).mark)
        assert data[lines[-1].offset :].decode(name).rstrip("\r\n") == lines[-1].text
        assert lines[-1].ended == text.endswith(("\r", "\n"))
    assert "".join(line.text or "" for line in lines) == text.replace("\r", "").replace("\n", "")


@given(st.binary(max_size=40), st.integers(1, 9))
def test_bytes_that_are_no_utf8_have_places_too(data: bytes, size: int) -> None:
    raw = b"0" + data.replace(b"\0", b"\xff")  # no mark, no UTF-16
    lines = list(placed_lines([raw[at : at + size] for at in range(0, len(raw), size)], lambda _: False))
    for line, after in pairwise(lines):
        assert line.text is not None
        assert raw[line.offset : after.offset].rstrip(b"\r\n") == line.text.encode("utf-8", "surrogateescape")


@pytest.mark.parametrize("size", [1, 7, 1_000])
def test_a_line_that_is_too_long_has_its_place_and_so_have_the_next(size: int) -> None:
    data = b"a\n" + b"x" * 500 + b"\nb\n" + b"y" * 500
    lines = list(placed_lines([data[at : at + size] for at in range(0, len(data), size)], lambda _: False, 100))
    assert [(line.number, line.offset, line.text) for line in lines] == [
        (1, 0, "a"),
        (2, 2, None),
        (3, 503, "b"),
        (4, 505, None),
    ]


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"", "utf-8"),
        (b"abcd", "utf-8"),
        (b"a\0b\0c\0d\0", "utf-16-le"),
        (b"\0a\0b\0c\0d", "utf-16-be"),
        (b"a\0b\0c\0\0\0", "utf-8"),
        (b"a\0", "utf-8"),
        (b"\xff\xfea\0", "utf-16-le"),
        (b"\xff\xfe\0\0a\0\0\0", "utf-32-le"),
        (b"\xfe\xff\0a", "utf-16-be"),
        (b"\xef\xbb\xbfa", "utf-8"),
    ],
)
def test_the_first_bytes_tell_the_coding(data: bytes, name: str) -> None:
    assert coding_of(data).name == name


@given(st.binary(max_size=30))
def test_what_is_made_legible_can_be_stored_and_only_bytes_change(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    shown = legible(text)
    shown.encode()
    assert len(shown) == len(text)
    assert all(new == old for new, old in zip(shown, text, strict=True) if not "\udc80" <= old <= "\udcff")
