"""bench and demo: dispatched to their own rooms, printed as the command line prints everything."""

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from node.demo import show
from tests.unit.cli.conftest import Line, Node, Vigil

FIGURE: Line = {
    "figure": "match.single",
    "value": 1234.5,
    "unit": "1/s",
    "reference": "FAISS",
    "reference_value": 617.25,
    "ratio": 2.0,
}


def test_a_benchmark_is_imported_when_it_is_asked_for(
    vigil: Vigil, node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def benchmark(**options: Any) -> list[Line]:
        asked.append(options)
        return [FIGURE]

    monkeypatch.setitem(sys.modules, "bench.match", SimpleNamespace(run=benchmark))
    assert vigil("bench", "match", "--records", "7", "--json").lines == [FIGURE]
    ran = vigil("bench", "match")
    assert "2.00 x" in ran.out
    assert max(map(len, ran.out.splitlines())) <= 80
    assert asked == [{"records": 7}, {}]
    assert vigil("bench", "nonsense").code == 2


@pytest.mark.parametrize("faults", [[], ["a step"]])
def test_the_demonstration_ends_in_its_summary_and_speaks_on_the_right_stream(
    vigil: Vigil, node: Node, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, faults: list[str]
) -> None:
    asked: list[Any] = []

    def run(*, tell: Any, **options: Any) -> Line:
        asked.append(options)
        tell.say("France finds a copy.")
        tell.table("Hits", ("Who", "What"), [("FR", "a.jpg")])
        tell.faults.extend(faults)
        return {"members": 3}

    monkeypatch.setattr(show, "run", run)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    ran = vigil("demo", "--json", "--keep", "--pictures", tmp_path)
    assert ran.code == (1 if faults else 0)
    assert ran.lines == [{"members": 3}]
    assert "France finds a copy." in ran.err
    assert "a.jpg" in ran.err
    assert asked == [{"pictures": tmp_path, "keep": True, "cache": tmp_path / "vigil"}]
    assert "France finds a copy." in vigil("demo").out
