"""Lines of hits, as the commands of a node give them, for the desk's pages."""

from __future__ import annotations

from typing import Any

from tests.unit.desk.desk_daemon import DeskDaemon

RECORD = "vigil.test/JP/log/1#" + "ab" * 32
Line = dict[str, Any]


def hit(number: int, **changed: Any) -> Line:
    """A hit on a record of Japan, as `hits-list` gives it."""
    line: Line = {
        "hit": number,
        "holding": 7,
        "cases": ["A-1"],
        "member": "JP",
        "origin": "vigil.test/JP/log/1",
        "record": RECORD,
        "signed": True,
        "algorithm": "pdq",
        "distance": 12,
        "quality": 88,
        "orientation": "rotate90",
        "media_type": "image/jpeg",
        "category": {"scheme": "us-vics", "version": "2.0", "code": "1", "baseline": "yes"},
        "series": "Bridge",
        "victim_identified": "no",
        "offender_identified": "unknown",
        "tags": [],
        "language": None,
        "handling": None,
        "weak": False,
        "trimmed": True,
        "shown_on": None,
        "shares": None,
        "seconds": None,
        "subject_seconds": None,
        "allowed": False,
        "notice": None,
        "alike": 0,
        "standing": None,
        "ended": False,
        "state": "new",
        "new": True,
        "decided": None,
        "changed_since": False,
        "became": None,
        "seen": False,
        "first_seen": 1_700_000_000,
        "last_seen": 1_700_000_000,
        "confirmed": 3,
        "disputed": 1,
        "verified_as": [],
        "opinions_set_aside": 0,
    }
    return line | changed


def summary(**changed: Any) -> Line:
    """The last line of `hits-list`."""
    line: Line = {
        "hits": 1,
        "total": 1,
        "new": 1,
        "confirmed": 0,
        "rejected": 0,
        "unsure": 0,
        "unseen": 1,
        "hidden": 0,
        "grouped": 0,
        "more_of": {},
        "muted": {},
        "suspended": {},
        "next": 0,
        "not_matched_yet": 0,
        "left_out": [],
        "lists": None,
        "same_name": [],
    }
    return line | changed


def detail(number: int = 3, **changed: Any) -> Line:
    """A hit in full, as `hit-show` gives it."""
    line: Line = {
        "hit": str(number),
        "holding": 7,
        "cases": ["A-1"],
        "state": "new",
        "new": True,
        "decisions": 0,
        "history": [],
        "earlier": [],
        "on": hit(number),
        "record": {"record": RECORD},
        "evidence": None,
        "row": None,
        "list": None,
        "other": None,
    }
    return line | changed


def holding(number: int = 7, **changed: Any) -> Line:
    """A holding in full, as `holding` gives it."""
    line: Line = {
        "holding": number,
        "cases": ["A-1"],
        "media_type": "image/jpeg",
        "size": 123_456,
        "note": None,
        "level": "national",
        "added_at": 1_700_000_000,
        "record": None,
        "hits": 1,
        "says": None,
        "said": [],
        "files": [],
        "part_of": [],
        "part_of_total": 0,
        "parts": 0,
        "entities": [],
        "original": False,
        "fingerprints": None,
    }
    return line | changed


def decided(**changed: Any) -> Line:
    """The answer to one decision, as `review` gives it."""
    line: Line = {
        "hit": "3",
        "before": "new",
        "state": "confirmed",
        "decisions": 1,
        "followed": 0,
        "opinion": None,
        "publication": None,
        "why": None,
        "unsaid": None,
        "error": None,
        "remedy": None,
        "kind": None,
    }
    return line | changed


def world() -> DeskDaemon:
    """A daemon with one hit."""
    return DeskDaemon(
        answers={
            "hits-list": [hit(3), summary()],
            "hit-show": [detail()],
            "holding": [holding()],
            "review": [decided()],
            "draft-read": [{"text": ""}],
            "draft-save": [{"saved": True}],
            "set-level": [{"holding": 7}, {"changed": 1}],
        }
    )
