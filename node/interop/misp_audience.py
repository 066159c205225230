"""Who may have a part of a MISP event: its distribution, its sharing groups, its handling.

Rules this module upholds:

- A part that inherits (5) has the audience of what it stands in. A part that states its own has the narrower of both:
  an event that stays in its organisation keeps all of its parts there.
- From narrow to wide: organisation (0), sharing group (4), community (1), connected communities (2), all (3). Of two
  groups those organisations are left that both have.
- A level that is not understood is the narrowest. A level that nobody states is told as such ("").
- A sharing group is a literal list of organisations by UUID. Its name stays out: names of groups leak operations.
- Of two TLP tags the stricter counts.
- What goes on to another instance goes one hop further: connected communities become this community, and this community
  the organisation that receives it. Of what nobody states more, a community is the widest: police use (handling code 1)
  ends there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from node.interop.row_hashes import listed, plain_text

ORGANISATION: Final = 0
COMMUNITY: Final = 1
CONNECTED: Final = 2
ALL: Final = 3
GROUP: Final = 4
INHERIT: Final = 5
_WORDS: Final = {
    ORGANISATION: "organisation only (0)",
    COMMUNITY: "this community only (1)",
    CONNECTED: "connected communities (2)",
    ALL: "all communities (3)",
}
_GROUP: Final = "sharing group (4)"
_NARROW_FIRST: Final = (ORGANISATION, GROUP, COMMUNITY, CONNECTED, ALL)
_TLP: Final = ("tlp:clear", "tlp:white", "tlp:green", "tlp:amber", "tlp:amber+strict", "tlp:red")
"""From open to strict (FIRST, TLP 2.0; "white" was the name of "clear" before)."""
_TLP_ALLOWS: Final = {"tlp:clear": ALL, "tlp:white": ALL, "tlp:green": COMMUNITY}
"""A TLP tag -> the widest level. Others allow the organisation alone."""
_ONE_HOP: Final = {ALL: ALL, CONNECTED: COMMUNITY}
"""A level -> what is left of it at another instance. Of others, the organisation is left."""
_MOST_MEMBERS: Final = 200
"""Organisations of a group that are listed with each row."""
_HANDLING: Final = ("tlp:", "pap:")
_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class Audience(NamedTuple):
    """`level` as MISP numbers them, None if nobody states it. `group`: its UUID, "" if it is not in the file, and
    `organisations`: UUIDs of its members, for level 4.
    """

    level: int | None = None
    group: str = ""
    organisations: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """As `Reference.audience` has it: "" if not stated."""
        if self.level is None:
            return ""
        if self.level != GROUP:
            return _WORDS[self.level]
        members = " ".join(self.organisations) or "nobody"
        if len(self.organisations) > _MOST_MEMBERS:
            members = f"{len(self.organisations)} organisations"
        return f"{_GROUP} {self.group or 'not in the file'}: {members}"


def widest(audience: str, handling: str) -> int:
    """The widest level, 0 to 3, with which a row may go on: by its `Reference.audience` and `Reference.handling`."""
    stated = [_TLP_ALLOWS.get(word, ORGANISATION) for word in handling.split() if word.startswith("tlp:")]
    if audience:
        level = next((level for level, words in _WORDS.items() if words == audience), ORGANISATION)
        stated.append(_ONE_HOP.get(level, ORGANISATION))
    return min(stated, default=COMMUNITY)


def uuid(value: object) -> str:
    """A UUID in lower case; "" for anything else."""
    text = value.strip().lower() if isinstance(value, str) else ""
    return text if _UUID.fullmatch(text) else ""


def audience_of(part: Mapping[str, Any], outer: Audience) -> tuple[Audience, bool]:
    """(The audience of an event, object or attribute within `outer`, whether its level is understood)."""
    value = part.get("distribution")
    if value is None or value == "":
        return outer, True
    level = int(value) if str(value) in ("0", "1", "2", "3", "4", "5") and not isinstance(value, bool) else -1
    if level == INHERIT:
        return outer, True
    if level < 0:
        return Audience(ORGANISATION), False
    return narrower(outer, _group_of(part) if level == GROUP else Audience(level)), True


def narrower(one: Audience, other: Audience) -> Audience:
    """Who is in both."""
    if one.level is None or other.level is None:
        return other if one.level is None else one
    if one.level == other.level == GROUP and one.group != other.group:
        known = frozenset(other.organisations)
        both = tuple(each for each in one.organisations if each in known)
        return Audience(GROUP, " and ".join(sorted(filter(None, (one.group, other.group)))), both)
    return min(one, other, key=lambda each: _NARROW_FIRST.index(each.level if each.level is not None else ALL))


def _group_of(part: Mapping[str, Any]) -> Audience:
    group = part.get("SharingGroup")
    if not isinstance(group, dict):
        return Audience(GROUP)
    members = [uuid(group.get("organisation_uuid"))]
    for each in listed(group.get("SharingGroupOrg")):
        organisation = each.get("Organisation") if isinstance(each, dict) else None
        members.append(uuid(organisation.get("uuid")) if isinstance(organisation, dict) else "")
    return Audience(GROUP, uuid(group.get("uuid")), tuple(dict.fromkeys(filter(None, members))))


def tag_names(*parts: Mapping[str, Any]) -> list[str]:
    """The names of the tags of these parts, each once."""
    tags = [tag for part in parts for tag in listed(part.get("Tag"))]
    names = (plain_text(tag.get("name")).strip() for tag in tags if isinstance(tag, dict))
    return list(dict.fromkeys(filter(None, names)))


def handling_of(names: Iterable[str]) -> tuple[str, list[str]]:
    """(Words of handling, the other tags). Of TLP tags the strictest; one that is not of TLP 2.0 stays beside it."""
    all_names = list(dict.fromkeys(names))
    lower = [name.lower() for name in all_names if name.lower().startswith(_HANDLING)]
    known = [name for name in lower if name in _TLP]
    strictest = [max(known, key=_TLP.index)] if known else []
    kept = [*strictest, *(name for name in lower if name not in _TLP)]
    return " ".join(kept), [name for name in all_names if not name.lower().startswith(_HANDLING)]
