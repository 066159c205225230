"""Every format whose rows and tombstones state when they were changed: an old tombstone takes nothing back."""

from __future__ import annotations

import inspect
import json
import sys
from typing import Any, Final

import pytest

from node.domain.references import Reference, Withdrawal
from node.interop.formats import FORMATS
from node.interop.reading import Choices
from node.usecases.list_standing import Standing

MD5: Final = "c685ced8bb34a5d191e2002b56724151"
UUID: Final = "5f0e1d2c-0000-4000-8000-0000000000a1"
SPACE: Final = "https://hashsharing.ncmec.org/hashsharing/v2"
DATES: Final = ("2031-05-02T10:00:00Z", "2031-05-03T09:00:00+02:00")
"""The later one is written in another zone."""
SECONDS: Final = ("999999999", "1000000000")


def misp(at: str, *, gone: bool) -> str:
    attribute: dict[str, Any] = {
        "uuid": UUID,
        "type": "md5",
        "value": MD5,
        "to_ids": True,
        "timestamp": at,
        "deleted": gone,
    }
    event = {"uuid": UUID[:-1] + "0", "info": "made up", "published": True, "distribution": "3"}
    return json.dumps({"Event": event | {"Attribute": [attribute]}})


def stix(at: str, *, gone: bool) -> str:
    made: dict[str, Any] = {
        "type": "indicator",
        "spec_version": "2.1",
        "id": f"indicator--{UUID}",
        "pattern_type": "stix",
    }
    made |= {"pattern": f"[file:hashes.MD5 = '{MD5}']", "created": DATES[0], "modified": at, "revoked": gone}
    return json.dumps({"type": "bundle", "id": f"bundle--{UUID}", "objects": [made | {"valid_from": DATES[0]}]})


def stopncii(at: str, *, gone: bool) -> str:
    record = {"signalType": "ImageMD5", "hashValue": MD5, "hashStatus": "Withdrawn" if gone else "Active"}
    return json.dumps({"count": 1, "hasMoreRecords": False, "hashRecords": [record | {"lastModtimestamp": int(at)}]})


def threatexchange(at: str, *, gone: bool) -> str:
    described = {"data": [{"id": "2", "status": "MALICIOUS"}]}
    record: dict[str, Any] = {"id": "1", "type": "HASH_MD5", "indicator": MD5, "last_updated": int(at)}
    return json.dumps({"data": [record | {"should_delete": gone, "descriptors": described}]})


def tat(at: str, *, gone: bool) -> str:
    record: dict[str, Any] = {"id": 5, "algorithm": "MD5", "hash_digest": MD5, "deleted": gone, "updated_on": at}
    return json.dumps({"results": [record], "next": None})


def ncmec(at: str, *, gone: bool) -> str:
    hashes = "" if gone else f"<fingerprints><md5>{MD5}</md5></fingerprints><classification>A1</classification>"
    name = "deletedImage" if gone else "image"
    entry = f'<{name}><member id="7"/><timestamp>{at}</timestamp><id>x1</id>{hashes}</{name}>'
    return f'<queryResult xmlns="{SPACE}"><images count="1">{entry}</images></queryResult>'


FORMATS_WITH_BOTH: Final = {
    "misp": (misp, SECONDS),
    "stix21": (stix, DATES),
    "stopncii": (stopncii, SECONDS),
    "threatexchange": (threatexchange, SECONDS),
    "tat": (tat, DATES),
    "ncmec": (ncmec, DATES),
}


def items(form: str, document: str) -> list[Reference | Withdrawal]:
    found = FORMATS[form].read(iter([document.encode()]), Choices())
    return [item for item in found if isinstance(item, Reference | Withdrawal)]


def test_every_format_with_tombstones_is_here() -> None:
    """A new format with tombstones belongs here as well, if its rows say when they were changed."""
    rows = {"node.interop.misp": "node.interop.misp_rows", "node.interop.stix": "node.interop.stix_rows"}
    modules = {form.read.__module__ for form in FORMATS.values()}
    sources = {name: inspect.getsource(sys.modules[rows.get(name, name)]) for name in modules}
    withdrawing = {name for name, source in sources.items() if "Withdrawal(" in source}
    assert withdrawing == {FORMATS[name].read.__module__ for name in FORMATS_WITH_BOTH}


@pytest.mark.parametrize("form", FORMATS_WITH_BOTH)
def test_a_tombstone_older_than_the_row_takes_nothing_back_in_any_order(form: str) -> None:
    make, (early, late) = FORMATS_WITH_BOTH[form]
    (row,), (stale,) = items(form, make(late, gone=False)), items(form, make(early, gone=True))
    (old,), (gone,) = items(form, make(early, gone=False)), items(form, make(late, gone=True))
    assert isinstance(row, Reference)
    assert isinstance(stale, Withdrawal)
    assert isinstance(old, Reference)
    assert isinstance(gone, Withdrawal)
    assert row.changed
    assert stale.changed
    for given, stands in (((row, stale), 1), ((old, gone), 0), ((gone, old), 0), ((stale, row), 1)):
        standing = Standing()
        for item in given:
            if isinstance(item, Reference):
                standing.add(item)
            else:
                standing.withdraw(item)
        assert standing.rows == stands, (form, given)
