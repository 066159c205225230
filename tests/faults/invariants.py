"""What must hold after any fault, judged from the home that is left and from what was said before the fault.

Rules this module upholds:

- The judge opens the database as the next start would, and then goes on by the normal path: recovery is normal work.
- Every checkpoint that was ever said is held against the tree that is stored; two that exclude each other are a fork.
- Purged bytes are looked for in the raw files, not through the program.

Every function raises `AssertionError` with what does not hold.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from node.domain.batch import BodyState
from node.domain.ids import Origin, RecordId
from node.domain.log_ports import LogReader, LogState
from node.domain.roster import Roster
from node.domain.services import Head
from node.domain.stores import NodeStore
from node.tlog.merkle import EMPTY_ROOT
from node.usecases.checkpoint_trust import compare, verify_note
from node.usecases.fsck import check_store
from node.usecases.ledger import Draft
from node.usecases.ownlog import Standing
from tests.faults.drivers import bundle, retract, submit
from tests.faults.drivers.parts import FR, JP, ROSTER, hub_head, hub_over, loop_in_one_thread, node_over, opened
from tests.simulator import federation as sim

Said = Sequence[dict[str, Any]]


def whole(store: NodeStore, roster: Roster = ROSTER) -> None:
    """Every root, commitment and signature comes out: fsck finds nothing."""
    faults = [f"{report.log}: {fault}" for report in check_store(store, roster) for fault in report.faults]
    assert faults == []


def signed_agree(reader: LogReader, origin: Origin, notes: Sequence[bytes], *, cosigned: bool = False) -> None:
    """None of these signed checkpoints contradicts the log that is stored, and none is of more than is stored."""
    state = reader.log(origin) or LogState(number=0, origin=origin, size=0, root=EMPTY_ROOT)
    for note in notes:
        checkpoint, _ = verify_note(ROSTER, origin, note, cosigned=cosigned)
        assert checkpoint.size <= state.size, "a checkpoint left the house before its entries were durable"
        compare(reader, state, checkpoint, note)


def notes_in(said: Said, what: str) -> list[bytes]:
    """The signed notes that were said under this name."""
    return [base64.b64decode(line[what]) for line in said if line.get(what)]


def bytes_left(home: Path, needle: bytes) -> list[str]:
    """The files of a home in which these bytes stand."""
    return sorted(each.name for each in home.rglob("*") if each.is_file() and needle in each.read_bytes())


def secrets_of(number: int) -> list[bytes]:
    """The bytes of a made-up picture's fingerprints (`sim.picture`), any of which would betray it."""
    return [each.value for each in sim.picture(number).fingerprints]


def forgotten(home: Path, numbers: Sequence[int]) -> None:
    """Of none of these pictures is a fingerprint in any file."""
    for number in numbers:
        for secret in secrets_of(number):
            assert bytes_left(home, secret) == [], f"picture {number} was purged, and is still there"


# --- a node -----------------------------------------------------------------------------------------------------------


def node_begins(home: Path, said: Said) -> None:
    """A home after a fault in `drivers.create`: making the database again is all that it takes."""
    if not any("created" in line for line in said):
        assert not any("acknowledged" in line for line in said)
    with opened(home, create=True) as store:
        whole(store)
        node_over(store, "begin").own.state()


def node_stands(home: Path, said: Said) -> None:
    """A node's home after a fault: what it said holds, it starts, and goes on."""
    replaced = {line["replacing"] for line in said if "replacing" in line}
    names = [each for line in said for each in line.get("acknowledged", ())]
    acknowledged = [RecordId.parse(each) for each in names]
    notes = notes_in(said, "signed")
    with opened(home) as store:
        whole(store)
        with store.read() as reader:
            lost = [each for each in acknowledged if not _is_kept(reader, each)]
            assert {str(each) for each in lost} <= replaced, "an acknowledged record is lost"
            state = reader.log(FR.origin)
            assert state is not None
            notes += [state.checkpoint] if state.checkpoint else []
            signed_agree(reader, FR.origin, notes)
            _holding_agrees(reader, said)
        _goes_on(store, state, [each for each in acknowledged if each not in lost], notes)


def _is_kept(reader: LogReader, record: RecordId) -> bool:
    return bool(reader.find(record.origin, [record.leaf])) or reader.find_pending(record.leaf) is not None


def _holding_agrees(reader: Any, said: Said) -> None:
    """A holding names a record that is there; and if its sharing was acknowledged, it names one."""
    holding = reader.holding(1)
    if holding is not None:
        assert holding.record is None or _is_kept(reader, holding.record), "a holding names a record that is not there"
        assert holding.record or not any("holding" in line for line in said), "a shared holding is national again"


