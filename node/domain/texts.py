"""Texts for people: what a person may type or a member may send as a name or a reason, and how any text is shown.

Rules this module upholds:

- One rule for every text of one line: only characters that print, no space around it, and no more combining marks on
  one letter than a language has. What breaks it is refused where it is typed or where it would be taken in.
- Whatever was signed before it was judged (a comment in a member's log) is kept as it is, and shown by `shown` alone.
- Two names that a person takes for one another are one name (`skeleton`): upper and lower case, width, marks, spaces
  and letters that look alike do not tell two members apart.
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
"""How Python carries a byte of a file name that is no UTF-8 (PEP 383)."""
_REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"
_MARKS: Final = frozenset({"Mn", "Me"})
_PAIRS: Final = (("rn", "m"), ("vv", "w"))


def checked_text(text: str, most: int, what: str, error: type[Malformed | Misuse] = Malformed) -> str:
    """`text`, where it is one printable line of 1 to `most` characters. Raises `error` (`Misuse` for what a person
    types here), which says what is wrong.

    `what`: how the text is called in the message.
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
    """The same of a text that was signed before it is read, by whoever took it in: what would make it no line at all is
    refused, for it has no place in what is signed, and what is merely too much is left to `shown`. Raises `Malformed`.
    """
    if not 1 <= len(text) <= most or not text.isprintable():
        raise Malformed(f"{what} is one printable line of at most {most} characters")
    return text


def _unprintable(text: str) -> int:
    """The number of the first character that does not print, counted from 1; 0 where all do."""
    if text.isprintable():
        return 0
    return next(number for number, each in enumerate(text, 1) if not each.isprintable())


def too_many_marks(text: str) -> bool:
    """Whether more combining marks stand in a row than any language has, or one with nothing before it."""
    if text.isascii():
        return False
    marks = MAX_MARKS if unicodedata.category(text[0]) in _MARKS else 0
    for each in text:
        marks = marks + 1 if unicodedata.category(each) in _MARKS else 0
        if marks > MAX_MARKS:
            return True
    return False


def shown(text: str) -> str:
    r"""`text` on one line, as it may be shown: what does not print (escapes, line ends, bidirectional marks) is spelt
    as Python spells it, such as `\n` and `\u202e`; a byte that is no UTF-8 as `\xe9`. Combining marks past `MAX_MARKS`
    in a row are replaced, all of them by one character.
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
    """A character that does not print, in ASCII. What `surrogateescape` made of a byte is shown as that byte."""
    if _FIRST_BYTE <= ord(character) <= _LAST_BYTE:
        return f"\\x{ord(character) - _BYTES:02x}"
    return character.encode("unicode_escape").decode("ascii")


def folded(text: str) -> str:
    """`text` without what only its spelling adds: case, width, marks, spaces, punctuation and foreign letters that look
    like Latin ones.
    """
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    bare = "".join(each for each in unicodedata.normalize("NFD", plain) if unicodedata.category(each) not in _MARKS)
    return "".join(each for each in bare.translate(LOOKALIKES) if each.isalnum())


def skeleton(name: str) -> str:
    """What is left of a name when everything is taken away that people do not tell names apart by."""
    told = folded(name).translate(ASCII)
    for pair, one in _PAIRS:
        told = told.replace(pair, one)
    return told


def check_untaken(name: str, names: Mapping[MemberId, str], own: MemberId) -> None:
    """Raises `Refused` where a person could take `name` for the name or the id of another member. `names`: of the
    members; that of `own` may be kept, and its id is a name that nobody else can have.
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
