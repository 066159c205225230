"""The benchmarks run, small, and print lines of the contract's form. What they measure is not judged here."""

from pathlib import Path

import pytest

from bench import fingerprint, ingest, investigation, query


def test_the_query_benchmark_asks_a_few_members_and_prints_well_formed_figures() -> None:
    figures = list(query.run(records=3))
    assert [each["figure"] for each in figures] == [
        "query.signatures",
        "query.fanout",
        "query.fanout_hub",
        "query.fanout_durable",
        "query.fanout_durable_hub",
    ]
    for each in figures:
        assert set(each) == {"figure", "value", "unit", "reference", "reference_value", "ratio"}
        assert each["value"] > 0
        assert each["reference_value"] > 0


def test_the_fingerprint_benchmark_makes_up_pictures_where_there_are_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIGIL_PHOTOS", str(tmp_path))
    monkeypatch.setattr(ingest, "run", lambda _: iter(()))
    figures = list(fingerprint.run(records=2))
    assert [each["figure"] for each in figures] == [
        "fingerprint.rate_jpeg",
        "fingerprint.rate",
        "fingerprint.floor",
        "fingerprint.fidelity_mean",
        "fingerprint.fidelity_p99",
        "fingerprint.fidelity_max",
    ]
    for each in figures:
        assert set(each) == {"figure", "value", "unit", "reference", "reference_value", "ratio"}
        assert each["reference_value"] > 0
    assert "made up" in figures[0]["reference"]


def test_the_memory_of_an_ingest_is_measured_on_a_joined_node() -> None:
    [measured] = ingest.run(records=8)
    assert measured["figure"] == "ingest.memory"
    assert "at 2 files instead of 8" in measured["reference"]
    assert measured["value"] > 0


def test_every_figure_of_the_investigation_is_measured() -> None:
    figures = list(investigation.run(records=5))
    names = ["ingest.reviewed", "links.component", "watch.match", "sync.mixed"]
    assert [each["figure"] for each in figures] == names
    for each in figures:
        assert set(each) == {"figure", "value", "unit", "reference", "reference_value", "ratio"}
        assert each["value"] > 0
