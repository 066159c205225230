"""A word of the daemon as a text for people, in the officer's language.

Rules this module upholds:

- A word of the daemon that the vocabulary does not have is shown as it is: it is a name, or of a newer version.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from node.desk.vocabulary import PLACES, WORDS

if TYPE_CHECKING:
    from node.desk.languages import Language


def word(language: Language, value: object, kind: str = "") -> str:
    """The text of a word of this kind; without a kind, of the first kind that has it."""
    text = str(value)
    for name in (kind,) if kind else WORDS:
        if text in WORDS[name] and (kind or not text.isdecimal()):
            return language.pgettext(name, WORDS[name][text])
    return text


def kind_of_place(name: str, value: str) -> str:
    """The kind of word that stands in a message's place of this name; "" if the value is no such word."""
    kind = PLACES.get(name, "")
    return kind if kind and value in WORDS[kind] else ""
