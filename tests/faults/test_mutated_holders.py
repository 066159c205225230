"""Many mutants of every holder: nothing is raised, nothing grows without end."""

import pytest

from node.media.parts import bounds, catalogue
from tests.unit.media.parts.holders import HOLDERS
from tests.unit.media.parts.test_hostile_holders import FREE, hurt

MUTANTS = 1_000


@pytest.mark.faults
@pytest.mark.parametrize("kind", HOLDERS)
def test_mutants_raise_nothing(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    catalogue.prepare()
    monkeypatch.setattr(bounds, "FREE_BYTES", FREE)
    hurt(HOLDERS[kind], MUTANTS, 2)
