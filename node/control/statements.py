"""Statements and handlings out of a command's arguments.

Rules this module upholds:

- What is not given keeps its default, or, in a correction, what it was before.
- A word that is none of the known ones is `Misuse`, with the known ones as the remedy.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from node.domain.handling import CODES, PURPOSES, Handling
from node.domain.ids import member_id
from node.domain.statements import MAX_TAGS, MAX_TEXT, Category, Contribution, Reason, Tri
from node.errors import Misuse

if TYPE_CHECKING:
    from node.control.arguments import Arguments
    from node.domain.holdings import Holding

RETRACTION_REASONS: Final = {reason.name.lower().replace("_", "-"): reason for reason in Reason}
TRI: Final = {"yes": Tri.YES, "no": Tri.NO, "unknown": Tri.UNKNOWN}
_CATEGORY_PARTS: Final = 3


def read_tri(text: str, what: str) -> Tri:
    """Yes, no or unknown. Raises `Misuse`."""
    value = TRI.get(text)
    if value is None:
        raise Misuse(f"{what} is one of: yes, no, unknown")
    return value


def read_category(text: str, baseline: Tri) -> Category:
    """`SCHEME:VERSION:CODE`, never a bare number. Raises `Misuse`."""
    parts = text.split(":")
    if len(parts) != _CATEGORY_PARTS or not all(parts):
        raise Misuse(
            "a category is SCHEME:VERSION:CODE",
            remedy="such as us-vics:2.0:1; a number without its scheme has no meaning abroad",
        )
    return Category(scheme=parts[0], version=parts[1], code=parts[2], baseline=baseline)


def read_contribution(given: Arguments, holding: Holding | None, before: Contribution | None = None) -> Contribution:
    """What is said about a holding, or a correction of what was said `before`. Raises `Misuse`."""
    said = before or Contribution(
        fingerprints=holding.fingerprints if holding else (), media_type=holding.media_type if holding else ""
    )
    said = replace(
        said,
        category=_read_category(given, said.category),
        series=_read_text(given, "series", said.series),
        language=_read_text(given, "language", said.language),
        victim_identified=_read_tri(given, "victim_identified", said.victim_identified),
        offender_identified=_read_tri(given, "offender_identified", said.offender_identified),
    )
    if given.has("tags"):
        if len(given.texts("tags")) > MAX_TAGS:
            raise Misuse(f"a record has at most {MAX_TAGS} tags")
        said = replace(said, tags=given.texts("tags"))
    return said


def _read_category(given: Arguments, before: Category | None) -> Category | None:
    baseline = read_tri(given.text("baseline", "unknown"), "the baseline") if given.has("baseline") else None
    if given.has("category"):
        return read_category(given.text("category"), baseline or Tri.UNKNOWN)
    if baseline is not None and before is None:
        raise Misuse("the baseline flag needs a category", remedy="give --category as well")
    return replace(before, baseline=baseline) if before is not None and baseline is not None else before


def _read_text(given: Arguments, name: str, before: str) -> str:
    if not given.has(name):
        return before
    if len(given.text(name)) > MAX_TEXT:
        raise Misuse(f"the {name} is longer than {MAX_TEXT} characters")
    return given.text(name)


def _read_tri(given: Arguments, name: str, before: Tri) -> Tri:
    return read_tri(given.text(name), name.replace("_", " ")) if given.has(name) else before


def read_handling(given: Arguments, before: Handling | None = None) -> Handling:
    """Who may read a record. `audience` is a list of members, or "everyone". Raises `Misuse`, `Malformed`."""
    said = before or Handling()
    if given.has("audience"):
        names = given.texts("audience")
        said = replace(said, audience=None if names == ("everyone",) else tuple(member_id(name) for name in names))
    if given.has("purposes"):
        unknown = set(given.texts("purposes")) - set(PURPOSES)
        if unknown:
            raise Misuse("no such purpose", remedy="one of: " + ", ".join(PURPOSES))
        said = replace(said, purposes=given.texts("purposes"))
    if given.has("code"):
        if given.text("code") not in CODES:
            raise Misuse("no such handling code", remedy="one of: " + ", ".join(CODES))
        said = replace(said, code=given.text("code"))
    if given.has("retain_until_day"):
        said = replace(said, retain_until_day=given.whole("retain_until_day"))
    return said
