"""What a sender fills, every receiver takes, whatever the entries of a log are like."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from node.domain.batch import MAX_BODY, MAX_HANDLING, MAX_PACKAGE, MAX_RUN, RUN_BYTES, RUN_WORDS, Package, VerifiedBatch
from node.domain.envelope import MAX_ENTRY, Kind
from node.domain.ids import Origin, federation_id, member_id
from node.tlog import tiles
from node.tlog.merkle import leaf_hashes
from node.usecases.filling import next_run, weight
from node.usecases.replica import _check_limits
from node.wire import limits
from node.wire.convert_federation import followed_from_pb, package_to_pb
from tests.simulator.memory_store import MemoryStore

ORIGIN = Origin(federation_id("sim.example"), member_id("FR"))
NOTE = b"n" * 2_000
PROOF = [bytes(32)] * 64
runs = st.lists(
    st.tuples(
        st.integers(1, 60_000),  # how many alike
        st.one_of(st.just(2), st.integers(2, 300), st.integers(2, MAX_ENTRY)),
        st.one_of(st.just(0), st.integers(0, 400), st.integers(0, MAX_BODY)),
        st.one_of(st.just(0), st.integers(0, MAX_HANDLING)),
        st.booleans(),
    ),
    min_size=1,
    max_size=3,
)
MOST = 1 << 20
"""Bytes of a made-up log, so that a test takes a moment."""


def a_store(shapes: list[tuple[int, int, int, int, bool]]) -> tuple[MemoryStore, int]:
    entries: list[bytes] = []
    bodies: list[bytes] = []
    handlings: list[bytes] = []
    for count, entry, body, handling, word in shapes:
        alike = max(1, min(count, MOST // (20 + entry + body + handling)))
        entries += [bytes([1, Kind.COMMENT if word else Kind.CONTRIBUTION]).ljust(entry, b"e")] * alike
        bodies += [b"b" * body] * alike
        handlings += [b"h" * handling] * alike
    nonces = [bytes(32) if body or handling else b"" for body, handling in zip(bodies, handlings, strict=True)]
    leaves = leaf_hashes(entries)
    grown = tiles.append(0, (), leaves)
    store = MemoryStore()
    with store.write() as writer:
        writer.open_log(ORIGIN)
        writer.append(
            VerifiedBatch(
                origin=ORIGIN,
                start=0,
                entries=entries,
                leaves=leaves,
                kinds=bytes(len(entries)),
                expiry_days=[0] * len(entries),
                nonces=nonces,
                bodies=bodies,
                handling_nonces=nonces,
                handlings=handlings,
                states=bytes(len(entries)),
                tiles=dict(grown.tiles),
                size=grown.size,
                root=grown.root,
            )
        )
    return store, len(entries)


@settings(max_examples=20, deadline=None)
@given(shapes=runs)
def test_every_package_that_is_filled_is_taken(shapes: list[tuple[int, int, int, int, bool]]) -> None:
    """Through the wire's message and its limits, and through what a copy of the log demands of a package."""
    store, size = a_store(shapes)
    at = 0
    with store.read() as reader:
        while at < size:
            run = next_run(reader, ORIGIN, at, size, RUN_BYTES)
            package = Package(
                origin=ORIGIN,
                start=at,
                entries=run.entries,
                nonces=run.nonces,
                bodies=run.bodies,
                handling_nonces=run.handling_nonces,
                handlings=run.handlings,
                checkpoint=NOTE,
                proof=PROOF,
            )
            message = package_to_pb(package)
            assert message.ByteSize() <= min(MAX_PACKAGE + 8_192, limits.PACKAGE_BYTES_ACCEPTED)
            assert not followed_from_pb(message).fault
            _check_limits(package)
            assert sum(map(weight, run.entries)) <= RUN_WORDS
            at += len(run.entries)
    assert at == size


def test_the_limits_of_both_ends_fit_each_other() -> None:
    assert RUN_BYTES < MAX_PACKAGE < limits.PACKAGE_BYTES_ACCEPTED < limits.MESSAGE_BYTES
    assert MAX_ENTRY + MAX_BODY + MAX_HANDLING < MAX_PACKAGE
    assert MAX_RUN > MAX_PACKAGE // 22
