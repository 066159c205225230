"""Writes a list as one MISP event: each row is a `file` object.

Rules this module upholds:

- The same rows and the same event give the same bytes. No clock is read, and no UUID is drawn: the UUID of an object
  comes from the event and the identity of its row, and those of its attributes from the object.
- A withdrawal is the same object, deleted, with the timestamp of this event. A receiver takes what is newer, and knows
  a deleted attribute by its UUID. Hard deletes would not travel. Its attributes are written as MISP itself sends
  deleted ones that it has sanitised: comments without their value. So a withdrawal needs no hash, and erases those that
  a receiver has.
- An object inherits the distribution of the event, or states a narrower one, where its handling allows no more.
- A sharing group is embedded with its organisations, and roams: without that a receiver refuses it.
- MISP has no type for PDQ and PhotoDNA. A row without MD5, SHA-1 or SHA-256 is left out and counted. File names and
  everything else that the list said stay here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID, uuid5

from node.domain.references import At, Reference, Withdrawal
from node.errors import Misuse
from node.interop.left_out import NO_NAME_OF_WITHDRAWAL, LeftOut
from node.interop.misp_audience import GROUP, INHERIT, widest
from node.interop.vigil_tags import CARRIED, MAX_TAG, tags_of

NO_DIGEST: Final = "no MD5, SHA-1 or SHA-256"
_DIGESTS: Final = ("md5", "sha1", "sha256")
_CARRIED: Final = frozenset({*_DIGESTS, "id", "size", "media_type", "tags", "handling"}) | CARRIED
_RELATIONS: Final = (*_DIGESTS, "size-in-bytes", "mimetype")
"""Of the attributes that an object may have."""
_TEMPLATE: Final = {
    "name": "file",
    "meta-category": "file",
    "template_uuid": "688c46fb-5edb-40a3-8273-1af7923e2215",
    "template_version": "24",
}
"""The `file` object of the public MISP object templates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """An organisation as MISP knows it."""

    name: str
    uuid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SharingGroup:
    """Who may have the event, by name. `members`: the other organisations."""

    uuid: str
    name: str
    members: tuple[Organisation, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MispEvent:
    """The event that a list becomes.

    `uuid`: stays the same for each export of the list; `day`: YYYY-MM-DD; `timestamp`: Unix seconds, later for each
    export; `distribution`: 0 to 4 as in `misp_audience`, 4 with `group`; `tags`: of the event, such as a TLP;
    `scheme` and `scheme_version`: of the categories of the rows.
    """

    uuid: str
    title: str
    day: str
    timestamp: int
    organisation: Organisation
    distribution: int = 0
    group: SharingGroup | None = None
    tags: tuple[str, ...] = ()
    scheme: str = ""
    scheme_version: str = ""


def write_misp(rows: Iterable[Reference | Withdrawal], left_out: LeftOut, event: MispEvent) -> Iterator[bytes]:
    """The bytes of the file, object by object. Raises `Misuse` for a sharing group without its level, or a level
    without its group.
    """
    if (event.distribution == GROUP) != (event.group is not None):
        raise Misuse("distribution 4 goes with a sharing group, and a sharing group with distribution 4")
    yield b'{"Event":' + _text(_fields(event))[:-1] + b',"Object":[\n'
    between = b""
    for row in rows:
        if made := _object(row, event, left_out):
            yield between + _text(made)
            between = b",\n"
    yield b"\n]}}\n"


def object_uuid(event: str, row: Reference | Withdrawal) -> str:
    """The UUID of the object of a row: of its identity in its list, or of its hashes if it has none."""
    said = row if isinstance(row, Reference) else row.reference or Reference(At())
    hashes = " ".join(value.hex() for value in (said.md5, said.sha1, said.sha256, said.pdq, said.photodna))
    return str(uuid5(UUID(event), f"id {row.id}" if row.id else f"hashes {hashes}"))


def _fields(event: MispEvent) -> dict[str, Any]:
    owner = {"name": event.organisation.name, "uuid": event.organisation.uuid}
    fields: dict[str, Any] = {
        "uuid": event.uuid,
        "info": event.title,
        "date": event.day,
        "published": True,
        "analysis": "2",
        "threat_level_id": "4",
        "timestamp": str(event.timestamp),
        "publish_timestamp": str(event.timestamp),
        "distribution": str(event.distribution),
        "Org": owner,
        "Orgc": owner,
        "Tag": [{"name": name} for name in event.tags],
        "Attribute": [],
    }
    if event.group is not None:
        fields["SharingGroup"] = _group(event.group, event.organisation)
    return fields


def _group(group: SharingGroup, owner: Organisation) -> dict[str, Any]:
    members = [(owner, True), *((member, False) for member in group.members if member.uuid != owner.uuid)]
    return {
        "uuid": group.uuid,
        "name": group.name,
        "releasability": "",
        "description": "",
        "active": True,
        "roaming": True,
        "organisation_uuid": owner.uuid,
        "SharingGroupOrg": [
            {"extend": extend, "Organisation": {"name": member.name, "uuid": member.uuid}} for member, extend in members
        ],
        "SharingGroupServer": [],
    }


def _object(row: Reference | Withdrawal, event: MispEvent, left_out: LeftOut) -> dict[str, Any] | None:
    """The object of a row; None for one that is left out."""
    if isinstance(row, Withdrawal):
        if not row.id and row.reference is None:
            left_out.row(NO_NAME_OF_WITHDRAWAL)
            return None
        return _deleted(row, event)
    if not (row.md5 or row.sha1 or row.sha256):
        left_out.row(NO_DIGEST)
        return None
    own = object_uuid(event.uuid, row)
    values = [(name, name, value.hex()) for name in _DIGESTS if (value := getattr(row, name))]
    values += [("size-in-bytes", "size-in-bytes", str(row.size))] if row.size >= 0 else []
    values += [("mimetype", "mime-type", row.media_type)] if row.media_type else []
    shared = {"timestamp": str(event.timestamp), "distribution": str(INHERIT), "comment": "", "deleted": False}
    attributes = [_attribute(own, relation, name, value) | shared for relation, name, value in values]
    attributes[0]["Tag"] = [{"name": name} for name in _tags(row, event, left_out)]
    return _thing(own, shared | _narrowed(row, event), attributes)


def _deleted(row: Withdrawal, event: MispEvent) -> dict[str, Any]:
    own = object_uuid(event.uuid, row)
    shared = {"timestamp": str(event.timestamp), "distribution": str(INHERIT), "comment": "", "deleted": True}
    erased = {"type": "comment", "category": "Other", "to_ids": False, "value": "deleted", "disable_correlation": True}
    attributes = [
        {"uuid": _attribute_uuid(own, relation), "object_relation": relation, **erased, **shared}
        for relation in _RELATIONS
    ]
    return _thing(own, shared, attributes)


def _thing(own: str, shared: dict[str, Any], attributes: list[dict[str, Any]]) -> dict[str, Any]:
    return {"uuid": own, **_TEMPLATE, **shared, "ObjectReference": [], "Attribute": attributes}


def _narrowed(row: Reference, event: MispEvent) -> dict[str, str]:
    """The distribution of an object whose handling allows less than that of its event."""
    allowed = widest(row.audience, row.handling)
    if event.distribution == GROUP or event.distribution <= allowed:
        return {}
    return {"distribution": str(allowed)}


def _attribute(own: str, relation: str, name: str, value: str) -> dict[str, Any]:
    is_digest = relation in _DIGESTS
    return {
        "uuid": _attribute_uuid(own, relation),
        "object_relation": relation,
        "type": name,
        "category": "Payload delivery" if is_digest else "Other",
        "to_ids": is_digest,
        "value": value,
        "disable_correlation": not is_digest,
    }


def _attribute_uuid(own: str, relation: str) -> str:
    return str(uuid5(UUID(own), relation))


def _tags(row: Reference, event: MispEvent, left_out: LeftOut) -> list[str]:
    own, too_long = tags_of(row, event.scheme, event.scheme_version)
    given = [*row.handling.split(), *(row.tags.split(", ") if row.tags else ())]
    for name in [*too_long, *("tags" for tag in given if len(tag) > MAX_TAG)]:
        left_out[name] += 1
    left_out.fields(row, _CARRIED if event.scheme else _CARRIED - {"code"})
    return [*(tag for tag in given if len(tag) <= MAX_TAG), *own]


def _text(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode("ascii")
