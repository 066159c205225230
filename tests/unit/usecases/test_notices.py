"""A notice from its request to its end, between two members and the hub's operator."""

from __future__ import annotations

from dataclasses import replace

import pytest

from node.domain.alerts import Alert, AlertKind, Raised
from node.domain.envelope import Kind
from node.domain.fingerprint_kinds import SHA256
from node.domain.fingerprints import Fingerprint
from node.domain.handling import Handling
from node.domain.ids import HUB_NAME, RecordId
from node.domain.notices import Notice, NoticeColour, NoticeDecision, NoticeStep
from node.errors import Misuse, NotFound, Refused
from node.tlog.merkle import leaf_hash
from node.usecases import filing, notice_review
from node.usecases.hit_list import Wanted
from node.usecases.notice_check import TOO_MANY
from node.usecases.notice_views import NoticeState
from node.usecases.notices import MOST_FINGERPRINTS, NoticeWords
from tests.simulator.arriving import Holder, still
from tests.simulator.federation import TODAY, Log, Speaker
from tests.simulator.hub_log import HUB, Operator, notices_of, told, with_hub_logs
from tests.simulator.world import Node, Wire, World

FR, JP = Speaker.named("FR"), Speaker.named("JP")
FACE, OTHER = still("face"), still("other")
WORDS = NoticeWords(
    colour=NoticeColour.YELLOW,
    reference="2026/17",
    fingerprints=FACE.fingerprints(),
    consent_day=TODAY - 3,
    until_day=TODAY + 90,
)


class Scene:
    """FR asks, the operator decides, JP holds material."""

    def __init__(self) -> None:
        self.world = World([FR, JP])
        self.world.roster = with_hub_logs(self.world.roster, HUB)
        self.operator = Operator(self.world)
        self.fr = Node(self.world, FR, Wire(self.operator.hub, FR.id))
        self.notices = notices_of(self.fr)
        self.jp = Holder(self.world, JP)
        self.theirs = notices_of(self.jp.node)

    def asked(self, words: NoticeWords = WORDS) -> str:
        name = str(self.notices.request(words))
        self.operator.hears(self.fr)
        return name

    def spread(self) -> None:
        """Both members get what the hub has, JP the hub's log before FR's."""
        self.operator.hears(self.fr)
        told(self.fr, self.operator.hub, HUB.origin)
        told(self.jp.node, self.operator.hub, HUB.origin, FR.origin)
        self.jp.match()

    def hits(self) -> int:
        return sum(not hit.ended for hit in self.jp.hits().values())

    def alerts(self) -> list[Alert]:
        with self.jp.store.read() as tx:
            return tx.alerts()


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_a_published_notice_is_found_in_what_is_held_and_in_what_comes(scene: Scene) -> None:
    scene.jp.take(FACE)
    name = scene.asked()
    scene.operator.review.publish(name)
    scene.spread()
    assert scene.hits() == 1
    (shown,) = scene.jp.list.page(Wanted()).hits
    assert shown.notice is not None
    assert (shown.notice.colour, shown.notice.reference, shown.notice.requested_by) == (
        NoticeColour.YELLOW,
        "2026/17",
        FR.id,
    )
    scene.jp.take(still("copy", like="face", bits=9))
    assert scene.hits() == 2


def test_a_notice_that_finds_a_holding_raises_one_alert_for_each_case(scene: Scene) -> None:
    scene.jp.take(FACE, case="C-1")
    (copy,) = scene.jp.take(still("copy", like="face", bits=9))
    with scene.jp.node.catalogue.change() as change:
        change.leave_case(copy.holding, "C-1")
    scene.operator.review.publish(scene.asked())
    told(scene.jp.node, scene.operator.hub, HUB.origin)
    scene.jp.match()
    assert scene.alerts() == []
    told(scene.jp.node, scene.operator.hub, FR.origin)
    scene.jp.match()
    (notice,) = {str(hit.record) for hit in scene.jp.hits().values()}
    raised = {each.raised for each in scene.alerts()}
    assert raised == {
        Raised(kind=AlertKind.NOTICE_HIT, about=notice, case=case, member=HUB_NAME) for case in ("", "C-1")
    }
    assert [each.count for each in scene.alerts()] == [1, 1]
    again = scene.jp.restarted()
    with again.store.write() as tx:
        tx.forget_matched()
    again.match()
    assert [each.count for each in scene.alerts()] == [1, 1]


def test_a_notice_that_an_ingest_finds_raises_no_alert(scene: Scene) -> None:
    """The officer who takes the file in sees its hits at once."""
    scene.operator.review.publish(scene.asked())
    scene.spread()
    scene.jp.take(FACE)
    scene.jp.match()
    assert scene.hits() == 1
    assert scene.alerts() == []


