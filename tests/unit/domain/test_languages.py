"""Language tags: the examples of RFC 5646 itself (sections 2.2 and 2.2.9, appendix A), and what people mistype."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.domain.languages import is_language_tag

APPENDIX_A = [
    "de",
    "fr",
    "ja",
    "i-enochian",
    "zh-Hant",
    "zh-Hans",
    "sr-Cyrl",
    "sr-Latn",
    "zh-cmn-Hans-CN",
    "cmn-Hans-CN",
    "zh-yue-HK",
    "yue-HK",
    "zh-Hans-CN",
    "sr-Latn-RS",
    "sl-rozaj",
    "sl-rozaj-biske",
    "sl-nedis",
    "de-CH-1901",
    "sl-IT-nedis",
    "hy-Latn-IT-arevela",
    "de-DE",
    "en-US",
    "es-419",
    "de-CH-x-phonebk",
    "az-Arab-x-AZE-derbend",
    "x-whatever",
    "qaa-Qaaa-QM-x-southern",
    "de-Qaaa",
    "sr-Latn-QM",
    "sr-Qaaa-RS",
    "en-US-u-islamcal",
    "zh-CN-a-myext-x-private",
    "en-a-myext-b-another",
]
GRANDFATHERED = [
    "en-GB-oed",
    "i-default",
    "i-klingon",
    "sgn-BE-FR",
    "art-lojban",
    "zh-min-nan",
    "no-bok",
    "cel-gaulish",
]
APPENDIX_A_WRONG = ["de-419-DE", "a-DE", "ar-a-aaa-b-bbb-a-ccc"]
MISTYPED = [
    *["xx_YY", "fr-", "-fr", "1", "f", "fr--FR", "français", "zh-Hans-Hant", "en-US-GB", "en-x", "en-a", "x", "FRANCE"],
    "",
    "fr FR",
    "fr\n",
]
REPEATED = ["de-DE-1901-1901", "sl-rozaj-rozaj", "en-a-bbb-a-ccc"]


@pytest.mark.parametrize("tag", [*APPENDIX_A, *GRANDFATHERED])
def test_a_well_formed_tag_is_one_in_any_case_of_letters(tag: str) -> None:
    assert all(map(is_language_tag, (tag, tag.upper(), tag.lower())))


@pytest.mark.parametrize("tag", [*APPENDIX_A_WRONG, *MISTYPED, *REPEATED])
def test_what_is_not_well_formed_is_none(tag: str) -> None:
    assert not is_language_tag(tag)


@pytest.mark.parametrize("word", ["english", "French", "deutsch", "espa"])
def test_the_name_of_a_language_is_no_tag_though_the_grammar_reserves_its_length(word: str) -> None:
    assert not is_language_tag(word)


@given(st.text(max_size=200))
def test_no_text_breaks_the_reader(text: str) -> None:
    assert is_language_tag(text) in {True, False}


@given(st.from_regex(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?", fullmatch=True))
def test_language_script_and_region_make_a_tag(tag: str) -> None:
    assert is_language_tag(tag)
