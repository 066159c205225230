"""The hub gives a body to those alone who may read it, in packages and one by one."""

from __future__ import annotations

import pytest

from node.domain.envelope import Disclosure, Kind
from node.domain.handling import Handling
from node.domain.ids import MemberId, Origin
from node.domain.statements import Comment
from node.errors import NotFound
from tests.simulator.federation import TODAY, Log, entry_of, picture
from tests.simulator.world import Hub
from tests.unit.hub.carriers import DE, FR, JP, ONLY_JP, a_hub, do, followed, submit


def shown(hub: Hub, member: MemberId, log: Log) -> list[bool]:
    """Which bodies of a log the hub hands to a member, in a package and one by one."""
    (package,) = [each for each in followed(hub, member, 2) if each.origin == log.speaker.origin]
    single = do(hub.carrier.bodies(member, log.speaker.origin, range(log.size)))
    assert [index in single for index in range(log.size)] == [bool(body) for body in package.bodies]
    return [bool(body) for body in package.bodies]


def test_a_remark_goes_to_nobody_whom_the_newest_version_of_its_record_does_not_admit() -> None:
    """What was said openly of an open record is closed by the correction that closes the record, and it stays with
    those who may read both, with the owner and with who said it.
    """
    hub, fr, jp = a_hub(), Log(FR), Log(JP)
    (record,) = fr.pictures([1])
    submit(hub, fr.package())
    said = jp.say(Comment(text="seen"), kind=Kind.COMMENT, target=record)
    jp.say(Comment(text="and again"), kind=Kind.COMMENT, target=said)
    submit(hub, jp.package(), JP.id)
    assert shown(hub, DE.id, jp) == [True, True]
    closed = fr.say(picture(2), kind=Kind.CORRECTION, target=record, handling=ONLY_JP)
    submit(hub, fr.package(1))
    assert shown(hub, DE.id, jp) == [False, False]
    for reader in (FR.id, JP.id):
        assert shown(hub, reader, jp) == [True, True]
    fr.say(picture(3), kind=Kind.CORRECTION, target=closed)
    submit(hub, fr.package(2))
    assert shown(hub, DE.id, jp) == [True, True]


def test_a_remark_that_is_open_about_a_record_that_is_not_is_withheld() -> None:
    hub, fr, jp = a_hub(), Log(FR), Log(JP)
    (secret,) = fr.pictures([1], handling=ONLY_JP)
    submit(hub, fr.package())
    jp.say(Comment(text="to all"), kind=Kind.COMMENT, target=secret)
    submit(hub, jp.package(), JP.id)
    assert shown(hub, DE.id, jp) == [False]
    assert shown(hub, FR.id, jp) == [True]


def test_a_body_goes_to_those_its_handling_admits() -> None:
    hub, log = a_hub(), Log(FR)
    log.pictures([1])
    log.pictures([2], handling=ONLY_JP)
    log.say(picture(3), handling=bytes([0x08, 2, 0x10, 1]), open=False)
    submit(hub, log.package())
    shown = {member: [bool(body) for body in followed(hub, member, 1)[0].bodies] for member in (FR.id, JP.id, DE.id)}
    assert shown == {FR.id: [True, True, True], JP.id: [True, True, False], DE.id: [True, False, False]}
    (package,) = followed(hub, DE.id, 1)
    for column in (package.nonces, package.handling_nonces, package.handlings):
        assert [bool(each) for each in column] == [True, False, False]


def test_bodies_are_given_again_to_those_who_may_read_them(monkeypatch: pytest.MonkeyPatch) -> None:
    hub, log = a_hub(), Log(FR)
    log.pictures([1, 2])
    log.pictures([3], handling=ONLY_JP)
    log.add(entry_of(FR.origin, picture(4), handling=Handling(retain_until_day=TODAY))[0])
    submit(hub, log.package())
    wanted = [-1, 0, 1, 2, 3, 99]

    def given(member: MemberId, origin: Origin = FR.origin) -> dict[int, Disclosure]:
        return dict(do(hub.carrier.bodies(member, origin, wanted)))

    assert given(JP.id) == {index: log.disclosures[index] for index in (0, 1, 2)}
    assert given(DE.id) == {index: log.disclosures[index] for index in (0, 1)}
    monkeypatch.setattr("node.hub.carrier.RUN_BYTES", 1)
    assert list(given(JP.id)) == [0]
    with pytest.raises(NotFound):
        given(JP.id, JP.origin)
