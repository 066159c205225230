"""The vocabulary of the desk has every word of the domain's fixed lists: none is shown as its raw name."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

import pytest

from node.desk.languages import LANGUAGES
from node.desk.vocabulary import PLACES, WORDS
from node.desk.words import kind_of_place, word
from node.domain.alerts import AlertKind
from node.domain.caller import Role
from node.domain.case_events import CaseEventKind
from node.domain.case_files import CaseStatus
from node.domain.handling import CODES, PURPOSES
from node.domain.queries import Level, Outcome
from node.domain.record_links import Certainty, Relation
from node.domain.reviews import ReviewState
from node.domain.statements import Reason, Verdict


def values(kinds: Iterable[Enum]) -> set[str]:
    """The words of a list of texts."""
    return {str(each.value) for each in kinds}


def names(kinds: Iterable[Enum]) -> set[str]:
    """The words of a list of numbers, as lines spell them."""
    return {each.name.lower().replace("_", "-") for each in kinds}


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("role", values(Role)),
        ("outcome", values(Outcome)),
        ("alert", values(AlertKind)),
        ("case-status", values(CaseStatus)),
        ("case-event", values(CaseEventKind)),
        ("review", names(ReviewState)),
        ("relation", names(Relation)),
        ("certainty", names(Certainty)),
        ("opinion", names(Verdict)),
        ("retraction-reason", names(Reason)),
        ("level", {each.spelled for each in Level}),
        ("purpose", set(PURPOSES)),
        ("handling-code", set(CODES)),
    ],
)
def test_the_words_of_a_kind_are_those_of_the_domain(kind: str, expected: set[str]) -> None:
    assert set(WORDS[kind]) == expected


def test_a_word_that_nobody_knows_is_shown_as_it_is() -> None:
    for language in LANGUAGES.values():
        assert word(language, "of a newer version", "outcome") == "of a newer version"


def test_a_word_in_a_message_has_the_kind_of_its_place() -> None:
    assert set(PLACES.values()) <= WORDS.keys()
    assert kind_of_place("role", "auditor") == "role"
    assert (kind_of_place("role", "Anna"), kind_of_place("name", "auditor")) == ("", "")
