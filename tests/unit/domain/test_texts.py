"""One rule for every text of one line, and one for how any text is shown."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.domain.ids import MemberId
from node.domain.texts import MAX_MARKS, check_untaken, checked_text, shown, signed_text, skeleton, too_many_marks
from node.errors import Malformed, Misuse, Refused

FR, JP, DE = MemberId("FR"), MemberId("JP"), MemberId("DE")
SOUND = [
    "Police nationale",
    "\u8b66\u8996\u5e81",
    "\u0428\u0435\u0432\u0447\u0435\u043d\u043a\u043e",
    "C\u00f4te d\u2019Ivoire",
    "\u05e9\u05c1\u05b8\u05bc\u05dc\u05d5\u05b9\u05dd",  # pointed Hebrew: four marks on one letter
    "Vi\u0065\u0323\u0302t Nam",  # two marks, taken apart
]
FAULTY = [
    "",
    "x" * 101,
    " padded",
    "padded ",
    "two\nlines",
    "escape \x1b[2J",
    "a null \0",
    "turned \u202e round",
    "a line separator \u2028",
    "half a pair \ud800",
    "e" + "\u0301" * (MAX_MARKS + 1),
    "\u0301 a mark on nothing",
]


@pytest.mark.parametrize("text", SOUND)
def test_names_of_any_language_are_taken(text: str) -> None:
    assert checked_text(text, 100, "a name") == text
    assert shown(text) == text


@pytest.mark.parametrize("text", FAULTY)
def test_what_breaks_a_line_or_a_terminal_is_refused_with_a_remedy(text: str) -> None:
    for error in (Malformed, Misuse):
        with pytest.raises(error) as caught:
            checked_text(text, 100, "a name", error)
        assert caught.value.remedy
        assert str(caught.value).isprintable()


@given(st.text())
def test_whatever_is_shown_is_printable_bounded_and_shown_again_as_it_is(text: str) -> None:
    once = shown(text)
    assert once.isprintable()
    assert len(once) <= 10 * len(text)  # \U000e0041
    assert shown(once) == once


def test_what_was_signed_with_too_many_marks_is_read_and_shown_as_a_few() -> None:
    """Refusing it would refuse the whole list of members."""
    marked = "e" + "\u0301" * 90
    assert signed_text(marked, 100, "a name") == marked
    assert len(shown(marked)) == MAX_MARKS + 2
    for text in ("", "x" * 101, "two\nlines", "escape \x1b[2J", "turned \u202e round"):
        with pytest.raises(Malformed):
            signed_text(text, 100, "a name")


def test_thousands_of_marks_are_shown_as_a_few() -> None:
    assert len(shown("a" + "\u0301" * 5_000 + "b")) == MAX_MARKS + 3


@given(st.text(st.characters(categories=["L", "M", "N", "Zs"]), max_size=40))
def test_the_form_in_which_a_text_came_makes_no_other_name(text: str) -> None:
    forms = {skeleton(unicodedata.normalize(form, text)) for form in ("NFC", "NFD")}
    assert len(forms) == 1


@pytest.mark.parametrize(
    "name",
    [
        "police nationale",
        "POLICE  NATIONALE",
        "P\u043el\u0456ce Nationale",
        "\uff30olice\u3000Nationale",
        "Po1ice-Nationale",
    ],
)
def test_names_that_look_alike_are_one_name(name: str) -> None:
    with pytest.raises(Refused, match="FR"):
        check_untaken(name, {FR: "Police nationale", DE: "Bundeskriminalamt"}, JP)
    check_untaken(name, {FR: "Police nationale"}, FR)


def test_an_id_of_another_member_is_no_name_and_neither_is_a_dash() -> None:
    for name in ("fr", "F.R.", "-"):
        with pytest.raises(Refused):
            check_untaken(name, {FR: "Police nationale"}, JP)
    check_untaken("Keisatsuch\u014d", {FR: "Police nationale"}, JP)


def test_two_countries_whose_ids_look_alike_are_both_members() -> None:
    for own, other in (("AL", "AI"), ("SI", "SL"), ("IL", "LI")):
        check_untaken(own, {MemberId(other): other}, MemberId(own))
        with pytest.raises(Refused):
            check_untaken(other, {MemberId(other): "Police"}, MemberId(own))


def test_a_plain_text_has_no_marks_too_many() -> None:
    assert not too_many_marks("")
    assert not too_many_marks("plain")
