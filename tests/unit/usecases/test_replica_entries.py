"""What a copy keeps of each entry of a package, and of each disclosure."""

from __future__ import annotations

from dataclasses import replace

import pytest

from node.domain.envelope import Envelope, Kind, decode
from node.domain.handling import Handling
from node.domain.ids import MemberId, Origin, RecordId
from node.domain.statements import Comment, Retraction
from node.errors import BadProof
from node.usecases.entry_columns import parse
from tests.simulator.federation import NOTHING, OPEN, TODAY, Log, entry_of, picture
from tests.unit.usecases.checked_packages import (
    FR,
    HELD,
    JP,
    MISSING,
    NOT_FOR_US,
    ONLY_DE,
    ONLY_JP,
    PURGED,
    QUARANTINED,
    check,
    log_of,
)

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
