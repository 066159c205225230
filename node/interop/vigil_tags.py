"""What MISP and STIX have no field for, as machine tags: `vigil:series="..."`. Written into an export, and read again.

Rules this module upholds:

- A tag is written and read by one table. What was written is read back as it was.
- A category is written with its scheme and version, or not at all. A file has one scheme: a tag of another one stays a
  tag.
- Nobody is trusted more for such a tag: it says of its row what a field of another format would say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import unquote

from node.domain.references import Reference
from node.domain.statements import Tri
from node.interop.hash_values import size

MAX_TAG: Final = 255
"""Characters of a tag in MISP's database."""
_TAG: Final = re.compile(r'vigil:([a-z-]+)="([^"]*)"')
_ESCAPED: Final = re.compile(r'[%"\x00-\x1f\x7f,\ud800-\udfff]')
"""A comma stands between tags in `Reference.tags`."""
_FLAGS: Final = {
    "victim-identified": "victim_identified",
    "offender-identified": "offender_identified",
    "distributed": "distributed",
    "baseline": "baseline",
}
_TEXTS: Final = {"series": "series", "media-type": "media_type"}
_TRI: Final = {"yes": Tri.YES, "no": Tri.NO}
CARRIED: Final = frozenset({*_FLAGS.values(), "series", "code"})
"""Fields of a row that `tags_of` writes."""


def tags_of(row: Reference, scheme: str, version: str) -> tuple[list[str], list[str]]:
    """(The tags of a row, the names of fields that are too long for one). `scheme` and `version`: of its category."""
    values = {name: _value(getattr(row, field)) for name, field in _FLAGS.items()}
    values["series"] = row.series
    if row.code is not None and scheme:
        values["category"] = f"{scheme}:{version}:{row.code}"
    return written(values)


def written(values: dict[str, str]) -> tuple[list[str], list[str]]:
    """(The tags of these values, the names of those that are too long). What is empty has no tag."""
    tags = {name: f'vigil:{name}="{_ESCAPED.sub(_escape, value)}"' for name, value in values.items() if value}
    return (
        [tag for tag in tags.values() if len(tag) <= MAX_TAG],
        [name for name, tag in tags.items() if len(tag) > MAX_TAG],
    )


class VigilTags:
    """Reads the tags of the rows of one file. `scheme` and `version`: of its categories, after its rows."""

    def __init__(self) -> None:
        self.scheme = ""
        self.version = ""

    def read(self, names: Iterable[str]) -> tuple[dict[str, Any], list[str]]:
        """(Fields of `Reference` that these tags state, the other tags)."""
        fields: dict[str, Any] = {}
        others = []
        for name in names:
            found = _TAG.fullmatch(name) if len(name) <= MAX_TAG else None
            if found is None or not self._take(found[1], unquote(found[2]), fields):
                others.append(name)
        return fields, others

    def _take(self, name: str, value: str, fields: dict[str, Any]) -> bool:
        """Whether the tag is one of ours, said for the first time of its row."""
        if name in _FLAGS and value in _TRI:
            return fields.setdefault(_FLAGS[name], _TRI[value]) is _TRI[value]
        if name in _TEXTS:
            return bool(fields.setdefault(_TEXTS[name], value) == value)
        if name == "size":
            length, is_bad = size(value)
            return not is_bad and bool(fields.setdefault("size", length) == length)
        return name == "category" and self._category(value, fields)

    def _category(self, value: str, fields: dict[str, Any]) -> bool:
        scheme, _, rest = value.partition(":")
        version, colon, code = rest.partition(":")
        if not (scheme and colon and code) or (self.scheme and (scheme, version) != (self.scheme, self.version)):
            return False
        self.scheme, self.version = scheme, version
        return bool(fields.setdefault("code", code) == code)


def _value(flag: Tri) -> str:
    return "" if flag is Tri.UNKNOWN else flag.name.lower()


def _escape(found: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in found[0].encode("utf-8", "replace"))
