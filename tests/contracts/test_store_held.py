"""Entries and holdings by their places, many at once: what every store owes the re-check of hits."""

from __future__ import annotations

import random

from node.domain.batch import BodyState
from node.domain.queries import Level
from node.domain.stores import NodeStore
from tests.contracts.holdings import put, video
from tests.simulator.batches import FR, JP, append, batch, disclosure, entry

HELD, MISSING = BodyState.HELD, BodyState.MISSING


def test_entries_are_given_wherever_they_stand(store: NodeStore) -> None:
    words = [f"word {number}" for number in range(900)]
    for start in (0, 1, 5, 300, 301):  # stretches of every length, with another log's between them
        stop = {0: 1, 1: 5, 5: 300, 300: 301, 301: 900}[start]
        append(store, batch(store, FR, words[start:stop]))
        append(store, batch(store, JP, [f"other {start}"]))
    picked = random.Random(3).sample(range(900), 700)
    with store.read() as reader:
        for indices in ([0], [899], [4, 5, 300], picked, [*picked, picked[0]]):
            expected = {index: (entry(words[index]), disclosure(words[index]).body) for index in indices}
            assert reader.held_at(FR, indices) == expected
        assert reader.held_at(JP, [4]) == {4: (entry("other 301"), disclosure("other 301").body)}


def test_what_is_not_held_or_not_there_is_left_out(store: NodeStore) -> None:
    append(store, batch(store, FR, ["a", "b", "c", "d"], states=[HELD, MISSING, HELD, HELD]))
    with store.write() as writer:
        writer.purge(FR, [2])
        writer.set_aside(FR, 3, "a reason")
    with store.read() as reader:
        assert set(reader.held_at(FR, [0, 1, 2, 3, 4, 1 << 40, -1])) == {0}
        assert reader.held_at(FR, []) == {}
        assert reader.held_at(JP, [0]) == {}


def test_a_body_that_came_later_is_given(store: NodeStore) -> None:
    append(store, batch(store, FR, ["a", "b", "c"], states=[HELD, MISSING, MISSING]))
    late = disclosure("late", size=900)
    with store.write() as writer:
        writer.fill(FR, {1: late})
    with store.read() as reader:
        assert reader.held_at(FR, [0, 1, 2]) == {
            0: (entry("a"), disclosure("a").body),
            1: (entry("b"), late.body),
        }


def test_whole_disclosures_are_given_too(store: NodeStore) -> None:
    append(store, batch(store, FR, ["a", "b", "c"], states=[HELD, MISSING, HELD]))
    late = disclosure("late", size=900)
    with store.write() as writer:
        writer.fill(FR, {1: late})
        writer.purge(FR, [2])
    with store.read() as reader:
        assert reader.disclosed_at(FR, [0, 1, 2, 9]) == {
            0: (entry("a"), disclosure("a")),
            1: (entry("b"), late),
        }
        assert reader.disclosed_at(JP, [0]) == {}


def test_holdings_are_given_by_their_ids(store: NodeStore) -> None:
    with store.write() as writer:
        ids = [put(writer, f"{number}", level=Level.HIT_NO_HIT, case=f"C-{number % 3}") for number in range(600)]
    with store.read() as reader:
        found = reader.holdings_by_id([*ids[50:], ids[60], 10_000, 0, -1])
        assert found == {number: reader.holding(number) for number in ids[50:]}
        assert reader.holdings_by_id([]) == {}


def test_videos_are_given_by_their_ids_with_their_frames(store: NodeStore) -> None:
    with store.write() as writer:
        pictures = [put(writer, f"{number}") for number in range(3)]
        videos = [
            writer.put_holding(video(f"film {frames}", frames), level=Level.NATIONAL, case="", tag=b"", now=1)[0]
            for frames in (1, 4, 90)
        ]
    with store.read() as reader:
        found = reader.holdings_by_id([*videos, *pictures])
        assert found == {number: reader.holding(number) for number in [*videos, *pictures]}
        assert [len(found[number].fingerprints) for number in videos] == [3 + 1, 3 + 4, 3 + 90]
