"""What it takes to believe a package."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from node.domain.batch import MAX_BODY, BodyState, Package
from node.domain.envelope import Envelope, Kind, decode
from node.domain.handling import Handling
from node.domain.ids import MemberId, Origin, RecordId
from node.domain.log_ports import LogState
from node.domain.roster import KeyStatus, Roster
from node.domain.statements import Comment, Retraction
from node.errors import BadProof, BadSignature, Conflict, Damaged, Fork, Malformed, PeerFault, Refused
from node.store.store import open_node_store
from node.tlog import merkle, tiles
from node.usecases.applying_runs import apply
from node.usecases.checkpoint_trust import log_keys
from node.usecases.disclosure import Copy
from node.usecases.entry_columns import Handlings, parse
from node.usecases.replica import Position, Rules, Verified, position, verify_package
from node.wire.convert_records import decode_handling
from tests.simulator.federation import NOTHING, NOW, OPEN, TODAY, Log, Speaker, cosigned, entry_of, picture, roster

FR, JP = Speaker.named("FR"), Speaker.named("JP")
ROSTER = roster(FR, JP)
ONLY_DE = Handling(audience=(MemberId("DE"),))
ONLY_JP = Handling(audience=(MemberId("JP"),))
HELD, NOT_FOR_US, PURGED, MISSING, QUARANTINED = map(int, BodyState)


def start(origin: Origin = FR.origin, **state: object) -> Position:
    empty = LogState(number=1, origin=origin, size=0, root=merkle.EMPTY_ROOT)
    return Position(state=replace(empty, **state), edge=(), tree=merkle.CompactRange())  # type: ignore[arg-type]


def check(
    package: Package,
    at: Position | None = None,
    *,
    reader: str | None = "JP",
    hub: bool = True,
    strict: bool = False,
    known: Roster = ROSTER,
    expired_before: int = 0,
) -> Verified:
    copy = Copy(reader=None if reader is None else MemberId(reader), strict=strict, expired_before=expired_before)
    rules = Rules(roster=known, copy=copy, cosigned=hub)
    return verify_package(at or start(), package, rules, Handlings(decode_handling))


def log_of(count: int, speaker: Speaker = FR) -> Log:
    log = Log(speaker)
    log.pictures(range(count))
    return log


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


# --- forks ------------------------------------------------------------------------------------------------------------


def other_history(count: int, *, same: int) -> Log:
    """A log that begins like `log_of` and goes on otherwise."""
    log = log_of(same)
    log.pictures(range(10_000, 10_000 + count - same))
    return log


def test_two_histories_of_the_size_that_was_promised_are_a_fork_with_both_notes_as_evidence() -> None:
    at = check(log_of(9).package(0, 4, at=9, hub=True)).after
    with pytest.raises(Fork) as fork:
        check(other_history(9, same=4).package(4, 9, hub=True), at)
    assert fork.value.evidence == (cosigned(log_of(9).note()), cosigned(other_history(9, same=4).note()))


def test_a_history_that_leads_past_the_promised_size_another_way_is_a_fork() -> None:
    at = check(log_of(9).package(0, 4, at=9, hub=True)).after
    with pytest.raises(Fork):
        check(other_history(12, same=4).package(4, 12, hub=True), at)


def test_the_promise_is_kept_in_mind_until_it_is_reached() -> None:
    """A later checkpoint must not make us forget an earlier one that we have not come to."""
    at = check(log_of(9).package(0, 4, at=9, hub=True)).after
    other = other_history(20, same=5)
    between = check(other.package(4, 7, at=20, hub=True), at).after
    assert between.state.anchor == at.state.checkpoint
    with pytest.raises(Fork) as fork:
        check(other.package(7, 20, hub=True), between)
    assert fork.value.evidence == (cosigned(log_of(9).note()), cosigned(other.note()))


def before_the_promised_size(log: Log) -> Position:
    """Four entries under the checkpoint of 9, then two more under that of 20: neither is reached."""
    at = check(log.package(0, 4, at=9, hub=True)).after
    after = check(log.package(4, 6, at=20, hub=True), at).after
    assert (after.state.size, after.state.anchor_size, after.state.checkpoint_size) == (6, 9, 20)
    assert (after.state.anchor, after.state.checkpoint) == (cosigned(log.note(9)), cosigned(log.note(20)))
    return after


@pytest.mark.parametrize("size", [8, 9, 12, 19])
def test_a_rollback_from_the_newest_checkpoint_is_refused_before_an_earlier_one_is_reached(size: int) -> None:
    log = log_of(20)
    with pytest.raises(BadProof, match="older"):
        check(log.package(6, 8, at=size, hub=True), before_the_promised_size(log))


def test_a_second_root_at_the_newest_size_is_a_fork_before_an_earlier_one_is_reached() -> None:
    log, other = log_of(20), other_history(20, same=10)
    for end in (8, 9, 10, 20):
        with pytest.raises(Fork) as fork:
            check(other.package(6, end, at=20, hub=True), before_the_promised_size(log))
        assert fork.value.evidence == (cosigned(log.note()), cosigned(other.note()))


def test_the_newest_checkpoint_is_the_next_to_be_reached_once_an_earlier_one_is() -> None:
    log, other = log_of(20), other_history(25, same=10)
    at = check(log.package(6, 10, at=20, hub=True), before_the_promised_size(log)).after
    assert (at.state.anchor, at.state.anchor_size) == (cosigned(log.note(20)), 20)
    with pytest.raises(Fork) as fork:
        check(other.package(10, 25, hub=True), at)
    assert fork.value.evidence == (cosigned(log.note()), cosigned(other.note()))
    done = check(log.package(10, 20, hub=True), at).after.state
    assert (done.anchor, done.anchor_size, done.checkpoint_size, done.cosigned_size) == (b"", 0, 20, 20)


def test_neither_checkpoint_is_forgotten_when_the_process_ends(tmp_path: Path) -> None:
    log, other, another = log_of(20), other_history(20, same=10), other_history(27, same=7)
    path = tmp_path / "node.db"
    open_node_store(path, create=True).close()
    for stop, size in ((4, 9), (6, 20)):
        with closing(open_node_store(path, create=False)) as store, store.write() as writer:
            at = position(writer, writer.open_log(FR.origin))
            apply(writer, check(log.package(at.state.size, stop, at=size, hub=True), at))
    with closing(open_node_store(path, create=False)) as store, store.read() as reader:
        (state,) = reader.logs()
        at = position(reader, state)
    with pytest.raises(BadProof, match="older"):
        check(log.package(6, 8, at=12, hub=True), at)
    for history, stop, known in ((other, 8, 20), (another, 12, 9)):
        with pytest.raises(Fork) as fork:
            check(history.package(6, stop, at=history.size, hub=True), at)
        assert fork.value.evidence == (cosigned(log.note(known)), cosigned(history.note()))


def test_what_contradicts_itself_in_our_own_store_is_damage_and_not_the_peers_fault() -> None:
    log = log_of(9)
    at = check(log.package(0, 5, hub=True)).after
    wrong = cosigned(other_history(5, same=2).note())
    for state in (replace(at.state, checkpoint=wrong), replace(at.state, checkpoint=b"no note")):
        with pytest.raises(Damaged):
            check(log.package(5, 9, hub=True), replace(at, state=state))


def test_an_older_checkpoint_than_the_promised_one_is_refused_and_is_no_fork() -> None:
    at = check(log_of(9).package(0, 4, at=9, hub=True)).after
    with pytest.raises(BadProof, match="older"):
        check(log_of(9).package(4, 6, hub=True), at)


def test_a_frozen_log_takes_nothing() -> None:
    with pytest.raises(Refused):
        check(log_of(3).package(hub=True), start(frozen="a fork"))


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


# --- entries ----------------------------------------------------------------------------------------------------------


def test_one_malformed_entry_is_set_aside_with_a_reason_and_the_rest_goes_on() -> None:
    log = log_of(2)
    log.add(b"\x01nonsense")
    log.add(bytes([1, 1, 2]) + log.entries[0][3:])
    log.pictures([7])
    batch = check(log.package(hub=True)).batch
    assert list(batch.states) == [HELD, HELD, QUARANTINED, QUARANTINED, HELD]
    assert [place for place, _ in batch.quarantine] == [2, 3]
    assert all(reason for _, reason in batch.quarantine)


def test_an_entry_of_a_later_version_is_kept_and_not_understood() -> None:
    log = log_of(1)
    log.add(b"\x02made up by a later version, of whatever length", entry_of(FR.origin, picture(1))[1])
    verified = check(log.package(hub=True))
    assert list(verified.batch.states) == [HELD, NOT_FOR_US]
    assert verified.batch.kinds == bytes([Kind.CONTRIBUTION, 0])
    assert verified.batch.quarantine == []


def test_an_unknown_kind_is_kept_with_its_body() -> None:
    log = Log(FR)
    log.say(b"whatever a watch says", kind=Kind.WATCH)
    log.say(b"whatever this says", kind=99)
    batch = check(log.package(hub=True)).batch
    assert list(batch.states) == [HELD, HELD]
    assert list(batch.kinds) == [Kind.WATCH, 99]


def test_an_entry_of_an_audit_log_never_travels() -> None:
    log = Log(FR)
    log.say(b"who searched", kind=Kind.AUDIT_SEARCH)
    assert list(check(log.package(hub=True)).batch.states) == [QUARANTINED]


def test_targets_are_listed_and_another_members_record_cannot_be_retracted() -> None:
    log = log_of(1)
    own, others = RecordId(FR.origin, bytes(32)), RecordId(JP.origin, bytes(32))
    later = RecordId(Origin(FR.origin.federation, FR.id, 2), bytes(32))
    log.say(Retraction(), kind=Kind.RETRACTION, target=own)
    log.say(Retraction(), kind=Kind.RETRACTION, target=others)
    log.say(picture(1), kind=Kind.CORRECTION, target=later)
    log.say(Comment(text="seen"), kind=Kind.COMMENT, target=others)
    batch = check(log.package(hub=True)).batch
    assert list(batch.states) == [HELD, HELD, QUARANTINED, QUARANTINED, HELD]
    assert batch.targets == [
        (1, Kind.RETRACTION, str(FR.origin), bytes(32)),
        (4, Kind.COMMENT, str(JP.origin), bytes(32)),
    ]


def test_the_columns_say_what_the_one_by_one_parser_says() -> None:
    log = log_of(3)
    log.say(picture(9), handling=Handling(audience=(MemberId("JP"),), retain_until_day=TODAY + 9))
    log.say(Retraction(), kind=Kind.RETRACTION, target=RecordId(FR.origin, bytes(32)))
    columns = parse(FR.origin, log.entries)
    for at, entry in enumerate(log.entries):
        envelope = decode(entry)
        assert isinstance(envelope, Envelope)
        assert envelope.kind == columns.kinds[at]
        assert envelope.open == columns.open[at]
        assert envelope.expiry_day == columns.expiry[at]
        assert envelope.commitment == columns.commitments[at].tobytes()
        assert envelope.handling_commitment == columns.handling_commitments[at].tobytes()


# --- disclosures ------------------------------------------------------------------------------------------------------


def test_an_undisclosed_body_is_missing_if_open_and_otherwise_not_for_us() -> None:
    log = Log(FR)
    for handling in (OPEN, ONLY_DE):
        log.add(entry_of(FR.origin, picture(1), handling=handling)[0], NOTHING)
    assert list(check(log.package(hub=True)).batch.states) == [MISSING, NOT_FOR_US]
    # The owner, and the hub, should have everything.
    assert list(check(log.package(hub=True), reader="FR").batch.states) == [MISSING, MISSING]
    assert list(check(log.package(hub=True), reader=None).batch.states) == [MISSING, MISSING]


def test_an_absent_body_past_its_expiry_is_purged_and_not_missing() -> None:
    log = Log(FR)
    for day in (TODAY - 1, TODAY, TODAY + 1):
        log.add(entry_of(FR.origin, picture(1), handling=Handling(retain_until_day=day))[0], NOTHING)
    states = check(log.package(hub=True), expired_before=TODAY).batch.states
    assert list(states) == [PURGED, MISSING, MISSING]


@pytest.mark.parametrize("part", ["body", "nonce", "handling", "handling_nonce"])
def test_a_disclosure_that_does_not_open_its_commitments_counts_as_withheld(part: str) -> None:
    log = log_of(3)
    good = getattr(log.disclosures[1], part)
    log.disclosures[1] = replace(log.disclosures[1], **{part: bytes([good[0] ^ 1]) + good[1:]})
    verified = check(log.package(hub=True))
    assert list(verified.batch.states) == [HELD, MISSING, HELD]
    assert verified.batch.bodies[1] == verified.batch.nonces[1] == b""
    assert [index for index, _ in verified.alarms] == [1]


@pytest.mark.parametrize("part", ["nonce", "handling_nonce"])
def test_half_a_disclosure_is_none(part: str) -> None:
    log = log_of(2)
    log.disclosures[1] = replace(log.disclosures[1], **{part: b""})
    verified = check(log.package(hub=True))
    assert list(verified.batch.states) == [HELD, MISSING]
    assert len(verified.alarms) == 1


def test_whoever_submits_a_bad_disclosure_is_refused() -> None:
    log = log_of(2)
    log.disclosures[1] = replace(log.disclosures[1], body=b"another")
    with pytest.raises(BadProof):
        check(log.package(), reader=None, hub=False, strict=True)


def test_a_body_cannot_be_claimed_by_another_member_or_read_as_another_kind() -> None:
    of_jp = entry_of(JP.origin, picture(1))
    log = log_of(1)
    log.add(*of_jp)
    as_comment = entry_of(FR.origin, picture(2), kind=Kind.CONTRIBUTION)
    log.add(as_comment[0][:1] + bytes([Kind.WATCH]) + as_comment[0][2:], as_comment[1])
    assert list(check(log.package(hub=True)).batch.states) == [HELD, MISSING, MISSING]


def test_a_body_that_its_handling_does_not_admit_us_to_is_not_kept() -> None:
    log = Log(FR)
    log.pictures([1], handling=ONLY_DE)
    log.pictures([2], handling=ONLY_JP)
    verified = check(log.package(hub=True))
    assert list(verified.batch.states) == [NOT_FOR_US, HELD]
    assert verified.batch.bodies[0] == b""
    assert [index for index, _ in verified.alarms] == [0]
    assert list(check(log.package(hub=True), reader=None).batch.states) == [HELD, HELD]
    assert list(check(log.package(hub=True), reader="FR").batch.states) == [HELD, HELD]


def test_a_handling_that_is_not_understood_is_kept_by_the_hub_and_by_nobody_else() -> None:
    # min_reader 2, everyone, and a field 15 that no version knows yet.
    later = bytes([0x08, 2, 0x10, 1, 0x78, 7])
    log = Log(FR)
    log.say(picture(1), handling=later, open=False)
    assert list(check(log.package(hub=True)).batch.states) == [NOT_FOR_US]
    assert list(check(log.package(hub=True), reader=None).batch.states) == [HELD]


@pytest.mark.parametrize(
    ("handling", "says"),
    [
        (OPEN, {"open": False}),
        (ONLY_JP, {"open": True}),
        (OPEN, {"expiry_day": TODAY + 1}),
        (Handling(retain_until_day=TODAY + 1), {"expiry_day": 0}),
        (b"\xff\xff", {}),
    ],
)
def test_an_entry_that_contradicts_its_handling_is_set_aside(
    handling: Handling | bytes, says: dict[str, object]
) -> None:
    log = log_of(1)
    log.say(picture(5), handling=handling, **says)
    batch = check(log.package(hub=True)).batch
    assert list(batch.states) == [HELD, QUARANTINED]
    assert batch.bodies[1] == b""
    assert [place for place, _ in batch.quarantine] == [1]


def test_a_retraction_that_not_all_may_read_is_set_aside() -> None:
    log = log_of(1)
    log.say(Retraction(), kind=Kind.RETRACTION, handling=ONLY_JP, target=RecordId(FR.origin, bytes(32)))
    assert list(check(log.package(hub=True)).batch.states) == [HELD, QUARANTINED]
