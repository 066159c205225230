"""The code in the desk that others wrote is exactly what they released."""

from __future__ import annotations

import hashlib
from importlib import resources

import pytest

RELEASED = {
    "htmx.min.js": "a0abb04f2f45a1f89d1d4844023245537e5e6014c87b144553e0607b4cc32130",
    "hx-csp.min.js": "a7e1e6711ae6c3e50ad300fba7936cbe8d07599cdae313414a179ddd6b26e143",
    "htmx-LICENSE.txt": "d3d2456f76414f2456104660ebd65aff1c04cd7966b942bdabd63f3cdb316a38",
}
"""SHA-256 of the files of htmx 4.0.1 (ADR 59)."""
FOLDER = resources.files("node.desk") / "static" / "vendor"


@pytest.mark.parametrize("name", RELEASED)
def test_a_vendored_file_is_the_released_one(name: str) -> None:
    assert hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() == RELEASED[name]


def test_no_other_file_is_vendored() -> None:
    assert {each.name for each in FOLDER.iterdir()} == set(RELEASED)
