"""Writes a list as one STIX 2.1 bundle: each row is an indicator whose pattern names one file.

Rules this module upholds:

- The same rows and the same bundle give the same bytes. No clock is read, and no UUID is drawn: the identifier of an
  indicator comes from the bundle and the identity of its row.
- A row is an indicator and not a file object, because only an indicator can be marked, labelled and revoked.
- A withdrawal is the same indicator, revoked. Its pattern names no file: some tools do not look at `revoked`, and would
  make a live indicator of it. So it needs no hash, and gives none.
- Strict readers refuse a whole bundle for one hash. Only MD5, SHA-1 and SHA-256 are written, by their standard names.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID, uuid5

from node.domain.references import Reference, Withdrawal
from node.interop.left_out import NO_NAME_OF_WITHDRAWAL, LeftOut
from node.interop.misp_writing import NO_DIGEST, Organisation, object_uuid
from node.interop.stix_markings import TLP_MARKINGS
from node.interop.vigil_tags import CARRIED, tags_of, written

_NO_FILE: Final = "[file:size < 0]"
"""A pattern that matches no file. An indicator needs one, a revoked one too."""
_NAMES: Final = {"md5": "MD5", "sha1": "'SHA-1'", "sha256": "'SHA-256'"}
_CARRIED: Final = frozenset({*_NAMES, "id", "size", "media_type", "tags", "handling"}) | CARRIED
_TLP_EXTENSION: Final = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"
_TLP_CREATED: Final = "2022-10-01T00:00:00.000Z"


@dataclass(frozen=True, slots=True, kw_only=True)
class StixBundle:
    """The bundle that a list becomes.

    `uuid`: stays the same for each export of the list; `created` and `modified`: time stamps (RFC 3339, UTC, "Z"), the
    first one the same for each export, the second later for each; `organisation`: who writes it; `scheme` and
    `scheme_version`: of the categories of the rows.
    """

    uuid: str
    created: str
    modified: str
    organisation: Organisation
    scheme: str = ""
    scheme_version: str = ""


def write_stix(rows: Iterable[Reference | Withdrawal], left_out: LeftOut, bundle: StixBundle) -> Iterator[bytes]:
    """The bytes of the file, indicator by indicator."""
    name = f"bundle--{uuid5(UUID(bundle.uuid), bundle.modified)}"
    yield f'{{"type":"bundle","id":"{name}","objects":[\n'.encode()
    yield b",\n".join([_text(_identity(bundle)), *(_text(_marking(word)) for word in ("clear", "amber+strict"))])
    for row in rows:
        if isinstance(row, Withdrawal) and not row.id and row.reference is None:
            left_out.row(NO_NAME_OF_WITHDRAWAL)
        elif isinstance(row, Withdrawal):
            yield b",\n" + _text(_bare(row, bundle, _NO_FILE) | {"revoked": True})
        elif not (row.md5 or row.sha1 or row.sha256):
            left_out.row(NO_DIGEST)
        else:
            yield b",\n" + _text(_indicator(row, bundle, left_out))
    yield b"\n]}\n"


def indicator_id(bundle: str, row: Reference | Withdrawal) -> str:
    """The identifier of the indicator of a row."""
    return f"indicator--{object_uuid(bundle, row)}"


def _identity(bundle: StixBundle) -> dict[str, Any]:
    return {
        "type": "identity",
        "spec_version": "2.1",
        "id": f"identity--{bundle.organisation.uuid}",
        "created": bundle.created,
        "modified": bundle.created,
        "name": bundle.organisation.name,
        "identity_class": "organization",
    }


def _marking(word: str) -> dict[str, Any]:
    """A marking of TLP 2.0, which STIX 2.1 does not have by itself, as OASIS publishes it."""
    return {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": TLP_MARKINGS[f"tlp:{word}"],
        "created": _TLP_CREATED,
        "name": f"TLP:{word.upper()}",
        "extensions": {_TLP_EXTENSION: {"extension_type": "property-extension", "tlp_2_0": word}},
    }


def _indicator(row: Reference, bundle: StixBundle, left_out: LeftOut) -> dict[str, Any]:
    own, too_long = tags_of(row, bundle.scheme, bundle.scheme_version)
    more, more_too_long = written({"size": str(row.size) if row.size >= 0 else "", "media-type": row.media_type})
    for name in (*too_long, *more_too_long):
        left_out[name] += 1
    left_out.fields(row, _CARRIED if bundle.scheme else _CARRIED - {"code"})
    marked = [TLP_MARKINGS[word] for word in row.handling.split() if word in TLP_MARKINGS]
    handled = [word for word in row.handling.split() if word not in TLP_MARKINGS]
    labels = [*handled, *(row.tags.split(", ") if row.tags else ()), *own, *more]
    made = _bare(row, bundle, _pattern(row))
    return made | ({"labels": labels} if labels else {}) | ({"object_marking_refs": marked} if marked else {})


def _bare(row: Reference | Withdrawal, bundle: StixBundle, pattern: str) -> dict[str, Any]:
    """What an indicator must have."""
    return {
        "type": "indicator",
        "spec_version": "2.1",
        "id": indicator_id(bundle.uuid, row),
        "created_by_ref": f"identity--{bundle.organisation.uuid}",
        "created": bundle.created,
        "modified": bundle.modified,
        "pattern": pattern,
        "pattern_type": "stix",
        "pattern_version": "2.1",
        "valid_from": bundle.created,
    }


def _pattern(row: Reference) -> str:
    hashes = [(spelt, getattr(row, name)) for name, spelt in _NAMES.items()]
    return "[" + " AND ".join(f"file:hashes.{spelt} = '{value.hex()}'" for spelt, value in hashes if value) + "]"


def _text(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode("ascii")