def test_a_decision_that_comes_before_its_request_is_no_hit_until_the_request_is_here(scene: Scene) -> None:
    scene.jp.take(FACE)
    scene.operator.review.publish(scene.asked())
    told(scene.jp.node, scene.operator.hub, HUB.origin)
    scene.jp.match()
    assert (scene.hits(), scene.theirs.listed(mine=False)) == (0, [])
    told(scene.jp.node, scene.operator.hub, FR.origin)
    scene.jp.match()
    assert scene.hits() == 1
    assert scene.jp.expected().keys() == scene.jp.hits().keys()


def test_a_change_waits_for_the_operator_and_then_takes_the_place_of_the_former(scene: Scene) -> None:
    scene.jp.take(FACE, OTHER)
    name = scene.asked()
    scene.operator.review.publish(name)
    changed = str(scene.notices.amend(name, NoticeWords(fingerprints=OTHER.fingerprints())))
    scene.spread()
    assert [view.state for view in scene.operator.review.listed(waiting=True).views] == [NoticeState.AMENDED]
    assert scene.notices.one(name).state is NoticeState.AMENDED
    assert [hit.holding for hit in scene.jp.hits().values() if not hit.ended] == [1]
    scene.operator.review.publish(changed)
    scene.spread()
    assert [hit.holding for hit in scene.jp.hits().values() if not hit.ended] == [2]
    assert scene.theirs.one(changed).consent_day == TODAY - 3


def test_a_notice_ends_everywhere_with_its_members_retraction(scene: Scene) -> None:
    scene.jp.take(FACE)
    name = scene.asked()
    scene.operator.review.publish(name)
    scene.spread()
    scene.notices.withdraw(name)
    scene.spread()
    assert (scene.hits(), scene.theirs.listed(mine=False)) == (0, [])
    assert [view.state for view in scene.notices.listed(mine=True)] == [NoticeState.RETRACTED]
    assert scene.operator.review.listed(waiting=True).views == []
    with pytest.raises(Refused):
        scene.operator.review.publish(name)
    with pytest.raises(NotFound):
        scene.notices.amend(name, NoticeWords(reference="2026/18"))


def test_the_operator_withdraws_with_a_reason_that_everybody_reads(scene: Scene) -> None:
    scene.jp.take(FACE)
    name = scene.asked()
    scene.operator.review.publish(name)
    scene.spread()
    scene.operator.review.withdraw(name, "the person is found")
    scene.spread()
    assert scene.hits() == 0
    assert (scene.notices.one(name).state, scene.notices.one(name).reason) == (
        NoticeState.WITHDRAWN,
        "the person is found",
    )
    scene.operator.review.publish(name, "missing again")
    scene.spread()
    assert scene.hits() == 1


def test_a_refusal_is_for_its_member_alone_and_a_changed_request_waits_again(scene: Scene) -> None:
    name = scene.asked()
    scene.operator.review.refuse(name, "no published photograph")
    scene.spread()
    assert scene.notices.one(name).reason == "no published photograph"
    (state,) = scene.jp.node.states(HUB.origin)
    assert state != 0
    with scene.jp.store.read() as reader:
        assert reader.held_at(HUB.origin, [0]) == {}
    scene.notices.amend(name, NoticeWords(reference="2026/18"))
    scene.operator.hears(scene.fr)
    assert [view.state for view in scene.operator.review.listed(waiting=True).views] == [NoticeState.WAITING]


def test_a_notice_expires_with_its_last_day(scene: Scene) -> None:
    scene.jp.take(FACE)
    scene.operator.review.publish(scene.asked())
    scene.spread()
    scene.world.clock.now += 92 * 86_400
    # The hub's time is a second clock: it cosigns something later.
    scene.fr.ledger.contribute([])
    scene.asked(replace(WORDS, reference="2026/19", until_day=TODAY + 200))
    scene.spread()
    scene.jp.node.custody.sweep()
    assert (scene.hits(), scene.theirs.listed(mine=False)) == (0, [])


def test_a_green_notice_needs_no_consent_and_is_searched_too(scene: Scene) -> None:
    scene.jp.take(FACE)
    name = scene.asked(NoticeWords(colour=NoticeColour.GREEN, reference="G-1", fingerprints=FACE.fingerprints()))
    scene.operator.review.publish(name)
    scene.spread()
    assert scene.hits() == 1
    assert [view.colour for view in scene.theirs.listed(mine=False)] == [NoticeColour.GREEN]


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (replace(WORDS, consent_day=None), Misuse),
        (replace(WORDS, reference=" "), Misuse),
        (replace(WORDS, fingerprints=()), Refused),
        (replace(WORDS, until_day=TODAY - 1), Misuse),
        (
            replace(
                WORDS,
                fingerprints=tuple(
                    Fingerprint(code=SHA256.code, value=leaf_hash(b"%d" % n)) for n in range(MOST_FINGERPRINTS + 1)
                ),
            ),
            Misuse,
        ),
    ],
)
def test_a_request_that_nobody_could_publish_is_not_signed(
    scene: Scene, words: NoticeWords, error: type[Exception]
) -> None:
    with pytest.raises(error):
        scene.notices.request(words)
    assert scene.notices.listed(mine=True) == []


