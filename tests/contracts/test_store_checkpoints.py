"""What every store owes the checkpoints of a log, its anchor, and the evidence of a fork."""

from __future__ import annotations

import pytest

from node.domain.stores import NodeStore
from node.errors import Fork, Misuse, NotFound
from tests.simulator.batches import FR, JP, append, batch, words


def test_checkpoints_only_go_forward(store: NodeStore) -> None:
    append(store, batch(store, FR, words(3)))
    with store.write() as writer:
        writer.set_checkpoint(FR, b"signed at 5", 5)
        writer.set_checkpoint(FR, b"signed at 4", 4)
        writer.set_cosigned(FR, b"cosigned at 3", 3)
        writer.set_cosigned(FR, b"cosigned at 2", 2)
    with store.read() as reader:
        log = reader.log(FR)
    assert log is not None
    assert (log.checkpoint, log.checkpoint_size) == (b"signed at 5", 5)
    assert (log.cosigned, log.cosigned_size) == (b"cosigned at 3", 3)
    with pytest.raises(Misuse), store.write() as writer:
        writer.set_cosigned(FR, b"cosigned at 4", 4)


def test_the_anchor_stays_beside_newer_checkpoints_until_it_is_replaced_or_reached(store: NodeStore) -> None:
    append(store, batch(store, FR, words(3)))
    with store.write() as writer:
        writer.set_checkpoint(FR, b"signed at 5", 5)
        writer.set_anchor(FR, b"signed at 5", 5)
    with store.write() as writer:
        writer.set_checkpoint(FR, b"signed at 9", 9)
    with store.read() as reader:
        log = reader.log(FR)
        assert log is not None
        assert (log.anchor, log.anchor_size) == (b"signed at 5", 5)
        assert (log.checkpoint, log.checkpoint_size) == (b"signed at 9", 9)
    append(store, batch(store, FR, words(3, "more")))
    for note, size in ((b"signed at 9", 9), (b"", 0)):
        with store.write() as writer:
            writer.set_anchor(FR, note, size)
        with store.read() as reader:
            (log,) = reader.logs()
        assert (log.anchor, log.anchor_size, log.checkpoint_size) == (note, size, 9)


def test_an_anchor_is_past_the_log_or_none(store: NodeStore) -> None:
    append(store, batch(store, FR, words(3)))
    for note, size in ((b"signed at 3", 3), (b"signed at 2", 2), (b"", 5), (b"signed at nothing", 0)):
        with pytest.raises(Misuse), store.write() as writer:
            writer.set_anchor(FR, note, size)
    with pytest.raises(NotFound), store.write() as writer:
        writer.set_anchor(JP, b"", 0)
    with store.read() as reader:
        (log,) = reader.logs()
    assert (log.anchor, log.anchor_size) == (b"", 0)


def test_a_frozen_log_takes_nothing_more_and_keeps_its_evidence(store: NodeStore) -> None:
    append(store, batch(store, FR, words(2)))
    notes = [b"one note\n", b"another note\n"]
    with store.write() as writer:
        writer.freeze(FR, "two roots at size 2", notes)
    more = batch(store, FR, ["more"])
    with pytest.raises(Fork) as caught:
        append(store, more)
    assert list(caught.value.evidence) == notes
    with store.read() as reader:
        assert reader.evidence(FR) == notes
        log = reader.log(FR)
    assert log is not None
    assert (log.frozen, log.size) == ("two roots at size 2", 2)
