"""Fixtures of the identity tests."""

from pathlib import Path

import pytest

from tests.unit.pki.federation import FR, JP, Federation


@pytest.fixture(scope="session")
def _empty(tmp_path_factory: pytest.TempPathFactory) -> Federation:
    return Federation(tmp_path_factory.mktemp("empty"))


@pytest.fixture(scope="session")
def _admitted(tmp_path_factory: pytest.TempPathFactory) -> Federation:
    made = Federation(tmp_path_factory.mktemp("admitted"))
    made.admit(FR, JP)
    return made


@pytest.fixture
def empty(_empty: Federation, tmp_path: Path) -> Federation:
    """Authority and hub; nothing signed yet."""
    return Federation.copy_of(_empty, tmp_path)


@pytest.fixture
def federation(_admitted: Federation, tmp_path: Path) -> Federation:
    """The same with FR and JP admitted."""
    return Federation.copy_of(_admitted, tmp_path)
