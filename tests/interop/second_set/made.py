"""What the files of the second set are made of: values, places, and the shape of an expectation."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

Place = dict[str, Any]
Row = dict[str, Any]
Expected = dict[str, Any]

UNKNOWN: Final = dict.fromkeys(("victim_identified", "offender_identified", "distributed", "baseline"), "unknown")
US: Final = ("us-vics", "2.0")
EMPTY_MD5: Final = hashlib.md5(b"", usedforsecurity=False).hexdigest()
EMPTY_SHA1: Final = hashlib.sha1(b"", usedforsecurity=False).hexdigest()
EMPTY_SHA256: Final = hashlib.sha256(b"").hexdigest()
NO_HASH: Final = "no usable hash"
EMPTY_INPUT: Final = "hash of empty input"
PLACEHOLDER: Final = "placeholder hash"


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A file, and the outcomes that the rules allow (one of them has to come)."""

    name: str
    data: bytes
    allowed: tuple[Expected, ...]


def made(name: str, data: bytes, *allowed: Expected) -> Made:
    return Made(name=name, data=data, allowed=allowed)


def _value(kind: str, label: object, size: int) -> bytes:
    return hashlib.shake_256(f"second set {kind} {label}".encode()).digest(size)


def md5(label: object) -> str:
    return _value("md5", label, 16).hex()


def sha1(label: object) -> str:
    return _value("sha1", label, 20).hex()


def sha256(label: object) -> str:
    return _value("sha256", label, 32).hex()


def sha512(label: object) -> str:
    return _value("sha512", label, 64).hex()


def pdq(label: object) -> str:
    return _value("pdq", label, 32).hex()


def dna(label: object) -> bytes:
    """A PhotoDNA value."""
    return _value("photodna", label, 144)


def base64_of(value: bytes) -> str:
    return base64.b64encode(value).decode()


def compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


class Page:
    """A text that is put together piece by piece, and knows where its records are."""

    def __init__(self, coding: str = "utf-8", bom: bytes = b"", newline: str = "\n") -> None:
        self._coding, self._newline = coding, newline
        self._bytes = bytearray(bom)
        self._line = 1
        self.records: list[Place] = []

    def add(self, text: str | bytes) -> Page:
        if isinstance(text, str):
            self._line += text.count("\n")
            self._bytes += text.replace("\n", self._newline).encode(self._coding)
        else:
            self._line += text.count(b"\n")
            self._bytes += text
        return self

    def record(self, text: str | bytes) -> Page:
        """A record begins here."""
        self.records.append({"record": len(self.records) + 1} | self.here)
        return self.add(text)

    @property
    def here(self) -> Place:
        return {"line": self._line, "offset": len(self._bytes)}

    @property
    def data(self) -> bytes:
        return bytes(self._bytes)


def row(
    at: Place,
    hashes: Mapping[str, str],
    *,
    code: str | None = None,
    scheme: tuple[str, str] | None = US,
    flags: Mapping[str, str] | None = None,
    **more: Any,
) -> Row:
    """A row that is expected."""
    category = None if code is None or scheme is None else {"scheme": scheme[0], "version": scheme[1], "code": code}
    return {"at": at, "hashes": dict(hashes), "category": category, "flags": UNKNOWN | dict(flags or {})} | more


def bad(at: Place, reason: str) -> Row:
    """A row that is rejected."""
    return at | {"reason": reason}


def accepted(
    items: Iterable[Row] = (), *, notices: Sequence[str] = (), rejected: Iterable[Row] = (), **more: Any
) -> Expected:
    """A file that is taken. The codes of its rows are also codes of the file."""
    rows = list(items)
    sure = [each for each in rows if not each.get("optional")]
    warned = {code for each in sure for code in each.get("warnings", ())} | set(notices)
    warned |= {"not-searched"} if any(each.get("not_searched") for each in sure) else set()
    return {
        "file": "accepted",
        "records": {"one_of": list(range(len(sure), len(rows) + 1))},
        "items": rows,
        "rejected": list(rejected),
        "warnings": sorted(warned),
    } | more


def rejected(
    reason: str | None = None, *, line: int | None = None, offset: int | None = None, slack: int = 0
) -> Expected:
    """A file of which nothing is kept."""
    return _failed("rejected", reason, line, offset, slack)


def refused(reason: str | None = None) -> Expected:
    """A file that is not taken unless somebody asks for it."""
    return _failed("refused", reason, None, None, 0)


def truncated(data: bytes, slack: int = 2) -> Expected:
    """A file that ends early. The place of the fault is its end."""
    return rejected("truncated", offset=len(data), slack=slack)


def _failed(how: str, reason: str | None, line: int | None, offset: int | None, slack: int) -> Expected:
    error = {"reason": reason, "line": line, "offset": offset}
    return {
        "file": how,
        "records": 0,
        "items": [],
        "rejected": [],
        "error": {name: value for name, value in error.items() if value is not None} | {"offset_slack": slack},
    }


# --- VICS -------------------------------------------------------------------------------------------------------------


def root(region: str = "US", shape: str = "Media", version: str = "2.0") -> str:
    return f"http://github.com/VICSDATAMODEL/ProjectVic/DataModels/{version}.xml/{region}/$metadata#{shape}"


def old_root(version: str, shape: str = "Media") -> str:
    return f"http://github.com/ICMEC/ProjectVic/DataModels/{version}.xml#{shape}"


def vics(
    *records: object,
    context: str | None = None,
    old: bool = False,
    more: str = "",
    page: Page | None = None,
    end: str = "\n]}\n",
) -> Page:
    """A file of media, one a line. A record that is a text stands as it is."""
    page = page or Page()
    name = "odata.metadata" if old else "@odata.context"
    page.add(f'{{"{name}":{compact(context or root())},{more}"value":[\n')
    for number, each in enumerate(records):
        page.add(",\n" if number else "").record(each if isinstance(each, str) else compact(each))
    return page.add(end)


def media(label: object, **fields: Any) -> dict[str, Any]:
    """A record with category 1. A field that is `...` is left out."""
    whole = {"MediaID": 1, "Category": 1, "MD5": md5(label)} | fields
    return {name: value for name, value in whole.items() if value is not ...}
