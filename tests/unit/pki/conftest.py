"""Fixtures of the identity tests."""

from pathlib import Path

import pytest

from tests.unit.pki.federation import FR, JP, Federation


@pytest.fixture
def empty(tmp_path: Path) -> Federation:
    """Authority and hub; nothing signed yet."""
    return Federation(tmp_path)


@pytest.fixture
def federation(empty: Federation) -> Federation:
    """The same with FR and JP admitted."""
    empty.admit(FR, JP)
    return empty
