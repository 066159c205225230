"""Checks a statement and its handling before signing, for plain validity and against the federation's policy.

Rules this module upholds:

- Every member stores a signed statement for years, so every command refuses an invalid one here.
- Only our own statements are checked so strictly. Statements of others are forwarded and shown unchanged.
- An error says which value is wrong and which values are known.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Final

from node.domain.consultations import Consultation
from node.domain.groups import Group
from node.domain.languages import is_language_tag
from node.domain.notices import Notice, NoticeDecision
from node.domain.record_links import RecordLink
from node.domain.roster import MemberStatus
from node.domain.statements import MAX_TAGS, MAX_TEXT, Comment, Contribution, Opinion
from node.domain.texts import MAX_MARKS, too_many_marks
from node.domain.watches import Watch, WatchReply
from node.errors import Misuse, Refused

if TYPE_CHECKING:
    from node.domain.handling import Handling
    from node.domain.ids import MemberId
    from node.domain.roster import Policy, Roster
    from node.domain.statements import Category, Statement

MAX_WORD: Final = 128
"""Most characters of a tag: what every reader accepts."""
MAX_PHRASE: Final = 500
"""Most characters of a subject, an officer's role, a case reference or a legal basis."""
_NAMED: Final = 40
"""Most known values that an error names."""
_BREAKS: Final = "\n\t"
"""Control characters that a text of several lines may contain."""
_NO_TEXT: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Unicode categories that no word or text contains: control characters, halves of surrogate pairs, line separators."""
_STEERING: Final = frozenset(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A))))
"""Marks that change the direction of the following text: they can make one word look like another."""


def check_statement(statement: Statement, policy: Policy) -> None:
    """Raises `Misuse` for an invalid text, tag or language, `Refused` for a category that the policy does not know."""
    match statement:
        case Contribution():
            _check_word(statement.series, "the series", MAX_TEXT)
            _check_tags(statement.tags)
            check_language(statement.language)
            check_category(statement.category, policy)
        case Opinion():
            check_text(statement.note, "the note")
            check_category(statement.category, policy)
        case Comment():
            if not statement.text.strip():
                raise Misuse("the comment is empty", remedy="give its text")
            check_text(statement.text, "the comment")
            check_language(statement.language)
        case _:
            _check_cooperation(statement)


def _check_cooperation(statement: Statement) -> None:
    match statement:
        case RecordLink():
            check_text(statement.note, "the note")
            check_language(statement.language)
        case Consultation():
            _check_word(statement.subject, "the subject", MAX_PHRASE)
            check_text(statement.text, "the message")
            check_language(statement.language)
        case Watch():
            _check_word(statement.officer_role, "the officer's role", MAX_PHRASE)
            _check_word(statement.case_reference, "the case reference", MAX_PHRASE)
            _check_word(statement.legal_basis, "the legal basis", MAX_PHRASE)
        case WatchReply() | NoticeDecision():
            check_text(statement.reason, "the reason")
        case Notice():
            _check_word(statement.reference, "the reference of the notice", MAX_WORD)
        case Group():
            _check_word(statement.name, "the name of the group", MAX_WORD)
            check_text(statement.purpose, "the purpose of the group")
        case _:
            pass


def check_language(language: str) -> None:
    """Raises `Misuse` for an invalid language tag; "" is permitted and says nothing."""
    if language and not is_language_tag(language):
        raise Misuse(
            f"{language[:40]!r} is not a language tag (BCP 47)", remedy="give a tag such as fr, pt-BR or zh-Hans"
        )


def check_category(category: Category | None, policy: Policy) -> None:
    """Raises `Refused` if the policy names schemes and this is not one of them, or has no such code; `Misuse` for a
    part that is not a word.
    """
    if category is None:
        return
    for part in (category.scheme, category.version, category.code):
        _check_word(part, "a part of the category", MAX_WORD)
    schemes = {(each.scheme, each.version): each.codes for each in policy.schemes}
    known = schemes.get((category.scheme, category.version))
    if schemes and known is None:
        raise Refused(
            f"the federation's policy has no category scheme {category.scheme}:{category.version}",
            remedy="its schemes: " + _named([f"{scheme}:{version}" for scheme, version in schemes]),
        )
    if known and category.code not in known:
        raise Refused(
            f"the scheme {category.scheme}:{category.version} has no category {category.code!r}",
            remedy="its categories: " + _named(known),
        )


def check_audience(handling: Handling, roster: Roster, before: Handling | None = None) -> None:
    """Raises `Misuse` for an empty audience, a member named twice, or an unknown member. The members in `before` were
    members when it was signed.
    """
    audience = handling.audience
    if audience is None:
        return
    if not audience or len(set(audience)) != len(audience):
        raise Misuse("an audience names each member once, and at least one", remedy="or say: everyone")
    members = [m.id for m in roster.members.values() if m.status is not MemberStatus.LEFT]
    earlier: tuple[MemberId, ...] = (before.audience or ()) if before else ()
    unknown = [member for member in audience if member not in members and member not in earlier]
    if unknown:
        raise Misuse(
            f"the audience names {', '.join(unknown)}: not a member of this federation",
            remedy="its members: " + _named(sorted(members)),
        )


def _named(values: list[str] | tuple[str, ...]) -> str:
    more = f" and {len(values) - _NAMED} more" if len(values) > _NAMED else ""
    return ", ".join(values[:_NAMED]) + more


def _check_tags(tags: tuple[str, ...]) -> None:
    if len(tags) > MAX_TAGS:
        raise Misuse(f"a record has at most {MAX_TAGS} tags, and {len(tags)} were given")
    for tag in tags:
        if not tag.strip():
            raise Misuse("a tag is empty", remedy="leave it out")
        _check_word(tag, "a tag", MAX_WORD)
    if len(set(tags)) != len(tags):
        raise Misuse("a tag is given twice")


def _check_word(text: str, what: str, limit: int) -> None:
    _check(text, what, limit, "")
    if text != text.strip() or not _STEERING.isdisjoint(text):
        raise Misuse(f"{what} begins or ends with a space, or holds marks that turn the direction of text")


def check_text(text: str, what: str) -> None:
    """Raises `Misuse` for a text of several lines that is too long, or cannot be shown. `what`: its name."""
    _check(text, what, MAX_TEXT, _BREAKS)


def _check(text: str, what: str, limit: int, breaks: str) -> None:
    if len(text) > limit:
        raise Misuse(f"{what} has {len(text):,} characters; at most {limit:,} fit", remedy="shorten it")
    if too_many_marks(text):
        raise Misuse(f"{what} has more than {MAX_MARKS} combining marks in a row", remedy="type it again without them")
    for place, each in enumerate(text, 1):
        if each not in breaks and unicodedata.category(each) in _NO_TEXT:
            raise Misuse(
                f"{what} holds a character that cannot be shown (U+{ord(each):04X}, number {place})",
                remedy="type it again without control characters",
            )