def test_a_request_that_waits_for_its_place_is_shown_and_can_be_changed_and_taken_back(scene: Scene) -> None:
    name = scene.notices.request(WORDS)
    assert [(view.request, view.state) for view in scene.notices.listed(mine=True)] == [(name, NoticeState.QUEUED)]
    changed = scene.notices.amend(str(name), NoticeWords(reference="2026/18"))
    assert [view.reference for view in scene.notices.listed(mine=True)] == ["2026/18"]
    assert scene.notices.withdraw(str(changed)) is None
    assert scene.notices.listed(mine=True) == []


def test_nobody_changes_anothers_notice(scene: Scene) -> None:
    name = scene.asked()
    scene.operator.review.publish(name)
    scene.spread()
    with pytest.raises(Refused):
        scene.theirs.withdraw(name)


def test_a_decision_needs_what_it_is_about_and_a_reason(scene: Scene) -> None:
    name = scene.asked()
    with pytest.raises(Misuse):
        scene.operator.review.refuse(name, " ")
    with pytest.raises(Refused):
        scene.operator.review.withdraw(name, "never published")
    with pytest.raises(NotFound):
        scene.operator.review.publish(str(RecordId(FR.origin, bytes(32))))
    scene.operator.review.publish(name)
    with pytest.raises(Refused):
        scene.operator.review.publish(name)
    with pytest.raises(Refused):
        scene.operator.review.refuse(name, "too late")


def test_a_member_that_floods_requests_fills_no_list(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notice_review, "MOST_OF_MEMBER", 3)
    for number in range(5):
        scene.asked(replace(WORDS, reference=f"2026/{number}"))
    found = scene.operator.review.listed(waiting=True)
    assert [view.reference for view in found.views] == ["2026/4", "2026/3", "2026/2"]
    assert found.left_out == {FR.id: 2}


def test_the_operators_list_has_counts_and_no_hash(scene: Scene) -> None:
    scene.asked()
    (view,) = scene.operator.review.listed(waiting=True).views
    assert view.kinds == {"md5": 1, "sha1": 1, "sha256": 1, "pdq": 1, "phash": 1}
    assert FACE.sha256.hex() not in repr(view)


def test_a_decision_in_a_members_log_is_set_aside_and_searched_by_nobody(scene: Scene) -> None:
    """A member that plays the hub: with a decision of its own, or hidden in a revision of a request."""
    scene.jp.take(FACE)
    log = Log(FR)
    body = Notice(colour=NoticeColour.GREEN, reference="X", fingerprints=FACE.fingerprints())
    first = log.say(body, kind=Kind.NOTICE, handling=Handling())
    shown = log.disclosures[0]
    said = NoticeDecision(request=first, step=NoticeStep.PUBLISHED, nonce=shown.nonce, body=shown.body)
    log.say(said, kind=Kind.NOTICE_DECISION)
    log.say(said, kind=Kind.REVISION, target=first)
    scene.jp.receive(log)
    scene.jp.match()
    assert (scene.hits(), scene.theirs.listed(mine=False)) == (0, [])
    with scene.jp.store.read() as reader:
        assert list(dict(reader.quarantined(FR.origin, 0, 3))) == [1]


def test_the_hub_can_say_nothing_but_decisions_in_its_log(scene: Scene) -> None:
    scene.jp.take(FACE)
    log = Log(HUB)
    log.pictures(range(2))
    log.say(Notice(colour=NoticeColour.GREEN, reference="X", fingerprints=FACE.fingerprints()), kind=Kind.NOTICE)
    scene.jp.receive(log)
    scene.jp.match()
    assert scene.hits() == 0
    with scene.jp.store.read() as reader:
        assert list(dict(reader.quarantined(HUB.origin, 0, 3))) == [0, 1, 2]


def test_a_hub_that_decides_ever_again_on_one_request_that_is_not_here_costs_a_bounded_number_of_bodies(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filing, "MOST_DECISIONS", 3)
    log = Log(HUB)
    for number in range(6):
        said = NoticeDecision(request=RecordId(FR.origin, bytes(32)), step=NoticeStep.WITHDRAWN, reason=str(number))
        log.say(said, kind=Kind.NOTICE_DECISION)
    scene.jp.receive(log)
    with scene.jp.store.read() as reader:
        assert dict(reader.quarantined(HUB.origin, 0, 6)) == dict.fromkeys((3, 4, 5), TOO_MANY)
