"""What a record says, and who may read it, as text for people. Every command that shows a record uses it.

Rules this module upholds:

- Every field of a statement is shown. A hit leaves out fields that nobody stated; a complete record shows them as
  unknown.
- Every text from other members goes through `plain`.
"""

from __future__ import annotations

from node.cli.output import Line, plain
from node.domain.calendar import spell_day

CODES = {"1": "police use", "2": "ask its owner before you share it further", "3": "special restrictions"}
"""INTERPOL handling codes."""


def category_code(category: Line | None) -> str:
    """SCHEME:VERSION:CODE."""
    return plain(f"{category['scheme']}:{category['version']}:{category['code']}") if category else ""


def category_words(category: Line | None) -> str:
    """SCHEME:VERSION:CODE, and the baseline if it was stated."""
    if not category:
        return ""
    words = category_code(category)
    return words if category["baseline"] == "unknown" else f"{words}, baseline {category['baseline']}"


def verification_words(line: Line) -> list[str]:
    """`confirmed by 3, disputed by 1`, and with which categories; nothing if no member has an opinion."""
    counts = [("confirmed by", line.get("confirmed")), ("disputed by", line.get("disputed"))]
    words = [", ".join(f"{what} {number:,}" for what, number in counts if number)]
    words += [f"verified as {category_words(each)} by {each['members']:,}" for each in line.get("verified_as") or ()]
    aside = line.get("opinions_set_aside")
    words += [f"opinions of suspended members: {aside:,}"] if aside else []
    return [each for each in words if each]


def statement_words(line: Line) -> list[str]:
    """The stated fields of a statement, one phrase per field."""
    known = [
        ("category", category_words(line.get("category"))),
        ("series", line.get("series")),
        ("victim identified:", _stated(line.get("victim_identified"))),
        ("offender identified:", _stated(line.get("offender_identified"))),
        ("tags:", ", ".join(line.get("tags") or ())),
        ("language", line.get("language")),
        ("media type", line.get("media_type")),
    ]
    return [f"{name} {plain(value)}" for name, value in known if value] + verification_words(line)


def statement_rows(line: Line) -> list[tuple[str, str]]:
    """(name, value) of every field of a complete contribution; fields that nobody stated say so."""
    return [
        ("Category", category_words(line["category"]) or "not stated"),
        ("Series", line["series"] or "not stated"),
        ("Victim", f"identified: {line['victim_identified']}"),
        ("Offender", f"identified: {line['offender_identified']}"),
        ("Tags", ", ".join(line["tags"] or ()) or "none"),
        ("Language", line["language"] or "not stated"),
        ("Media type", line["media_type"] or "not stated"),
    ]


def _stated(value: str | None) -> str | None:
    return None if value == "unknown" else value


def handling_words(handling: Line | None) -> str:
    """Who may read it, for what, under which code, until when; "" if unknown."""
    if not handling:
        return ""
    audience, code = handling["audience"], handling["code"]
    readers = audience if isinstance(audience, str) else ", ".join(audience)
    meaning = f" ({CODES[code]})" if code in CODES else ""
    until = f"; kept until {spell_day(handling['retain_until_day'])}" if handling.get("retain_until_day") else ""
    return plain(f"{readers}, for {', '.join(handling['purposes'])}; handling code {code}{meaning}{until}")


def publication_words(line: Line, published: str) -> str:
    """The state of a statement: `published`, or what is still missing, and why."""
    publication = line.get("publication")
    if publication in (None, "published"):
        return published
    waits = "It is stored here and has not left this node yet."
    if publication == "signed":
        waits = "It is in our signed log. The hub has not confirmed it yet."
    return f"{waits} {why_words(line)}"


def why_words(line: Line) -> str:
    """Why a record is not published, in one sentence."""
    return f"Reason: {plain(line['why'])}." if line.get("why") else "It is sent automatically: see vigil node status."
