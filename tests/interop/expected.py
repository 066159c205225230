"""What a reader makes of a file, in the shape of the vectors' `expected.json`, and where it differs from what is said
there.

Rules this module upholds:

- Whatever a file may not let out (`must_not_appear`) is looked for in all that a reader gives, `said` aside: that stays
  in the store of this node.
- What only a caller can tell, who sees all rows of a list, is done here as plainly as can be: rows that repeat another
  are counted, and withdrawals take back what stood before.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from node.domain.references import (
    At,
    EndsEarly,
    Fault,
    Ignored,
    Item,
    ListCase,
    ListHead,
    Notice,
    Reference,
    Withdrawal,
)
from node.interop.formats import FORMATS, format_of
from node.interop.reading import HEAD_BYTES, Broken, Choices, Unwelcome

OF_THE_CALLER: Final = frozenset({"duplicate", "conflicting-record", "constant-photodna"})
"""Warnings that need all rows of a list at once."""
_HASHES: Final = ("md5", "sha1", "sha256", "pdq", "photodna")
_FLAGS: Final = ("victim_identified", "offender_identified", "distributed", "baseline")
_TEXTS: Final = {"series": "series", "media_type": "media_type"}


def expectations(vectors: Path) -> dict[str, Any]:
    """File -> what is expected of it."""
    files: dict[str, Any] = json.loads((vectors / "interop" / "expected.json").read_text())["files"]
    return files


def items(data: bytes, choices: Choices | None = None, *, name: str = "") -> list[Item]:
    """All that the reader of a format gives; of the format that the bytes tell if none is named."""
    chosen = FORMATS[name] if name else format_of(data[:HEAD_BYTES])
    return list(chosen.read([data] if data else [], choices or Choices()))


def outcome(path: Path, choices: Choices | None = None, *, name: str = "") -> dict[str, Any]:
    """What becomes of a file."""
    return outcome_of(path.read_bytes(), choices, name=name)


def outcome_of(data: bytes, choices: Choices | None = None, *, name: str = "") -> dict[str, Any]:
    """What becomes of a file with these bytes."""
    try:
        given = items(data, choices, name=name)
    except Broken as error:
        return _failed("rejected", error.at, error.reason) | {"words": [str(error), error.remedy]}
    except Unwelcome as error:
        return _failed("refused", error.at, error.reason) | {"words": [str(error), error.remedy]}
    if given and isinstance(given[-1], EndsEarly):
        return _failed("rejected", given[-1].at, "truncated") | {
            "words": [],
            "whole_records_before": sum(isinstance(item, Reference) for item in given),
        }
    return _accepted(given)


def _failed(how: str, at: At, reason: str) -> dict[str, Any]:
    return {
        "file": how,
        "records": 0,
        "items": [],
        "rejected": [],
        "retractions": [],
        "ignored": {},
        "warnings": [],
        "error": _place(at) | {"reason": reason},
    }


def _accepted(given: list[Item]) -> dict[str, Any]:
    [head] = [item for item in given if isinstance(item, ListHead)]
    alive, repeated = _alive(given)
    notices = {item.code for item in given if isinstance(item, Notice)}
    warned = {code for row in alive for code in row.warnings} | notices | ({"duplicate"} if repeated else set())
    return {
        "format": head.format,
        "version": head.version or None,
        "region": head.region or None,
        "kind": head.kind or None,
        "file": "accepted",
        "records": len(alive),
        "duplicates": repeated,
        "items": [_item(row, head) for row in alive],
        "rejected": [_place(item.at) | {"reason": item.reason} for item in given if isinstance(item, Fault)],
        "retractions": [item.id or _place(item.at) for item in given if isinstance(item, Withdrawal)],
        "ignored": dict(Counter(item.what for item in given if isinstance(item, Ignored))),
        "warnings": sorted(warned),
        "words": [_words(item) for item in given],
    }


def _words(item: Item) -> str:
    """What may be shown of an item: what a file says of a row or a case stays in the store."""
    if isinstance(item, Reference):
        return str(item._replace(said=""))
    return str(replace(item, said="") if isinstance(item, ListCase) else item)


def _alive(given: Iterable[Item]) -> tuple[list[Reference], int]:
    """(The rows that stand at the end, how many said again what another says)."""
    standing: list[Reference] = []
    repeated = 0
    for item in given:
        if isinstance(item, Withdrawal):
            taken = item.reference
            standing = [
                row
                for row in standing
                if (row.id != item.id if item.id else taken is None or row.fingerprints != taken.fingerprints)
            ]
        elif isinstance(item, Reference):
            same = [row for row in standing if _bare(row) == _bare(item)]
            repeated += bool(same)
            standing += [] if same else [item]
    return standing, repeated


def _bare(row: Reference) -> Reference:
    return row._replace(at=At(), said="", warnings=(), changed="")


def _place(at: At) -> dict[str, Any]:
    named = {"id": at.name, "uuid": at.name} if at.name else {}
    return named | {
        name: value for name, value in (("record", at.record), ("line", at.line), ("offset", at.offset)) if value >= 0
    }


def _item(row: Reference, head: ListHead) -> dict[str, Any]:
    category = None
    if row.code is not None and head.scheme:
        category = {"scheme": head.scheme, "version": head.scheme_version, "code": row.code}
    return {
        "at": _place(row.at),
        "id": row.id,
        "hashes": {name: getattr(row, name).hex() for name in _HASHES if getattr(row, name)},
        "category": category,
        "code_raw": row.code,
        "flags": {name: getattr(row, name).name.lower() for name in _FLAGS},
        "series": row.series or None,
        "tags_raw": row.tags or None,
        "media_type": row.media_type or None,
        "media_size": row.size if row.size >= 0 else None,
        "not_searched": list(row.not_searched),
        "audience": row.audience,
        "handling_raw": row.handling or None,
        "disputed_by": row.disputes,
        "warnings": list(row.warnings),
    }


# --- differences ------------------------------------------------------------------------------------------------------


def differences(expected: dict[str, Any], got: dict[str, Any]) -> list[str]:
    """Where they differ, in words; empty if they do not."""
    return list(_differences(expected, got))


def _differences(expected: dict[str, Any], got: dict[str, Any]) -> Iterator[str]:
    for secret in expected.get("must_not_appear", ()):
        if any(secret in words for words in got.get("words", ())):
            yield f"lets out {secret!r}"
    if not _is_one_of(got["file"], expected["file"]):
        yield f"the file is {got['file']}, not {expected['file']}: {got.get('error')}"
        return
    if got["file"] != "accepted":
        yield from _of_error(expected.get("error", {}), got["error"])
        return
    yield from (
        f"{name} is {got[name]}, not {expected[name]}"
        for name in ("version", "region", "kind")
        if name in expected and expected[name] != got[name]
    )
    if not _is_one_of(got["records"], expected["records"]):
        yield f"{got['records']} records, not {expected['records']}"
    yield from _of_items(expected["items"], got["items"])
    yield from _of_rejected(expected, got["rejected"])
    yield from _of_warnings(expected["warnings"], got["warnings"])
    yield from _of_ignored(expected.get("ignored"), got["ignored"])
    for name in expected.get("retractions", ()):
        if not any(_is_named(each, name) for each in got["retractions"]) and "nothing to retract" not in name:
            yield f"does not take back {name}"


def _is_one_of(value: object, expected: Any) -> bool:
    return value in expected["one_of"] if isinstance(expected, dict) else value == expected


def _of_error(expected: dict[str, Any], got: dict[str, Any]) -> Iterator[str]:
    slack = expected.get("offset_slack", 0)
    if "reason" in expected and got["reason"] != expected["reason"]:
        yield f"the reason is {got['reason']!r}, not {expected['reason']!r}"
    if "offset" in expected and abs(got.get("offset", -1) - expected["offset"]) > slack:
        yield f"the error is at {got.get('offset')}, not at {expected['offset']}"
    if "line" in expected and "line" in got and not slack and got["line"] != expected["line"]:
        yield f"the error is in line {got['line']}, not {expected['line']}"


def _of_items(expected: list[dict[str, Any]], got: list[dict[str, Any]]) -> Iterator[str]:
    left = list(got)
    for item in expected:
        found = [each for each in left if _is_at(each, item["at"]) and _has_one_of(each, item)]
        if not found:
            if not item.get("optional"):
                yield f"no row at {item['at']}"
            continue
        left.remove(found[0])
        for name, value in item.items():
            if name not in ("at", "id", "audience", "optional", "optional_hashes", "category"):
                yield from _of_value(item["at"], name, value, found[0][name], item)
        yield from _of_category(item, found[0])
    for each in left:
        yield f"a row that is not expected at {each['at']}"


def _has_one_of(got: dict[str, Any], expected: dict[str, Any]) -> bool:
    return bool(got["hashes"].items() & expected["hashes"].items())


def _of_value(at: Any, name: str, expected: Any, got: Any, item: dict[str, Any]) -> Iterator[str]:
    if name == "hashes" and (may := item.get("optional_hashes")):
        got = {kind: value for kind, value in got.items() if kind not in may or kind in expected}
    if name in ("warnings", "not_searched"):
        expected, got = set(expected) - OF_THE_CALLER, set(got) - OF_THE_CALLER
    if expected != got:
        # The name alone: a value may be a hash.
        yield f"{name} of {at} differs" + (f": {got}, not {expected}" if name != "hashes" else "")


def _of_category(expected: dict[str, Any], got: dict[str, Any]) -> Iterator[str]:
    if "category" not in expected:
        return
    want, has = expected["category"], got["category"]
    if want is None or has is None:
        if want is not has:
            yield f"the category of {expected['at']} is {has}, not {want}"
    elif want["code"] != has["code"] or want["version"] not in (has["version"], "unstated"):
        yield f"the category of {expected['at']} is {has}, not {want}"


def _is_at(got: dict[str, Any], place: dict[str, Any]) -> bool:
    if name := place.get("id") or place.get("uuid"):
        return str(name) in (str(got["at"].get("id")), got["id"].partition(" ")[0])
    return all(got["at"].get(name) == value for name, value in place.items())


def _of_rejected(expected: dict[str, Any], got: list[dict[str, Any]]) -> Iterator[str]:
    left = list(got)
    for each in expected["rejected"]:
        place = {name: str(value) for name, value in each.items()}
        found = [row for row in left if place.items() <= {name: str(value) for name, value in row.items()}.items()]
        if found:
            left.remove(found[0])
        elif "one_of_note" not in expected:
            yield f"does not reject {each}"
    yield from (f"rejects {each}" for each in left)


def _of_ignored(expected: dict[str, int] | None, got: dict[str, int]) -> Iterator[str]:
    if expected is not None and expected != got:
        yield f"ignores {got}, not {expected}"


def _of_warnings(expected: list[str], got: list[str]) -> Iterator[str]:
    for code in set(expected) - set(got) - OF_THE_CALLER:
        yield f"does not warn of {code}"
    for code in set(got) - set(expected) - OF_THE_CALLER:
        yield f"warns of {code}"


def _is_named(got: Any, expected: str) -> bool:
    """Whether a withdrawal is the one that is meant: by its id, or by the number of its record ("PDQ of record 3")."""
    if isinstance(got, str):
        return got == expected or expected.startswith(f"{got} ")
    return isinstance(got, dict) and expected.endswith(f"record {got.get('record')}")
