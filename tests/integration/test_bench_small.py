"""The benchmarks run, small, and print lines of the contract's form. What they measure is not judged here."""

from bench import query


def test_the_query_benchmark_asks_a_few_members_and_prints_well_formed_figures() -> None:
    figures = list(query.run(records=3))
    assert [each["figure"] for each in figures] == ["query.fanout", "query.fanout_durable"]
    for each in figures:
        assert set(each) == {"figure", "value", "unit", "reference", "reference_value", "ratio"}
        assert each["value"] > 0
        assert each["reference_value"] > 0
