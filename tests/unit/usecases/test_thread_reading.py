"""How officers see threads: what is unread, listed, muted, kept with a case, and recorded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pytest

from node.domain.case_events import FIRST_PLACE
from node.domain.consultations import Consultation, ConsultationStep
from node.domain.ids import Origin, RecordId
from node.domain.queries import Answer, Outcome, SignedAnswer
from node.domain.query_ports import GivenAnswer
from node.errors import NotFound, Refused
from node.usecases.publication import Publication
from tests.simulator.memory_store import MemoryReader
from tests.simulator.world import CODEC
from tests.unit.usecases.consult_desk import DE, FR, JP, SUBJECT, TEXT, Table


@pytest.fixture
def table() -> Iterator[Table]:
    made = Table()
    yield made
    made.close()


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


def test_a_thread_is_named_by_any_of_its_messages(table: Table) -> None:
    fr, jp = table.fr, table.jp
    thread = fr.open(JP)
    first = fr.say(thread, "one")
    assert fr.thread(first.leaf.hex()[:8]).root == RecordId.parse(thread)
    table.meet()
    answer = jp.say(str(first), "two")
    table.meet(jp, fr)
    assert fr.thread(answer.leaf.hex()).root == RecordId.parse(thread)


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
