"""What it takes to believe a package: its tree, its signatures, and its limits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from node.domain.batch import MAX_BODY
from node.domain.roster import KeyStatus, Roster
from node.errors import BadProof, BadSignature, Conflict, Malformed, PeerFault
from node.tlog import merkle, tiles
from node.usecases.checkpoint_trust import log_keys
from tests.simulator.federation import NOW, Log, Speaker, cosigned
from tests.unit.usecases.checked_packages import FR, HELD, JP, ROSTER, check, log_of, start

# --- the tree ---------------------------------------------------------------------------------------------------------


def test_a_run_in_pieces_gives_the_log_that_its_owner_has() -> None:
    log = log_of(700)
    at = start()
    for first, last in ((0, 1), (1, 256), (256, 300), (300, 513), (513, 700)):
        verified = check(log.package(first, last, at=700, hub=True), at)
        at = verified.after
        assert set(verified.batch.states) == {HELD}
        assert at.edge == tiles.read_edge(log, last)
        assert at.tree == tiles.compact_range(last, at.edge)
        assert (at.state.size, at.state.root) == (last, log.root(last))
    assert at.state.checkpoint == at.state.cosigned == cosigned(log.note())
    assert at.state.cosigned_size == at.state.checkpoint_size == 700
    assert (at.state.anchor, at.state.anchor_size) == (b"", 0)


def test_what_is_not_reached_is_not_called_cosigned() -> None:
    after = check(log_of(9).package(0, 5, at=9, hub=True)).after.state
    assert (after.checkpoint_size, after.cosigned_size, after.size) == (9, 0, 5)
    assert (after.anchor, after.anchor_size) == (cosigned(log_of(9).note()), 9)


def test_the_tiles_are_those_of_the_log() -> None:
    log = log_of(600)
    batch = check(log.package(hub=True)).batch
    assert batch.tiles == log.tiles
    assert batch.leaves == merkle.leaf_hashes(log.entries)


@pytest.mark.parametrize("changed", [0, 3, 6])
def test_an_edited_entry_is_refused(changed: int) -> None:
    log = log_of(7)
    entries = list(log.entries)
    entries[changed] = entries[changed][:-1] + bytes([entries[changed][-1] ^ 1])
    with pytest.raises(BadProof):
        check(log.package(hub=True, entries=entries))


def test_entries_left_out_swapped_or_repeated_are_refused() -> None:
    log = log_of(7)
    for order in ([0, 1, 2, 4, 5, 6], [1, 0, 2, 3, 4, 5, 6], [0, 0, 1, 2, 3, 4, 5]):
        columns: dict[str, Any] = {
            "entries": [log.entries[i] for i in order],
            "nonces": [log.disclosures[i].nonce for i in order],
            "bodies": [log.disclosures[i].body for i in order],
            "handling_nonces": [log.disclosures[i].handling_nonce for i in order],
            "handlings": [log.disclosures[i].handling for i in order],
        }
        with pytest.raises(PeerFault):
            check(log.package(hub=True, **columns))


def test_a_package_that_does_not_start_where_the_log_stands_is_a_conflict_that_says_where() -> None:
    log = log_of(7)
    at = check(log.package(0, 4, hub=True)).after
    for first in (0, 3, 5):
        with pytest.raises(Conflict) as conflict:
            check(log.package(first, 7, hub=True), at)
        assert conflict.value.have == 4


def test_a_proof_that_is_wrong_missing_or_not_needed_is_refused() -> None:
    log = log_of(7)
    good = log.package(0, 5, at=7, hub=True)
    for proof in ((), good.proof[:-1], (*good.proof, bytes(32)), (*good.proof[:-1], bytes(32)), [bytes(32)] * 65):
        with pytest.raises(PeerFault):
            check(replace(good, proof=proof))
    with pytest.raises(BadProof):
        check(log.package(hub=True, proof=(bytes(32),)))


def test_a_checkpoint_smaller_than_its_run_is_refused() -> None:
    log = log_of(7)
    with pytest.raises(BadProof, match="past its checkpoint"):
        check(log.package(hub=True, checkpoint=cosigned(log.note(5))))


# --- who vouches ------------------------------------------------------------------------------------------------------


def test_the_origins_key_must_have_signed() -> None:
    log = log_of(3)
    forged = Log(replace(FR, signer=JP.signer, vkey=replace(JP.vkey, name=str(FR.origin))))
    forged.entries, forged.disclosures, forged.tiles = log.entries, log.disclosures, log.tiles
    with pytest.raises(BadSignature):
        check(forged.package(hub=True))


def test_the_hubs_cosignature_is_demanded_when_following_and_not_when_submitting() -> None:
    package = log_of(3).package()
    with pytest.raises(BadSignature):
        check(package)
    assert check(package, reader=None, hub=False).cosigned_at == 0
    assert check(log_of(3).package(hub=True)).cosigned_at == NOW


def test_a_log_of_nobody_or_of_a_member_without_a_key_for_it_is_refused() -> None:
    stranger = log_of(3, Speaker.named("XX"))
    with pytest.raises(BadSignature):
        check(stranger.package(hub=True), start(stranger.speaker.origin))
    second = log_of(3, Speaker.named("FR", epoch=2))
    with pytest.raises(BadSignature):
        check(second.package(hub=True), start(second.speaker.origin))


def test_a_checkpoint_of_another_members_log_is_refused() -> None:
    fr, jp = log_of(3), log_of(3, JP)
    with pytest.raises(Malformed):
        check(fr.package(hub=True, checkpoint=cosigned(jp.note())))
    with pytest.raises(Malformed):
        check(fr.package(hub=True), start(JP.origin))


def test_a_key_vouches_only_for_the_sizes_and_in_the_status_that_the_roster_says() -> None:
    member = ROSTER.members[FR.id]
    (key,) = member.keys

    def with_key(**changed: object) -> Roster:
        changed_key = replace(key, **changed)  # type: ignore[arg-type]
        return replace(ROSTER, members={**ROSTER.members, FR.id: replace(member, keys=(changed_key,))})

    assert log_keys(with_key(until_size=5), FR.origin, 5)
    assert not log_keys(with_key(until_size=5), FR.origin, 6)
    assert not log_keys(with_key(from_size=5), FR.origin, 4)
    assert log_keys(with_key(status=KeyStatus.RETIRED), FR.origin, 5)
    assert not log_keys(with_key(status=KeyStatus.REVOKED), FR.origin, 5)
    with pytest.raises(BadSignature):
        check(log_of(6).package(hub=True), known=with_key(until_size=5))


# --- limits -----------------------------------------------------------------------------------------------------------


def test_an_empty_package_columns_of_unequal_length_and_oversize_are_refused() -> None:
    log = log_of(3)
    with pytest.raises(Malformed):
        check(log.package(3, 3, at=3, hub=True), check(log.package(hub=True)).after)
    for column in ("nonces", "bodies", "handling_nonces", "handlings"):
        with pytest.raises(Malformed):
            check(replace(log.package(hub=True), **{column: [b""] * 2}))  # type: ignore[arg-type]
    with pytest.raises(Malformed):
        check(log.package(hub=True, bodies=[bytes(MAX_BODY + 1), b"", b""]))
    with pytest.raises(Malformed):
        check(log.package(hub=True, bodies=[bytes(MAX_BODY)] * 3))
    with pytest.raises(Malformed):
        check(log.package(hub=True, nonces=[bytes(31), b"", b""]))
