"""Fixtures that every test may use."""

import os
from pathlib import Path

import pytest


def absent(reason: str) -> None:
    """Skips a test for want of something outside the project; in CI, where everything is installed, it fails instead."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI must have this: {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def vectors() -> Path:
    """The folder of outside test vectors, named by VIGIL_VECTORS."""
    folder = os.environ.get("VIGIL_VECTORS", "")
    if not folder or not Path(folder).is_dir():
        absent("VIGIL_VECTORS names no folder with the outside test vectors")
    return Path(folder)
