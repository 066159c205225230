"""Who is in a thread: late joiners, narrowing, and members that send what they should not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from unittest.mock import patch

import pytest

from node.domain.consultations import Consultation, ConsultationStep
from node.domain.ids import RecordId
from node.errors import Misuse, NotFound, Refused
from node.tlog.merkle import leaf_hash
from node.usecases import thread_order
from node.usecases.thread_reading import Absence
from tests.unit.usecases.consult_desk import DE, FR, JP, TEXT, Table


@pytest.fixture
def table() -> Iterator[Table]:
    made = Table()
    yield made
    made.close()


def message(thread: str, text: str, *after: RecordId, at: int = 1) -> Consultation:
    return Consultation(
        step=ConsultationStep.REPLY, thread=RecordId.parse(thread), text=text, at=at, after=tuple(after)
    )


def test_a_late_joiner_reads_earlier_messages_once_their_authors_share_them(table: Table) -> None:
    fr, jp, de = table.fr, table.jp, table.de
    thread = fr.open(JP)
    table.meet()
    jp.say(thread, "We do.")
    table.meet(jp, fr)
    fr.say(thread, "Where?")
    table.meet()
    assert de.listed() == []
    assert fr.members.add(thread, [DE.id]).members == (DE.id, FR.id, JP.id)
    table.meet()
    page = de.page(thread)
    assert [each.message.said.text for each in page.messages] == [TEXT]
    assert page.absent == {Absence.NOT_FOR_US: 2}
    assert de.listed()[0].members == (DE.id, FR.id, JP.id)

    de.say(thread, "Good morning.")
    table.meet(de, fr, jp)
    assert fr.texts(thread) == jp.texts(thread) == [TEXT, "We do.", "Where?", "Good morning."]
    assert len(fr.members.share(thread).records) == 1
    table.meet()
    assert de.texts(thread) == [TEXT, "Where?", "Good morning."]
    assert de.page(thread).absent == {Absence.NOT_FOR_US: 1}
    assert len(jp.members.share(thread).records) == 1
    table.meet()
    table.meet()
    for desk in (fr, jp, de):
        assert desk.texts(thread) == [TEXT, "We do.", "Where?", "Good morning."]
        assert desk.page(thread).absent == {}
        assert desk.members.share(thread).records == ()


def test_a_removed_member_keeps_what_it_read_and_reads_no_more(table: Table) -> None:
    fr, jp, de = table.fr, table.jp, table.de
    thread = fr.open(JP, DE)
    table.meet()
    de.say(thread, "before")
    table.meet(de, fr, jp)
    assert fr.members.remove(thread, [DE.id]).members == (FR.id, JP.id)
    table.meet()
    fr.say(thread, "after")
    table.meet()
    assert fr.texts(thread) == jp.texts(thread) == [TEXT, "before", "after"]
    page = de.page(thread)
    assert (page.thread.opening, [each.message.said.text for each in page.messages]) == (None, ["before"])
    assert de.listed() == []
    with pytest.raises(Refused, match="not in the thread any more"):
        de.say(thread, "let me in")


def test_what_a_removed_member_sends_later_does_not_count(table: Table) -> None:
    fr, jp, de = table.fr, table.jp, table.de
    thread = fr.open(JP, DE)
    table.meet()
    said = de.say(thread, "before")
    table.meet(de, fr, jp)
    fr.members.remove(thread, [DE.id])
    table.meet()
    for number in range(5):
        de.state(message(thread, f"noise {number}", said), FR, JP)
    table.meet(de, fr, jp)
    for desk in (fr, jp):
        page = desk.page(thread)
        assert [each.message.said.text for each in page.messages] == [TEXT, "before"]
        assert page.thread.uncounted == 5
        assert desk.listed()[0].messages == 1


def test_only_the_opener_decides_who_is_in_a_thread(table: Table) -> None:
    fr, jp = table.fr, table.jp
    thread = fr.open(JP)
    table.meet()
    with pytest.raises(Refused, match="only FR decides"):
        jp.members.add(thread, [DE.id])
    with pytest.raises(Refused, match="only FR decides"):
        jp.members.remove(thread, [FR.id])
    for change, members, error, why in (
        (fr.members.add, [JP.id], Misuse, "changes nothing"),
        (fr.members.remove, [DE.id], Misuse, "not in this thread"),
        (fr.members.remove, [FR.id], Refused, "nobody else"),
        (fr.members.remove, [JP.id], Refused, "nobody else"),
        (fr.members.add, ["XX"], Misuse, "not a member"),
    ):
        with pytest.raises(error, match=why):
            change(thread, members)  # type: ignore[arg-type]


def test_a_thread_keeps_its_name_until_it_is_sent(table: Table) -> None:
    """A statement that was not sent is replaced as a whole, and what names it would be lost."""
    fr, jp, de = table.fr, table.jp, table.de
    thread = fr.open(JP)
    fr.say(thread, "first")
    with pytest.raises(Refused, match="not left this node"):
        fr.members.add(thread, [DE.id])
    table.meet()
    fr.members.add(thread, [DE.id])
    fr.say(thread, "second")
    assert fr.texts(thread) == [TEXT, "first", "second"], "a new version of the opening that waits is used"
    assert len(fr.members.share(thread).records) == 1
    table.meet()
    assert jp.texts(thread) == de.texts(thread) == [TEXT, "first", "second"]


def test_whoever_is_not_in_a_thread_cannot_speak_in_it(table: Table) -> None:
    fr, jp, de = table.fr, table.jp, table.de
    thread = fr.open(JP)
    table.meet()
    with pytest.raises(NotFound):
        de.say(thread, "me too")
    de.state(message(thread, "me too"), FR, JP)
    table.meet()
    for desk in (fr, jp):
        assert (desk.texts(thread), desk.page(thread).thread.uncounted) == ([TEXT], 1)
        assert (desk.listed()[0].messages, desk.listed()[0].last.member) == (1, FR.id)


def test_names_of_messages_that_nobody_said_do_no_harm(table: Table) -> None:
    fr, jp = table.fr, table.jp
    thread = fr.open(JP)
    table.meet()
    nowhere = [RecordId(FR.origin, leaf_hash(b"%d" % number)) for number in range(64)]
    jp.state(message(thread, "strange", *nowhere, at=1 << 52), FR)
    table.meet(jp, fr)
    page = fr.page(thread)
    assert [each.message.said.text for each in page.messages] == [TEXT, "strange"]
    assert page.absent == {Absence.NOT_HERE: 64}
    fr.say(thread, "go on")
    table.meet(fr, jp)
    assert jp.texts(thread) == [TEXT, "strange", "go on"]


def test_a_flood_is_bounded_and_the_output_says_so(table: Table) -> None:
    fr, jp, de = table.fr, table.jp, table.de
    thread = fr.open(JP, DE)
    table.meet()
    for number in range(12):
        jp.state(message(thread, f"noise {number}", at=number), FR, DE)
    table.meet()
    de.say(thread, "please stop")
    table.meet()
    with patch.object(thread_order, "MOST_OF_MEMBER", 5):
        for desk in (fr, de):
            page = desk.page(thread)
            assert len(page.thread.messages) == 1 + 5 + 1
            assert (page.thread.left_out, page.absent) == ({JP.id: 7}, {})
            assert "please stop" in desk.texts(thread)
            assert desk.texts(thread)[1:6] == [f"noise {number}" for number in range(5)]
        fr.reading.mark_read(thread)
        assert fr.unread("") == [0]


def test_a_message_that_becomes_an_opening_leaves_its_thread(table: Table) -> None:
    fr, jp = table.fr, table.jp
    thread = fr.open(JP)
    table.meet()
    said = jp.say(thread, "a reply")
    table.meet(jp, fr)
    turned = Consultation(step=ConsultationStep.OPEN, subject="my own", text="now mine", at=1)
    jp.node.ledger.revise(said, turned, jp.threads.present(jp.thread(thread)))
    table.meet(jp, fr)
    assert fr.texts(thread) == [TEXT]
    assert sorted(each.subject for each in fr.listed()) == ["my own", "the blue room"]
    assert fr.thread(str(said)).root == said


def test_a_thread_goes_on_after_its_opener_has_a_new_log_key(table: Table) -> None:
    thread = table.fr.open(JP)
    table.meet()
    table.jp.say(thread, "We do.")
    table.meet(table.jp, table.fr)
    table.change_key()
    fr, jp, de = table.fr, table.jp, table.de
    fr.say(thread, "Where?")
    fr.members.add(thread, [DE.id])
    table.meet()
    for desk in (fr, jp):
        assert desk.texts(thread) == [TEXT, "We do.", "Where?"]
    assert (de.texts(thread), de.page(thread).absent) == ([TEXT], {Absence.NOT_FOR_US: 2})
    fr.consulting.close(thread)
    table.meet()
    assert all(desk.thread(thread).is_closed and desk.listed(closed=True)[0].closed for desk in (fr, jp, de))
    fr.consulting.reopen(thread)
    table.meet()
    assert not any(desk.thread(thread).is_closed for desk in (fr, jp, de))


def test_messages_that_an_earlier_version_stored_become_threads_at_the_next_start(table: Table) -> None:
    fr, jp = table.fr, table.jp
    thread = fr.open(JP)
    table.meet()
    jp.say(thread, "We do.")
    fr.consulting.close(thread)
    table.meet()
    state = jp.node.store._state
    state.mentions.clear()
    state.stated |= {place: replace(each, is_read=False) for place, each in state.stated.items()}
    assert jp.listed(closed=True) == []
    jp.node.catalogue.read_later()
    (listed,) = jp.listed(closed=True)
    assert (listed.messages, listed.closed) == (3, True)
    assert jp.thread(thread).is_closed
