"""The static table of digests finds what a dict finds, whatever lies in it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.errors import Damaged
from node.match import digest_segment
from node.match.digest_segment import DigestSegment, build, opened
from node.match.flat import DEAD
from node.match.segments import Part, in_memory

WIDTH = 4
digests = st.binary(min_size=16, max_size=16) | st.sampled_from([bytes(16), b"\xff" * 16, bytes(15) + b"\x01"])


def part(values: list[bytes], first: int = 0, dead: frozenset[int] = frozenset()) -> Part:
    count = len(values)
    sources = np.array([DEAD if at in dead else 1 + at % 3 for at in range(count)], dtype=np.int32)
    return Part(
        hashes=np.frombuffer(b"".join(values), dtype=np.uint32).reshape(count, WIDTH).copy(),
        sources=sources,
        rows=np.arange(first, first + count, dtype=np.int64),
        qualities=np.empty(0, dtype=np.int8),
    )


def made(parts: list[Part]) -> DigestSegment:
    return build(parts, in_memory, lambda _done, _total: None, width=WIDTH)


def found(segment: DigestSegment, asked: list[bytes]) -> list[tuple[int, int, int]]:
    words = np.frombuffer(b"".join(asked), dtype=np.uint32).reshape(len(asked), WIDTH).copy()
    hits = segment.confirm(*segment.near(words, 0), words, 0)
    return sorted(zip(hits.probe.tolist(), hits.source.tolist(), hits.row.tolist(), strict=True))


@given(
    st.lists(st.tuples(st.lists(digests, max_size=40), st.frozensets(st.integers(0, 40))), max_size=4),
    st.lists(digests, min_size=1, max_size=100),
)
def test_it_finds_what_a_dict_finds(given_parts: list[tuple[list[bytes], frozenset[int]]], asked: list[bytes]) -> None:
    parts = [part(values, 100 * number, dead) for number, (values, dead) in enumerate(given_parts)]
    stored = [
        (values[at], int(each.sources[at]), int(each.rows[at]))
        for each, (values, dead) in zip(parts, given_parts, strict=True)
        for at in range(len(values))
        if at not in dead
    ]
    asked += [value for values, _ in given_parts for value in values]
    expected = [(n, source, row) for n, probe in enumerate(asked) for value, source, row in stored if value == probe]
    assert found(made(parts), asked) == sorted(expected)


def test_many_equal_digests_are_all_found_and_cost_the_others_nothing() -> None:
    """One bucket holds all of them: a bucket is not sized by who fills it."""
    values = [bytes(16)] * 3_000 + [number.to_bytes(16, "big") for number in range(1, 3_000)]
    segment = made([part(values)])
    assert len(found(segment, [bytes(16)])) == 3_000
    assert len(np.diff(segment.starts.astype(np.int64))) >= len(values) // digest_segment.DIGESTS_A_BUCKET
    assert [hit[2] for hit in found(segment, [(7).to_bytes(16, "big")])] == [3_006]


def test_digests_that_differ_in_few_bits_are_spread() -> None:
    """What a member chose to share a beginning, an end or all but one word shares no bucket for it."""
    for place in range(13):
        values = [bytes(place) + number.to_bytes(2, "big") + b"x" * (14 - place) for number in range(4_096)]
        fullest = int(np.diff(made([part(values)]).starts.astype(np.int64)).max())
        assert fullest < 24, f"a bucket of {fullest} digests"


@given(st.data())
def test_a_damaged_table_hides_digests_and_invents_none(data: st.DataObject) -> None:
    values = [number.to_bytes(16, "little") for number in range(50)]
    segment = made([part(values)])
    arrays = {name: array.copy() for name, array in segment.arrays().items()}
    name = data.draw(st.sampled_from(sorted(arrays)))
    raw = arrays[name].view(np.uint8).reshape(-1)
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    damaged = opened(arrays, WIDTH)
    stored = set(enumerate(values))
    hits = found(damaged, values)
    if name not in {"sources", "rows", "hashes"}:
        assert {(row, values[probe]) for probe, _, row in hits} <= stored
    assert len(hits) <= len(values) + 1


@pytest.mark.parametrize("name", ["hashes", "sources", "rows", "starts", "seeds"])
def test_arrays_that_do_not_fit_together_are_refused(name: str) -> None:
    arrays = dict(made([part([bytes(16)] * 5)]).arrays())
    for wrong in (arrays[name][:-1], arrays[name].astype(np.int16), arrays[name].reshape(-1, 1, 1)):
        with pytest.raises(Damaged):
            opened({**arrays, name: wrong}, WIDTH)
    with pytest.raises(Damaged):
        opened({key: value for key, value in arrays.items() if key != name}, WIDTH)
