"""Threads between members: opened, answered, closed, and read by those who are in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pytest

from node.domain.case_events import FIRST_PLACE
from node.domain.consultations import Consultation, ConsultationStep
from node.domain.groups import Group, GroupStep
from node.domain.handling import Handling
from node.domain.ids import Origin, RecordId
from node.domain.queries import Answer, Outcome, SignedAnswer
from node.domain.query_ports import GivenAnswer
from node.domain.questions import Part, PartBody, PlannedPart
from node.domain.questions import Terms as AskedTerms
from node.domain.statements import Reason
from node.domain.wording import Terms
from node.errors import Misuse, NotFound, Refused
from node.usecases.consulting import Question
from node.usecases.ledger import Draft
from node.usecases.publication import Publication
from node.usecases.thread_reading import Absence
from tests.simulator.federation import picture
from tests.simulator.memory_store import MemoryReader
from tests.simulator.world import CODEC, Node
from tests.unit.usecases.consult_desk import DE, FR, JP, SUBJECT, TEXT, Table


@pytest.fixture
def table() -> Iterator[Table]:
    made = Table()
    yield made
    made.close()


def test_a_thread_is_opened_answered_and_read_by_its_members(table: Table) -> None:
    fr, jp = table.fr, table.jp
    thread = fr.open(JP)
    table.meet()
    (seen,) = jp.listed()
    assert (seen.subject, seen.members, seen.messages, seen.unread, seen.closed) == (
        SUBJECT,
        (FR.id, JP.id),
        1,
        1,
        False,
    )
    jp.say(thread, "We do.")
    table.meet(jp, fr)
    (seen,) = fr.listed()
    assert (seen.messages, seen.unread, seen.last.member, seen.last.said.text) == (2, 1, JP.id, "We do.")
    fr.say(thread, "Where?")
    table.meet(fr, jp)
    assert fr.texts(thread) == jp.texts(thread) == [TEXT, "We do.", "Where?"]


def test_who_is_not_in_a_thread_learns_only_that_there_is_an_entry(table: Table) -> None:
    thread = table.fr.open(JP)
    table.meet()
    table.jp.say(thread, "We do.")
    table.meet()
    table.meet()
    assert table.de.listed() == []
    with pytest.raises(NotFound):
        table.de.threads.any(thread)
    with table.de.node.store.read() as tx:
        for origin in (FR.origin, JP.origin):
            assert tx.mentions(origin, 0, 10) == []
            assert set(tx.run(origin, 0, 10, 1 << 20).bodies) == {b""}
        assert tx.thread_logs(RecordId.parse(thread), "") == []
    views = [each for origin in (FR.origin, JP.origin) for each in table.de.node.catalogue.records(origin)]
    assert [(each.body, each.handling, each.open) for each in views] == [(None, None, False)] * 2


def test_the_hub_lists_who_may_read_and_forwards_to_nobody_else(table: Table) -> None:
    table.fr.open(JP)
    table.meet(table.fr)
    with table.hub.store.read() as tx:
        ((entry, _),) = tx.held_at(FR.origin, [0]).values()
    assert SUBJECT.encode() not in entry
    assert TEXT.encode() not in entry


def test_a_message_without_a_place_is_shown_as_not_sent(table: Table) -> None:
    fr = table.fr
    thread = fr.open(JP)
    fr.say(thread, "And this?")
    (seen,) = fr.listed()
    assert (seen.messages, seen.sent, seen.last.said.text, seen.unread) == (2, False, "And this?", 0)
    page = fr.page(thread)
    assert [each.publication for each in page.messages] == [Publication.QUEUED] * 2
    table.meet()
    assert [each.publication for each in fr.page(thread).messages] == [Publication.PUBLISHED] * 2
    assert fr.listed()[0].sent


def test_a_member_that_was_away_reads_and_answers_later(table: Table) -> None:
    fr, jp = table.fr, table.jp
    thread = fr.open(JP, DE)
    fr.say(thread, "Nobody?")
    table.meet(fr, table.de)
    table.world.clock.now -= 90_000  # the clock of the one that was away is a day behind
    table.meet(jp, fr)
    jp.say(thread, "We were away.")
    table.meet(jp, fr, table.de)
    assert fr.texts(thread) == jp.texts(thread) == table.de.texts(thread) == [TEXT, "Nobody?", "We were away."]


def test_unread_is_counted_for_each_officer(table: Table) -> None:
    fr, jp = table.fr, table.jp
    thread = fr.open(JP)
    for number in range(3):
        fr.say(thread, f"word {number}")
    table.meet()
    assert jp.unread("Sato") == jp.unread("Mori") == [4]
    page = jp.page(thread, limit=2)
    assert ([each.number for each in page.messages], page.unread, page.next) == ([1, 2], 4, 2)
    assert (jp.unread("Sato"), jp.unread("Mori")) == ([2], [4])
    assert [each.number for each in jp.page(thread, limit=2).messages] == [3, 4]
    assert jp.unread("Sato") == [0]
    assert jp.listed(unread=True) == []
    assert len(jp.listed(officer="Mori", unread=True)) == 1
    assert jp.reading.mark_read(thread)[1] == 4
    assert fr.unread("Sato") == [0], "what this node said itself is never unread"


def test_what_is_peeked_at_stays_unread_and_so_does_what_lies_before_it(table: Table) -> None:
    fr, jp = table.fr, table.jp
    thread = fr.open(JP)
    fr.say(thread, "second")
    fr.say(thread, "third")
    table.meet()
    jp.reading.page(thread, peek=True)
    assert jp.unread("") == [3]
    jp.page(thread, after=2)
    assert jp.unread() == [3]
    jp.page(thread)
    assert jp.unread() == [0]


def test_only_the_opener_closes_and_nobody_answers_until_it_is_opened_again(table: Table) -> None:
    fr, jp = table.fr, table.jp
    thread = fr.open(JP)
    table.meet()
    with pytest.raises(Refused, match="only FR closes it"):
        jp.consulting.close(thread)
    fr.consulting.close(thread, "Found.")
    table.meet()
    for desk in (fr, jp):
        assert desk.thread(thread).is_closed
        assert (desk.listed(), len(desk.listed(closed=True))) == ([], 1)
        with pytest.raises(Refused, match="closed"):
            desk.say(thread, "too late")
    with pytest.raises(Refused, match="only FR opens it again"):
        jp.consulting.reopen(thread)
    fr.consulting.reopen(thread)
    table.meet()
    assert (jp.listed(closed=True), len(jp.listed())) == ([], 1)
    with pytest.raises(Refused, match="not closed"):
        fr.consulting.reopen(thread)
    jp.say(thread, "in time")
    table.meet(jp, fr)
    assert fr.texts(thread) == [TEXT, "in time"]


def test_a_thread_that_was_never_sent_can_be_closed_and_opened_again(table: Table) -> None:
    thread = table.fr.open(JP)
    table.fr.consulting.close(thread)
    assert (table.fr.listed(), len(table.fr.listed(closed=True))) == ([], 1)
    assert table.fr.consulting.reopen(thread).records == ()
    assert table.fr.texts(thread) == [TEXT]


def test_another_member_cannot_close_a_thread(table: Table) -> None:
    fr, jp = table.fr, table.jp
    thread = fr.open(JP)
    table.meet()
    root = RecordId.parse(thread)
    jp.state(Consultation(step=ConsultationStep.CLOSE, text="over", at=1, thread=root), FR)
    table.meet(jp, fr)
    for desk in (fr, jp):
        assert not desk.thread(thread).is_closed
        assert not desk.listed()[0].closed


def test_a_retracted_message_is_deleted_and_the_thread_goes_on(table: Table) -> None:
    fr, jp = table.fr, table.jp
    thread = fr.open(JP)
    wrong = str(fr.say(thread, "a mistake"))
    table.meet()
    jp.say(thread, "really?")
    table.meet()
    with pytest.raises(Refused, match="only its author"):
        jp.consulting.retract(wrong, Reason.MISTAKE)
    fr.consulting.retract(wrong[wrong.index("#") + 1 :][:12], Reason.MISTAKE)
    table.meet()
    for desk in (fr, jp):
        page = desk.page(thread)
        assert [each.message.said.text for each in page.messages] == [TEXT, "really?"]
        assert page.absent == {Absence.DELETED: 1}
    with pytest.raises(NotFound):
        fr.consulting.retract(wrong, Reason.MISTAKE)


def test_without_its_opening_a_thread_is_shown_and_nothing_is_said_in_it(table: Table) -> None:
    fr, jp = table.fr, table.jp
    thread = fr.open(JP)
    table.meet()
    jp.say(thread, "ours stays")
    table.meet(jp, fr)
    fr.consulting.retract(thread, Reason.VICTIM_REQUEST)
    table.meet()
    for desk in (fr, jp):
        assert desk.listed() == []
        page = desk.page(thread)
        assert (page.thread.opening, [each.message.said.text for each in page.messages]) == (None, ["ours stays"])
        with pytest.raises(Refused, match="opening"):
            desk.say(thread, "anybody?")


def test_a_thread_is_named_by_any_of_its_messages(table: Table) -> None:
    fr, jp = table.fr, table.jp
    thread = fr.open(JP)
    first = fr.say(thread, "one")
    assert fr.thread(first.leaf.hex()[:8]).root == RecordId.parse(thread)
    table.meet()
    answer = jp.say(str(first), "two")
    table.meet(jp, fr)
    assert fr.thread(answer.leaf.hex()).root == RecordId.parse(thread)


def test_a_thread_is_about_records_and_about_nothing_else(table: Table) -> None:
    fr, jp = table.fr, table.jp
    record = share(fr.node)
    thread = fr.open(JP, about=(record.leaf.hex()[:10], str(record)))
    table.meet()
    assert jp.thread(thread).messages[0].said.about == (record,)
    with pytest.raises(NotFound, match="not a message"):
        fr.threads.any(str(record))
    with pytest.raises(NotFound):
        fr.open(JP, about=("00" * 8,))
    with pytest.raises(NotFound, match="no such query"):
        fr.open(JP, query=b"q" * 16)


def share(node: Node) -> RecordId:

    (record,) = node.ledger.contribute([Draft(statement=picture(1))])
    return record


@pytest.mark.parametrize(
    ("subject", "text", "why"),
    [
        ("", TEXT, "subject and a text"),
        (SUBJECT, " \n", "subject and a text"),
        ("\N{RIGHT-TO-LEFT OVERRIDE}x", TEXT, "direction"),
        (SUBJECT, "x" * 4_001, "4,001 characters"),
    ],
)
def test_words_are_checked_before_anything_is_recorded(table: Table, subject: str, text: str, why: str) -> None:
    with pytest.raises(Misuse, match=why):
        table.fr.open(JP, subject=subject, text=text)
    assert table.fr.written() == []


@pytest.mark.parametrize("terms", [Terms(), Terms(audience=(FR.id,)), Terms(everyone=True)])
def test_a_thread_names_whom_it_asks(table: Table, terms: Terms) -> None:
    with pytest.raises(Misuse, match="nobody is asked"):
        table.fr.consulting.open(Question(subject=SUBJECT, text=TEXT, terms=terms))


def test_an_empty_reply_is_refused(table: Table) -> None:
    thread = table.fr.open(JP)
    with pytest.raises(Misuse, match="empty"):
        table.fr.say(thread, " ")


def test_a_thread_can_belong_to_a_case_that_never_leaves(table: Table) -> None:
    fr, jp = table.fr, table.jp
    with pytest.raises(NotFound):
        fr.open(JP, case="C-1")
    fr.open_case("C-1")
    thread = fr.open(JP, case="C-1")
    table.meet()
    fr.say(thread, "more")
    assert fr.listed()[0].cases == ["C-1"]
    assert fr.page(thread).cases == ["C-1"]
    with fr.node.store.read() as tx:
        events = tx.case_events("C-1", FIRST_PLACE, 10)
    assert [(each.kind, each.subject) for each in events] == [("consulted", RecordId.parse(thread).leaf.hex())] * 2
    assert jp.listed()[0].cases == []
    jp.open_case("J-1")
    jp.reading.put_in_case(thread, "J-1")
    assert jp.page(thread).cases == ["J-1"]
    with pytest.raises(NotFound):
        jp.reading.put_in_case(thread, "J-2")


def test_a_member_leaves_a_thread_on_its_own_node_alone(table: Table) -> None:
    fr, jp = table.fr, table.jp
    thread = fr.open(JP)
    table.meet()
    jp.reading.set_muted(thread, muted=True)
    assert (jp.listed(unread=True), [each.muted for each in jp.listed()]) == ([], [True])
    assert not fr.listed()[0].muted
    jp.reading.set_muted(thread, muted=False)
    assert len(jp.listed(unread=True)) == 1


def test_the_list_comes_in_pages_and_waiting_threads_come_last(table: Table) -> None:
    fr = table.fr
    names = [fr.open(JP, subject=f"thread {number}") for number in range(3)]
    table.meet()
    names += [fr.open(DE, subject=f"thread {number}") for number in (3, 4)]
    found, after = [], ""
    while True:
        page = fr.listing.page(after=after, limit=2)
        found += [str(each.root) for each in page.threads]
        if page.next is None:
            break
        after = str(page.next)
    assert found == names


def test_the_audit_log_names_threads_and_never_words(table: Table) -> None:
    fr = table.fr
    thread = fr.open(JP)
    fr.say(thread, "a telltale word")
    fr.page(thread)
    fr.listed()
    written = fr.written()
    assert [each["what"] for each in written] == [
        "consult open",
        "outcome",
        "consult reply",
        "outcome",
        "consultation",
        "consultations",
    ]
    assert (written[0]["to"], written[2]["thread"], written[4]["thread"]) == (["JP"], thread, thread)
    assert not any(word in str(written) for word in (SUBJECT, TEXT, "telltale"))


def test_nothing_is_shown_that_cannot_be_recorded(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    thread = table.fr.open(JP)

    def fail(*_: object, **__: object) -> None:
        raise Refused("the audit log is full")

    monkeypatch.setattr(table.fr.audit, "append", fail)
    for look in (lambda: table.fr.page(thread), table.fr.listed):
        with pytest.raises(Refused, match="full"):
            look()


def test_a_thread_can_be_for_a_group(table: Table) -> None:
    fr, jp = table.fr, table.jp
    found = Group(step=GroupStep.FOUND, name="Aurora", purpose="find them")
    group = fr.node.ledger.state(found, Handling(audience=(DE.id, JP.id)))
    table.meet()
    jp.node.ledger.state(Group(step=GroupStep.ACCEPT, group=group), Handling(audience=(DE.id, FR.id)))
    table.meet()
    said = fr.consulting.open(Question(subject=SUBJECT, text=TEXT, terms=Terms(group="Aurora")))
    table.meet()
    assert said.members == (FR.id, JP.id)
    opening = jp.threads.any(str(said.thread)).opening
    assert opening is not None
    assert opening.said.group == group
    assert table.de.listed() == []


def test_listing_a_long_thread_reads_as_many_bodies_as_listing_a_short_one(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    held_at = MemoryReader.held_at

    def counted(self: MemoryReader, origin: Origin, indices: Sequence[int]) -> Mapping[int, tuple[bytes, bytes]]:
        read.append(len(indices))
        return held_at(self, origin, indices)

    monkeypatch.setattr(MemoryReader, "held_at", counted)
    fr, jp = table.fr, table.jp
    thread = fr.open(JP)
    table.meet()
    jp.say(thread, "first")
    table.meet()
    read.clear()
    assert fr.listed()[0].messages == 2
    short = sum(read)
    for number in range(20):
        jp.state(reply_to(thread, f"word {number}", at=number), FR)
    table.meet()
    read.clear()
    (listed,) = fr.listed()
    assert (listed.messages, listed.last.said.text) == (22, "word 19")
    assert sum(read) == short


def reply_to(thread: str, text: str, at: int) -> Consultation:
    return Consultation(step=ConsultationStep.REPLY, text=text, at=at, thread=RecordId.parse(thread))


def test_who_answered_a_query_sees_how_it_answered(table: Table) -> None:
    fr, jp = table.fr, table.jp
    query = b"q" * 16
    said = Consultation(step=ConsultationStep.OPEN, subject=SUBJECT, text=TEXT, at=1, query_id=query)
    thread = str(fr.state(said, JP))
    table.meet()
    assert jp.page(thread).answer == ""
    answer = Answer(query_id=query, query_digest=bytes(32), answerer=JP.id, outcome=Outcome.HELD, reason="later")
    with jp.node.store.write() as tx:
        signed = SignedAnswer(answerer=JP.id, answer=CODEC.encode_answer(answer), signature=bytes(64))
        tx.put_answered([GivenAnswer(asker=FR.id, query_id=query, answer=signed, at=1)])
    assert jp.page(thread).answer == "held"
    assert fr.page(thread).answer == ""


def test_other_members_know_a_query_by_the_id_of_its_part(table: Table) -> None:
    terms = AskedTerms(case="C", purpose="p", legal_basis="b", officer_role="r", officer="Dupont")
    with table.fr.node.store.write() as tx:
        for question, parts in ((b"1" * 16, (b"a" * 16,)), (b"2" * 16, (b"b" * 16, b"c" * 16))):
            planned = [
                PlannedPart(part=Part(number=number, query_id=part, cost=1), body=PartBody(payload=b"p"))
                for number, part in enumerate(parts, 1)
            ]
            tx.put_question(question, terms, planned, 5)
    for named, sent in ((b"1" * 16, b"a" * 16), (b"a" * 16, b"a" * 16), (b"c" * 16, b"c" * 16)):
        thread = table.fr.thread(table.fr.open(JP, query=named))
        assert thread.messages[0].said.query_id == sent
    with pytest.raises(Misuse, match="in 2 parts"):
        table.fr.open(JP, query=b"2" * 16)
