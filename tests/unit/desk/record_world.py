"""Lines of records, as the commands of a node give them, for the desk's pages."""

from __future__ import annotations

from typing import Any

from tests.unit.desk.desk_daemon import DeskDaemon
from tests.unit.desk.hit_world import RECORD, hit, summary

Line = dict[str, Any]

OTHER = "vigil.test/FR/log/1#" + "cd" * 32
LINK = "vigil.test/KR/log/1#" + "ef" * 32
ROSTER: Line = {
    "version": 3,
    "members": [
        {"member": "FR", "name": "France", "state": "active"},
        {"member": "JP", "name": "Japan", "state": "active"},
        {"member": "KR", "name": "Korea", "state": "suspended"},
    ],
    "purposes": ["victim-identification", "investigation"],
}


def record(**changed: Any) -> Line:
    """A record of Japan, as `records` lists it."""
    line: Line = {
        "record": RECORD,
        "index": 12,
        "kind": "contribution",
        "state": "held",
        "publication": None,
        "issued_day": 20_000,
        "expiry_day": None,
        "open": False,
        "target": None,
        "superseded": False,
        "newest": None,
        "reason": None,
        "cases": None,
        "media_type": "image/jpeg",
        "category": {"scheme": "us-vics", "version": "2.0", "code": "1", "baseline": "unconfirmed"},
        "series": "Bridge",
        "victim_identified": "no",
        "offender_identified": "unknown",
        "tags": ["blue sofa"],
        "language": None,
        "handling": {
            "audience": ["FR", "JP"],
            "purposes": ["investigation"],
            "code": "2",
            "retain_until_day": None,
            "retain_until": None,
        },
        "group": None,
        "says": "2 fingerprints of image/jpeg",
        "remarks": 1,
        "confirmed": 1,
        "disputed": 0,
        "verified_as": [],
        "opinions_set_aside": 0,
    }
    return line | changed


def whole(**changed: Any) -> Line:
    """The same in full."""
    line = record() | {
        "fingerprints": [
            {"algorithm": name, "value": "77" * 16, "quality": None, "seconds": None, "searched": True}
            for name in ("md5", "pdq")
        ],
        "remarks": [
            {
                "member": "KR",
                "kind": "opinion",
                "says": "confirm: seen here too",
                "verdict": "confirm",
                "category": None,
                "record": LINK,
                "about": RECORD,
                "earlier_version": True,
            }
        ],
        "versions": [{"record": RECORD, "kind": "contribution", "issued_day": 20_000, "state": "held"}],
        "confirmed_by": ["KR"],
        "disputed_by": [],
    }
    return line | changed


def link(**changed: Any) -> Line:
    """A link between two records, as `links` gives it."""
    line: Line = {
        "link": LINK,
        "member": "KR",
        "relation": "same-victim",
        "certainty": "probable",
        "records": [RECORD, OTHER],
        "note": None,
        "language": None,
        "issued_day": 20_001,
        "depth": 1,
        "closes_cycle": False,
        "publication": None,
        "confirmed": 1,
        "disputed": 1,
        "verified_as": [],
        "opinions_set_aside": 0,
        "confirmed_by": ["BR"],
        "disputed_by": ["US"],
    }
    return line | changed


def linked(name: str, **changed: Any) -> Line:
    """A record of a component, as `links` gives it."""
    said = ("media_type", "category", "series", "victim_identified", "offender_identified", "tags", "language")
    line: Line = {
        "record": name,
        "newest": name,
        "member": name.split("/")[1],
        "sight": "read",
        "depth": 0,
        **{each: record()[each] for each in said},
        "confirmed": 1,
        "disputed": 0,
        "verified_as": [],
        "opinions_set_aside": 0,
    }
    return line | changed


def component(**changed: Any) -> Line:
    """The last line of `links`."""
    line: Line = {
        "links": 1,
        "records": 2,
        "shown_links": 1,
        "shown_records": 2,
        "left_out": 0,
        "beyond": 0,
        "cycles": 0,
        "contradictions": 0,
        "whole": True,
    }
    return line | changed


def world(**changed: Any) -> DeskDaemon:
    """A daemon with one record, a hit on it and a link of it."""
    said = {"record": LINK, "about": RECORD, "state": "said", "publication": "published", "why": None}
    answers: dict[str, Any] = {
        "records": [whole()],
        "roster-show": [ROSTER],
        "hits-list": [hit(3), summary()],
        "links": [link(), linked(RECORD), linked(OTHER, depth=1), component()],
        "draft-read": [{"text": ""}],
        "draft-save": [{"saved": True}],
        "opine": [said],
        "comment": [said],
        "retract": [{"record": RECORD, "retraction": LINK, "state": "retraction queued", "publication": "queued"}],
    }
    return DeskDaemon(answers=answers | changed)
