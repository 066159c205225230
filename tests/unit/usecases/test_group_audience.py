"""An audience that is a group becomes a literal list when something is signed, and records follow later members."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from node.domain.envelope import Kind
from node.domain.groups import GroupStep
from node.domain.handling import Handling
from node.domain.ids import MemberId, RecordId, member_id
from node.domain.record_links import Certainty, RecordLink, Relation
from node.domain.statements import Comment, Contribution, Opinion, Verdict
from node.domain.wording import Terms, Wording
from node.errors import Misuse, NotFound, Refused
from node.usecases.consent import Consent
from node.usecases.contribution import Wanted
from node.usecases.group_sharing import Readdressed, ShareFate
from node.usecases.selection import Selection
from tests.simulator.world import CODEC
from tests.unit.usecases.desk import YES, Desk
from tests.unit.usecases.group_federation import GroupFederation

FR, JP, BR, DE = map(member_id, ("FR", "JP", "BR", "DE"))
AURORA = Terms(group="Aurora")


class Room(GroupFederation):
    """FR and JP are in the group Aurora of FR, and BR is invited. FR has holdings of the case C."""

    def __init__(self) -> None:
        super().__init__("FR", "JP", "BR", "DE")
        self.group = self.found(FR, JP, BR)
        self.say(JP, GroupStep.ACCEPT)
        self.desk = Desk(self.node(FR))
        self.desk.hold(1, 2)

    def close(self) -> None:
        self.desk.close()
        super().close()

    def contributed(self, terms: Terms = AURORA) -> list[RecordId]:
        records = self.desk.shared(Wanted(selection=Selection(case="C"), terms=terms))
        self.settle()
        return records

    def said(self, record: RecordId) -> tuple[Contribution, Handling]:
        shown = self.desk.records.one(record)
        assert shown is not None
        assert isinstance(shown.view.body, Contribution)
        assert shown.view.handling is not None
        return shown.view.body, shown.view.handling

    def reads(self, member: MemberId, record: RecordId) -> bool:
        view = self.node(member).catalogue.record(record)
        return view is not None and view.body is not None

    def share(self, consent: Consent = YES) -> list[Readdressed]:
        sharing = self.sharing[FR]
        done = [each for some in sharing.carry_out(sharing.plan("Aurora"), consent) for each in some]
        self.settle()
        return done


@pytest.fixture
def room() -> Iterator[Room]:
    made = Room()
    yield made
    made.close()


def test_a_contribution_to_a_group_names_its_present_members(room: Room) -> None:
    first, second = room.contributed()
    said, handling = room.said(first)
    assert (said.group, handling.audience) == (room.group, (JP,))
    assert [room.reads(member, second) for member in (JP, BR, DE)] == [True, False, False]


def test_terms_that_name_a_group_are_never_taken_for_everyone() -> None:
    with pytest.raises(Misuse, match="does not know the members"):
        AURORA.of(Handling())


def test_a_group_that_gives_no_list_shares_nothing(room: Room) -> None:
    for terms, error in ((Terms(group="Borealis"), NotFound), (AURORA, Refused)):
        if terms is AURORA:
            room.say(FR, GroupStep.CLOSE)
        with pytest.raises(error):
            room.contributed(terms)
    assert room.desk.share(Wanted(selection=Selection(case="C")))  # nothing had been shared before


def test_a_correction_moves_a_record_to_a_group_and_out_of_it(room: Room) -> None:
    (record, _) = room.contributed(Terms(everyone=True))
    assert room.said(record)[0].group is None
    record = room.desk.saying.correct(str(record), Wording(), AURORA)
    said, handling = room.said(record)
    assert (said.group, handling.audience) == (room.group, (JP,))
    record = room.desk.saying.correct(str(record), Wording(series="S"), Terms())
    assert room.said(record)[0].group == room.group
    record = room.desk.saying.correct(str(record), Wording(), Terms(audience=(DE,)))
    assert room.said(record)[0].group is None


def test_a_remark_can_be_for_a_group_within_the_readers_of_its_record(room: Room) -> None:
    ours = room.contributed(Terms(everyone=True))[0]
    desk = Desk(room.node(JP))
    remark, _ = desk.saying.opine(str(ours), Opinion(verdict=Verdict.CONFIRM), AURORA)
    room.settle()
    assert [room.reads(member, remark) for member in (FR, BR)] == [True, False]
    desk.close()
    narrow = room.desk.saying.correct(str(ours), Wording(), Terms(audience=(DE,)))
    room.settle()
    with pytest.raises(Refused, match="more readers"):
        room.desk.saying.comment(str(narrow), Comment(text="seen"), AURORA)


def test_a_member_that_joins_later_reads_earlier_records_once_they_are_shared_again(room: Room) -> None:
    records = room.contributed()
    link = room.node(FR).ledger.state(
        RecordLink(relation=Relation.SAME_PLACE, targets=tuple(records), certainty=Certainty.CERTAIN, group=room.group),
        Handling(audience=(JP,)),
    )
    room.settle()
    room.say(BR, GroupStep.ACCEPT)
    assert [room.reads(BR, each) for each in (*records, link)] == [False] * 3
    plan = room.sharing[FR].plan("@Aurora")
    assert (plan.members, [each.record for each in plan.planned]) == ((BR, JP), [*records, link])
    done = room.share()
    assert [each.fate for each in done] == [ShareFate.SHARED] * 3
    for member in (JP, BR):
        assert all(room.reads(member, each.correction) for each in done if each.correction)
    assert not room.reads(DE, done[0].correction or records[0])
    assert room.sharing[FR].plan("Aurora").planned == ()


def test_records_that_wait_and_records_for_others_are_told_apart(room: Room) -> None:
    room.say(BR, GroupStep.ACCEPT)
    open_to_all = room.contributed(Terms(everyone=True))[0]
    room.desk.hold(7, case="D")
    ledger = room.node(FR).ledger
    said, _ = room.said(open_to_all)
    waits = ledger.correct(
        open_to_all, Contribution(fingerprints=said.fingerprints, group=room.group), Handling(audience=(JP,))
    )
    plan = room.sharing[FR].plan("Aurora")
    assert [each.record for each in plan.planned] == [waits]
    (done,) = room.share()
    assert done.fate is ShareFate.SHARED
    assert room.reads(BR, done.correction or waits)


def test_a_record_that_is_retracted_meanwhile_affects_only_itself(room: Room) -> None:
    records = room.contributed()
    room.say(BR, GroupStep.ACCEPT)
    plan = room.sharing[FR].plan("Aurora")
    room.node(FR).ledger.retract(records[0])
    (done,) = room.sharing[FR].carry_out(plan, YES)
    assert [each.fate for each in done] == [ShareFate.KEPT, ShareFate.SHARED]
    assert str(done[0].error)


def test_more_than_ten_records_need_a_yes(room: Room) -> None:
    room.desk.hold(*range(10, 22))
    room.contributed()
    room.say(BR, GroupStep.ACCEPT)
    with pytest.raises(Misuse, match="need a yes"):
        room.share(Consent())
    assert len(room.share(Consent(plan=room.sharing[FR].plan("Aurora").digest))) == 14


def test_the_body_of_a_record_of_a_group_contains_the_name_of_the_group(room: Room) -> None:
    """`group share` finds records by it, without reading every body."""
    body = CODEC.encode_body(Contribution(fingerprints=(), group=room.group))
    assert room.group.leaf in body
    assert CODEC.decode_body(Kind.CONTRIBUTION, body) == Contribution(fingerprints=(), group=room.group)
