"""What the tests of `test_hits` share with others."""

from __future__ import annotations

from typing import Any

RECORD = "vigil.example/JP/log/1#" + "ab" * 32


HIT: dict[str, Any] = {
    "hit": 9,
    "holding": 7,
    "cases": ["C-1", "C-\x1b2"],
    "origin": "vigil.example/JP/log/1",
    "record": RECORD,
    "algorithm": "pdq",
    "distance": 12,
    "quality": 90,
    "orientation": "rotate90",
    "category": {"scheme": "icse", "version": "1", "code": "2", "baseline": "yes"},
    "series": "Bridge",
    "weak": False,
    "trimmed": False,
    "shares": None,
    "seconds": None,
    "subject_seconds": None,
    "allowed": False,
    "ended": False,
    "state": "new",
    "new": True,
    "decided": None,
    "changed_since": False,
    "became": {
        "corrected": False,
        "retracted_day": None,
        "expired": False,
        "confirmed_by": [],
        "disputed_by": [],
    },
    "seen": False,
    "first_seen": 1_700_000_000,
    "last_seen": 1_700_000_000,
}


SUMMARY: dict[str, Any] = {
    "hits": 1, "total": 419, "new": 3, "confirmed": 0, "rejected": 0, "unsure": 0, "unseen": 0, "hidden": 0,
    "next": None, "not_matched_yet": 0, "left_out": [], "lists": None, "same_name": [],
}  # fmt: skip


DECISION: dict[str, Any] = {
    "state": "rejected",
    "officer": "A. Durand",
    "role": "investigator",
    "at": 1_700_000_000,
    "note": "another room",
    "record": RECORD,
    "followed": False,
}
DETAIL: dict[str, Any] = {
    "hit": "9",
    "holding": 7,
    "cases": ["C-1"],
    "state": "rejected",
    "new": False,
    "decisions": 1,
    "history": [DECISION],
    "earlier": [],
    "on": HIT | {"state": "rejected", "new": False, "decided": DECISION},
    "record": None,
    "evidence": None,
    "row": None,
    "list": None,
    "other": None,
}
DECIDED: dict[str, Any] = {
    "hit": "9", "before": "new", "state": "rejected", "decisions": 1, "followed": 0, "opinion": None,
    "publication": None, "why": None, "unsaid": None, "error": None, "remedy": None, "kind": None,
}  # fmt: skip
