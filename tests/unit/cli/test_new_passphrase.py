"""vigil node, hub and authority passphrase: where the new passphrase comes from, and what it opens."""

from collections.abc import Callable
from pathlib import Path

import pytest

from node import app
from tests.unit.cli.conftest import Line, Node, Vigil


@pytest.mark.parametrize("group", ["node", "hub", "authority"])
def test_a_passphrase_is_changed_from_one_source_to_another(
    vigil: Vigil, node: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, group: str
) -> None:
    asked: list[tuple[str, str]] = []
    done: Line = {"keys": ["root-1", "targets-1"], "changed": 2, "missing": ["root 1"]}

    def change(_: object, former: Callable[[], str], fresh: Callable[[], str], *_who: object, **_more: object) -> Line:
        asked.append((former(), fresh()))
        return done

    monkeypatch.setattr(app, "change_passphrase", change)
    monkeypatch.setattr(app, "change_authority_passphrase", change)
    monkeypatch.setenv("VIGIL_PASSPHRASE", "former")
    where = ["--folder", tmp_path / "stick"] if group == "authority" else []
    assert vigil(group, "passphrase", *where).code == 2, "no terminal, and no new passphrase"
    monkeypatch.setenv("VIGIL_NEW_PASSPHRASE", "from a variable")
    ran = vigil(group, "passphrase", *where)
    assert "the new passphrase opens 2 key files" in ran.out
    assert "root 1" in ran.out
    (tmp_path / "new").write_text("from a file\n")
    vigil(group, "passphrase", *where, "--new-passphrase-file", tmp_path / "new")
    assert asked == [("former", "from a variable"), ("former", "from a file")]
