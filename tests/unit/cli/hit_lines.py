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
    "new": True,
    "first_seen": 1_700_000_000,
    "last_seen": 1_700_000_000,
}


SUMMARY: dict[str, Any] = {
    "hits": 1, "total": 419, "new": 3, "hidden": 0, "next": None, "not_matched_yet": 0, "left_out": [],
    "lists": None, "same_name": [],
}  # fmt: skip
