"""The catalogues are what the source says, and complete: no page of the desk shows half of a language."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from node.desk.languages import LANGUAGES, MESSAGES, PAGES, choose
from node.domain.messages import code_of, escape
from node.errors import Refused
from tests.catalogues import catalogue_files

if TYPE_CHECKING:
    from collections.abc import Sequence

FORMS = {"fr": 3, "es": 3, "ar": 6}
_PLACE = re.compile(r"%\([a-z_]+\)[sd]|%%|\{[a-z_][a-z0-9_]*\}|<[^>]+>|`[^`]+`")


def _forms(text: str | Sequence[str] | None) -> tuple[str, ...]:
    """A text as its plural forms; a text without a plural is one form."""
    return (text,) if isinstance(text, str) else tuple(text or ())


def _places(text: str) -> list[str]:
    """The placeholders, marks and commands in a text, in sorted order."""
    return sorted(each.group() for each in _PLACE.finditer(text))


def test_every_file_is_what_the_source_says_now() -> None:
    """`make catalogues` brings them up to date."""
    old = [path for path, content in catalogue_files.files() if path.read_bytes() != content]
    assert old == []


@pytest.mark.parametrize("code", catalogue_files.TRANSLATED)
@pytest.mark.parametrize("name", [PAGES, MESSAGES])
def test_every_text_is_translated(code: str, name: str) -> None:
    assert list(catalogue_files.untranslated(catalogue_files.read(code, name))) == []


@pytest.mark.parametrize("code", catalogue_files.TRANSLATED)
@pytest.mark.parametrize("name", [PAGES, MESSAGES])
def test_no_translation_is_a_guess_and_each_keeps_its_places(code: str, name: str) -> None:
    for each in catalogue_files.read(code, name):
        if not each.id:
            continue
        assert not each.fuzzy
        ids = _forms(each.id)
        strings = _forms(each.string)
        if isinstance(each.id, tuple):
            assert len(strings) == FORMS[code]
        # The forms for no, one and two things may say the number in words.
        for string in strings[3:] if isinstance(each.id, tuple) and code == "ar" else strings:
            if string:
                assert _places(string) == _places(ids[-1]), (ids, string)


@pytest.mark.parametrize(
    ("code", "number", "text"),
    [
        ("fr", 0, "0 concordance"),
        ("fr", 1, "1 concordance"),
        ("fr", 2, "2 concordances"),
        ("es", 0, "0 coincidencias"),
        ("es", 1, "1 coincidencia"),
        ("ar", 0, "لا تطابق"),
        ("ar", 1, "تطابق واحد"),
        ("ar", 2, "تطابقان"),
        ("ar", 3, "3 تطابقات"),
        ("ar", 11, "11 تطابقًا"),
        ("ar", 100, "100 تطابق"),
    ],
)
def test_the_plural_forms_are_those_of_the_language(code: str, number: int, text: str) -> None:
    """Arabic has six (CLDR, "Language Plural Rules")."""
    assert LANGUAGES[code].ngettext("%(n)s hit", "%(n)s hits", number) % {"n": number} == text


@pytest.mark.parametrize(
    ("cookie", "accept", "code"),
    [
        ("", "", "en"),
        ("fr", "es", "fr"),
        ("xx", "es", "es"),
        ("", "de, fr;q=0.5, ar;q=0.9", "ar"),
        ("", "pt-BR, es-MX;q=0.8", "es"),
        ("", "AR-eg", "ar"),
        ("", "fr;q=0, es;q=x", "en"),
        ("", "," * 5_000, "en"),
    ],
)
def test_a_browser_gets_the_chosen_language_or_the_best_it_asks_for(cookie: str, accept: str, code: str) -> None:
    assert choose(cookie, accept).code == code


def test_a_message_that_is_not_translated_is_shown_as_it_is() -> None:
    error = Refused("a text that no catalogue has", remedy="another one")
    for language in LANGUAGES.values():
        assert language.message(error) == str(error)
        assert language.remedy(error) == error.remedy


def test_the_code_of_a_template_is_stable() -> None:
    assert code_of("this case has no note {number}") == code_of("this case has no note {number}")
    assert escape("{x}") == "{{x}}"


def test_right_to_left_is_said_of_arabic_alone() -> None:
    assert {code for code, each in LANGUAGES.items() if each.direction == "rtl"} == {"ar"}
