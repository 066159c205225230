"""Reads a statement from a command's arguments: its content, its subject and its audience.

Rules this module upholds:

- An argument that is not given stays unset: the use case sets the default, or keeps the earlier value.
- An unknown word is `Misuse`; the remedy lists the known words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from node.control.arguments import Arguments, read_number
from node.domain.fingerprint_kinds import KIND_BY_NAME, MD5, SHA256
from node.domain.groups import GROUP_MARK
from node.domain.handling import CODES, PURPOSES
from node.domain.ids import member_id
from node.domain.queries import Level
from node.domain.statements import Category, Reason, Tri, Verdict
from node.domain.wording import Terms, Wording
from node.errors import Misuse
from node.usecases.consent import Consent
from node.usecases.selection import Named, Selection

if TYPE_CHECKING:
    from node.control.runner import Line
    from node.domain.ids import MemberId

RETRACTION_REASONS: Final = {reason.name.lower().replace("_", "-"): reason for reason in Reason}
LEVELS: Final = {level.spelled: level for level in Level}
TRI: Final = {"yes": Tri.YES, "no": Tri.NO, "unknown": Tri.UNKNOWN}
VERDICTS: Final = {"confirm": Verdict.CONFIRM, "dispute": Verdict.DISPUTE}
_CATEGORY_PARTS: Final = 3


def read_tri(text: str, what: str) -> Tri:
    """Yes, no or unknown. Raises `Misuse`."""
    value = TRI.get(text)
    if value is None:
        raise Misuse(f"{what} is one of: yes, no, unknown")
    return value


def read_level(text: str) -> Level:
    """Any level that a person can type. Raises `Misuse`."""
    level = LEVELS.get(text)
    if level is None:
        raise Misuse(f"no level {text[:20]!r}", remedy="one of: " + ", ".join(LEVELS))
    return level


def read_reason(text: str) -> Reason:
    """Why a record is retracted. Raises `Misuse`."""
    reason = RETRACTION_REASONS.get(text)
    if reason is None:
        raise Misuse("no such reason for a retraction", remedy="one of: " + ", ".join(RETRACTION_REASONS))
    return reason


def read_consent(given: Arguments) -> Consent:
    """{"yes", "plan", "members"}: a yes to any plan, or to the plan with this digest; and to how many members."""
    members = given.whole("members") if given.has("members") else None
    return Consent(yes=given.flag("yes"), plan=given.text("plan", ""), members=members)


def read_verdict(text: str) -> Verdict:
    """A view of a record. Raises `Misuse`."""
    verdict = VERDICTS.get(text)
    if verdict is None:
        raise Misuse("an opinion is one of: " + ", ".join(VERDICTS))
    return verdict


def read_category(text: str) -> Category:
    """`SCHEME:VERSION:CODE`, never a bare number. Raises `Misuse`."""
    parts = text.split(":")
    if len(parts) != _CATEGORY_PARTS or not all(parts):
        raise Misuse(
            "a category is SCHEME:VERSION:CODE",
            remedy="such as us-vics:2.0:1; a number without its scheme has no meaning abroad",
        )
    return Category(scheme=parts[0], version=parts[1], code=parts[2])


def read_wording(given: Arguments) -> Wording:
    """{"category", "baseline", "series", "tags", "language", "victim_identified", "offender_identified"}; each is
    optional. Raises `Misuse`.
    """
    return Wording(
        category=read_category(given.text("category")) if given.has("category") else None,
        baseline=_tri(given, "baseline"),
        series=given.text("series") if given.has("series") else None,
        victim_identified=_tri(given, "victim_identified"),
        offender_identified=_tri(given, "offender_identified"),
        tags=given.texts("tags") if given.has("tags") else None,
        language=given.text("language") if given.has("language") else None,
    )


def _tri(given: Arguments, name: str) -> Tri | None:
    return read_tri(given.text(name), name.replace("_", " ")) if given.has(name) else None


def read_terms(given: Arguments) -> Terms:
    """{"audience": [member] or ["everyone"] or ["@GROUP"], "purposes", "code", "retain_until_day"}; each is optional.
    Raises `Misuse`, `Malformed`.
    """
    names = given.texts("audience") if given.has("audience") else None
    purposes = given.texts("purposes") if given.has("purposes") else None
    if purposes is not None and set(purposes) - set(PURPOSES):
        raise Misuse("no such purpose", remedy="one of: " + ", ".join(PURPOSES))
    code = given.text("code") if given.has("code") else None
    if code is not None and code not in CODES:
        raise Misuse("no such handling code", remedy="one of: " + ", ".join(CODES))
    everyone, group = names == ("everyone",), read_group(names or ())
    return Terms(
        everyone=everyone,
        audience=None if names is None or everyone or group else tuple(member_id(name) for name in names),
        group=group,
        purposes=purposes,
        code=code,
        retain_until_day=given.whole("retain_until_day") if given.has("retain_until_day") else None,
    )


def read_group(names: tuple[str, ...]) -> str:
    """The group that an audience or recipients name, without its mark; "" if they are members."""
    is_group = len(names) == 1 and names[0].startswith(GROUP_MARK)
    return names[0].removeprefix(GROUP_MARK) if is_group else ""


def read_recipients(given: Arguments) -> tuple[tuple[MemberId, ...], str]:
    """{"to": [member] or ["@GROUP"]} -> (the members, none if it names a group; the group, "" if it names members)."""
    names = given.texts("to")
    group = read_group(names)
    return (() if group else tuple(map(member_id, names))), group


def read_selection(given: Arguments) -> Selection:
    """{"case", "holdings": [number], "sha256": [hex], "rows": [{"line", "sha256" or "md5", and the statement}]}. Raises
    `Misuse`.
    """
    named = [
        Named(holding=read_number(text, "a holding", "`vigil holdings` lists the holdings"))
        for text in given.texts("holdings")
    ]
    named += [Named(code=SHA256.code, value=_digest(SHA256.name, text)) for text in given.texts("sha256")]
    named += [_row(row) for row in given.objects("rows")]
    return Selection(case=given.text("case", ""), named=tuple(named))


def _row(row: Line) -> Named:
    given = Arguments(row)
    kind = next((kind for kind in (SHA256, MD5) if given.has(kind.name)), None)
    if kind is None:
        raise Misuse("a row of the list has neither a SHA-256 nor an MD5")
    return Named(
        code=kind.code,
        value=_digest(kind.name, given.text(kind.name)),
        row=given.whole("line"),
        wording=read_wording(given),
    )


def _digest(name: str, text: str) -> bytes:
    kind = KIND_BY_NAME[name]
    try:
        value = bytes.fromhex(text)
    except ValueError:
        value = b""
    if len(value) != kind.size:
        raise Misuse(f"this is no {name}", remedy=f"a {name} has {2 * kind.size} hex digits")
    return value
