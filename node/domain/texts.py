"""Texts for people: which names and reasons are accepted, and how any text is shown.

Rules this module upholds:

- One rule for every one-line text: only printable characters, no surrounding space, and no more combining marks on one
  letter than a language has. A text that breaks the rule is refused where it is typed or first accepted.
- Text that was signed before it was checked (a comment in a member's log) is stored unchanged, and only shown by
  `shown`.
- Two names that a person confuses are one name (`skeleton`): upper and lower case, width, marks, spaces and similar
  letters do not distinguish two members.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Final

from node.domain.lookalikes import ASCII, LOOKALIKES
from node.errors import Malformed, Misuse, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from node.domain.ids import MemberId

MAX_MARKS: Final = 6
"""Combining marks in a row. Vietnamese has two on a letter, pointed Hebrew four, Tibetan stacks some more."""
_BYTES: Final = 0xDC00
_FIRST_BYTE: Final = _BYTES + 0x80
_LAST_BYTE: Final = _BYTES + 0xFF
"""How Python represents a byte of a file name that is not UTF-8 (PEP 383)."""
_REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"
_MARKS: Final = frozenset({"Mn", "Me"})
_PAIRS: Final = (("rn", "m"), ("vv", "w"))


def checked_text(text: str, most: int, what: str, error: type[Malformed | Misuse] = Malformed) -> str:
    """`text`, if it is one printable line of 1 to `most` characters. Raises `error` (`Misuse` for typed text), which
    says what is wrong.

    `what`: the name of the text in the message.
    """
    if not 1 <= len(text) <= most:
        raise error(f"{what} has 1 to {most} characters, not {len(text):,}", remedy="shorten it, or type it again")
    if text != text.strip():
        raise error(f"{what} begins or ends with a space", remedy="leave the space out")
    at = _unprintable(text)
    if at:
        raise error(
            f"{what} holds a character that cannot be shown (U+{ord(text[at - 1]):04X}, number {at})",
            remedy="type it again on one line, without control characters",
        )
    if too_many_marks(text):
        raise error(f"{what} has more than {MAX_MARKS} combining marks in a row", remedy="type it again without them")
    return text


def signed_text(text: str, most: int, what: str) -> str:
    """The same for a text that was signed before it is checked here. A text that is not one line is refused; a text
    that only exceeds a limit is left to `shown`. Raises `Malformed`.
    """
    if not 1 <= len(text) <= most or not text.isprintable():
        raise Malformed(f"{what} is one printable line of at most {most} characters")
    return text


def _unprintable(text: str) -> int:
    """The number of the first unprintable character, counted from 1; 0 if there is none."""
    if text.isprintable():
        return 0
    return next(number for number, each in enumerate(text, 1) if not each.isprintable())


def too_many_marks(text: str) -> bool:
    """Whether there are more combining marks in a row than any language has, or one with nothing before it."""
    if text.isascii():
        return False
    marks = MAX_MARKS if unicodedata.category(text[0]) in _MARKS else 0
    for each in text:
        marks = marks + 1 if unicodedata.category(each) in _MARKS else 0
        if marks > MAX_MARKS:
            return True
    return False


def shown(text: str) -> str:
    r"""`text` on one line, safe to show: unprintable characters (escapes, line ends, bidirectional marks) are written
    as Python escapes, such as `\n` and `\u202e`; a byte that is not UTF-8 as `\xe9`. Of combining marks in a row beyond
    `MAX_MARKS`, all are replaced by one character.
    """
    if text.isascii() and text.isprintable():
        return text
    out: list[str] = []
    marks = 0
    for each in text:
        marks = marks + 1 if unicodedata.category(each) in _MARKS else 0
        if marks <= MAX_MARKS:
            out.append(each if each.isprintable() else _spelt(each))
        elif marks == MAX_MARKS + 1:
            out.append(_REPLACEMENT)
    return "".join(out)


def _spelt(character: str) -> str:
    """An unprintable character, in ASCII. A byte that `surrogateescape` represents is shown as that byte."""
    if _FIRST_BYTE <= ord(character) <= _LAST_BYTE:
        return f"\\x{ord(character) - _BYTES:02x}"
    return character.encode("unicode_escape").decode("ascii")


def folded(text: str) -> str:
    """`text` without differences of spelling: case, width, marks, spaces, punctuation and foreign letters that look
    like Latin ones.
    """
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    bare = "".join(each for each in unicodedata.normalize("NFD", plain) if unicodedata.category(each) not in _MARKS)
    return "".join(each for each in bare.translate(LOOKALIKES) if each.isalnum())


def skeleton(name: str) -> str:
    """The rest of a name without everything by which people do not distinguish names."""
    told = folded(name).translate(ASCII)
    for pair, one in _PAIRS:
        told = told.replace(pair, one)
    return told


def check_untaken(name: str, names: Mapping[MemberId, str], own: MemberId) -> None:
    """Raises `Refused` if a person could confuse `name` with the name or the id of another member. `names`: of the
    members; the name of `own` may stay, and no other member may use its id as a name.
    """
    if folded(name) == folded(own):
        return
    remedy = "join with another name: vigil node join --token TOKEN --name NAME"
    wanted = skeleton(name)
    if not wanted:
        raise Refused(f"the name of {own} has no letter and no digit", remedy=remedy)
    for member, other in names.items():
        if member != own and (wanted == skeleton(other) or folded(name) == folded(member)):
            raise Refused(f"the name of {own} can be taken for that of {member}", remedy=remedy)
