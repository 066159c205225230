"""The benchmark of the search runs, small, checks its own answers and is drawn. What it measures is not judged here."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from bench import match, plot, sweep


@pytest.fixture(autouse=True)
def _few_probes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(match, "BATCH_PROBES", 64)
    monkeypatch.setattr(sweep, "BATCH_PROBES", 64)


def test_the_search_benchmark_prints_well_formed_figures() -> None:
    figures = {each["figure"]: each for each in match.run(records=40_000)}
    assert list(figures) == [
        "match.build",
        "match.bytes_per_record",
        "match.single",
        "match.orientations",
        "match.batch",
        "match.skewed",
        "match.phash",
        "match.phash_batch",
        "match.phash_skewed",
        "match.keep",
        "match.kept_bytes_per_record",
        "match.digests",
        "match.open",
        "match.open_cold",
    ]
    for each in figures.values():
        assert set(each) == {"figure", "value", "unit", "reference", "reference_value", "ratio"}
        assert each["value"] > 0
        assert each["reference_value"] > 0


def test_a_sweep_is_drawn_and_tabled_line_by_line() -> None:
    lines = [{"records": records, "data": data, **made} for records, data, made in sweep.run((500, 1_000))]
    assert len(lines) == 2 * 2 * 2
    assert len(plot.table(lines).splitlines()) == 2 + len(lines)
    drawn = ET.fromstring(plot.picture(plot.series(lines)))  # noqa: S314  (made above)
    curves = drawn.findall("{http://www.w3.org/2000/svg}polyline")
    assert len(curves) == len(plot.series(lines)) == 6
    assert all(len((curve.get("points") or "").split()) == 2 for curve in curves)