def _goes_on(store: NodeStore, state: LogState, acknowledged: Sequence[RecordId], notes: Sequence[bytes]) -> None:
    """The next start: compared with a hub that has all that was ever signed; places, signs, and appends anew."""
    node = node_over(store, "after")
    newest = max(notes, key=_size_of, default=b"")
    size = _size_of(newest) if newest else 0
    assert node.own.reconcile(hub_head(newest, size)) in {Standing.EQUAL, Standing.HUB_BEHIND}
    after = [node.own.place_and_sign()]
    (record,) = node.ledger.contribute([Draft(statement=sim.picture(9_000))])
    after.append(node.own.place_and_sign())
    with store.read() as reader:
        placed = reader.find(FR.origin, [each.leaf for each in [*acknowledged, record]])
        assert set(placed) == {each.leaf for each in [*acknowledged, record]}, "an acknowledged record got no place"
        assert reader.pending(FR.origin, 10) == []
        now = reader.log(FR.origin)
        assert now is not None
        assert now.size == now.checkpoint_size > state.size
        _each_once(reader, now)
        signed_agree(reader, FR.origin, [*notes, *(each.checkpoint for each in after if each.size)])
    whole(store)


def _size_of(note: bytes) -> int:
    return int(note.split(b"\n")[1])


def _each_once(reader: LogReader, log: LogState) -> None:
    run = reader.run(log.origin, 0, log.size, 1 << 30)
    assert len(run.entries) == log.size == len(set(run.entries)), "an entry stands in the log twice"


def purges_hold(home: Path, said: Said) -> None:
    """A node's home after a fault in `drivers.retract`: what was said to be gone is gone at once; what is gone for the
    database is gone from the files with the next start; and what is not gone is whole.
    """
    gone = [number for line in said for number in line.get("gone", ())]
    forgotten(home, gone)
    with opened(home) as store:
        with store.read() as reader:
            states = {number: _state_of(reader, retract.record(home, number)) for number in range(retract.PLACED)}
            waiting = retract.record(home, retract.WAITING)
            waits = reader.find_pending(waiting.leaf) or reader.find(FR.origin, [waiting.leaf])
        purged = [number for number, state in states.items() if state == BodyState.PURGED]
        purged += [] if waits else [retract.WAITING]
        assert set(gone) <= set(purged) <= {retract.RETRACTED, retract.CORRECTED, retract.EXPIRED, retract.WAITING}
        # The start alone has to see to it: nobody has asked anything of this store yet.
        forgotten(home, purged)
    kept = [number for number, state in states.items() if state == BodyState.HELD]
    assert {*purged, *kept} >= set(range(retract.PLACED))
    assert all(bytes_left(home, secret) for number in kept for secret in secrets_of(number))


def _state_of(reader: LogReader, record: RecordId) -> int:
    index = reader.find(record.origin, [record.leaf])[record.leaf]
    return reader.run(record.origin, index, index + 1, 0).states[0]


# --- a hub ------------------------------------------------------------------------------------------------------------


def hub_stands(home: Path, said: Said) -> None:
    """A hub's home after a fault: it has every head that it answered with, and takes the rest when it is submitted."""
    heads = [line for line in said if "head" in line]
    forgotten(home, [number for line in heads for number in line["gone"]])
    with opened(home) as store, loop_in_one_thread() as runner:
        whole(store)
        with store.read() as reader:
            for line in heads:
                origin, cosigned = Origin.parse(line["head"]), base64.b64decode(line["cosigned"])
                state = reader.log(origin)
                assert state is not None, "the hub answered with a head that it does not have"
                assert state.size >= line["size"], "the hub answered with a head that it does not have"
                assert state.cosigned_size >= line["cosigned_size"], "a cosigned head is lost"
                signed_agree(reader, origin, [cosigned] if cosigned else [], cosigned=True)
            fr = reader.log(FR.origin)
            # The third run of `submit.packages` is stored.
            retracted = fr is not None and fr.size > 6
        if retracted:
            forgotten(home, [submit.RETRACTED])
        else:
            assert all(bytes_left(home, each) for each in secrets_of(submit.RETRACTED))
        carrier = hub_over(store)
        after: dict[Origin, Head] = {}
        for package in submit.packages():
            head = runner.run(carrier.submit(package.origin.member, package))
            after[package.origin] = head
            assert head.size >= package.end
        assert all(head.size == head.cosigned_size for head in after.values())
        with store.read() as reader:
            for line in heads:
                note = base64.b64decode(line["cosigned"])
                signed_agree(reader, Origin.parse(line["head"]), [note] if note else [], cosigned=True)
        whole(store)
        forgotten(home, [submit.RETRACTED])


# --- a bundle ---------------------------------------------------------------------------------------------------------


def bundle_stands(home: Path, said: Said) -> None:
    """A node's home after a fault while it read a bundle: what it said is there, and reading it again completes it."""
    sizes = [line["size"] for line in said if line.get("standing") in {"read", "known"}]
    with opened(home) as store:
        whole(store)
        with store.read() as reader:
            state = reader.log(JP.origin)
            assert state is not None
            assert max(sizes, default=bundle.HERE) <= state.size, "a reading left the house before it was durable"
            assert not state.frozen
            assert reader.run(JP.origin, 0, state.size, 1 << 20).entries == bundle.log().entries[: state.size]
        assert bundle.read(store, bundle.bundle(bundle.log(), 5)).after == bundle.SIZE
        with store.read() as reader:
            states = list(reader.run(JP.origin, 0, bundle.SIZE, 1 << 20).states)
        held = [BodyState.HELD] * bundle.SIZE
        held[bundle.RETRACTED] = BodyState.PURGED
        assert states == held
        whole(store)
    forgotten(home, [bundle.RETRACTED])
