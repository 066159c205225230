"""The order of a thread, and which messages count, as functions of the set of messages."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from node.domain.consultations import MOST_AFTER, Consultation, ConsultationStep
from node.domain.ids import MemberId, RecordId
from node.usecases.thread_order import (
    MOST_IN_THREAD,
    MOST_OF_MEMBER,
    Message,
    counting,
    ends_of,
    in_order,
    share_of_each,
    told_of,
)
from tests.simulator.federation import Speaker

SPEAKERS = [Speaker.named(name) for name in ("DE", "FR", "JP")]
ROOT = RecordId(SPEAKERS[1].origin, b"\x00" * 32)


def message(
    number: int, *, who: int = 0, at: int = 0, after: tuple[RecordId, ...] = (), newest: int | None = None
) -> Message:
    said = Consultation(step=ConsultationStep.REPLY, thread=ROOT, text=f"word {number}", at=at, after=after)
    origin = SPEAKERS[who].origin
    return Message(
        record=name(number, who),
        newest=name(number if newest is None else newest, who),
        said=said,
        place=(origin, number),
    )


def name(number: int, who: int = 0) -> RecordId:
    return RecordId(SPEAKERS[who].origin, number.to_bytes(32, "big"))


def opening(after: tuple[RecordId, ...] = ()) -> Message:
    said = Consultation(step=ConsultationStep.OPEN, subject="s", text="t", at=10**9, after=after)
    return Message(record=ROOT, newest=ROOT, said=said)


def numbers(messages: list[Message]) -> list[str]:
    return [each.said.text.removeprefix("word ") for each in messages]


@st.composite
def conversations(draw: st.DrawFn) -> list[Message]:
    """Messages with wrong clocks, that name earlier ones, none, each other in circles, or what nobody said."""
    count = draw(st.integers(0, 12))
    made = []
    for number in range(1, count + 1):
        named = draw(st.lists(st.integers(1, count + 2), max_size=4, unique=True))
        at = draw(st.integers(0, 3))
        owners = {each: each % 3 for each in range(count + 3)}
        after = tuple(name(each, owners[each]) for each in named)
        made.append(message(number, who=number % 3, at=at, after=after))
    return made


@given(conversations(), st.randoms())
def test_the_order_depends_on_the_set_alone(made: list[Message], random: Random) -> None:
    mixed = list(made)
    random.shuffle(mixed)
    assert in_order(mixed) == in_order(made)
    assert sorted(numbers(in_order(made))) == sorted(numbers(made))


@given(conversations())
def test_a_message_comes_after_those_it_names_unless_they_name_it_back(made: list[Message]) -> None:
    place = {each.record: at for at, each in enumerate(in_order(made))}
    after = {each.record: {named for named in each.said.after if named in place} for each in made}
    reaches = {record: set(named) for record, named in after.items()}
    for _ in made:
        for named in reaches.values():
            named |= {far for each in list(named) for far in reaches[each]}
    for record, named in after.items():
        for each in named:
            if record not in reaches[each] and not any(r in reaches[r] for r in {*reaches[record], record}):
                assert place[each] < place[record]


@given(conversations(), st.randoms(), st.sets(st.sampled_from([each.id for each in SPEAKERS])))
def test_what_counts_depends_on_the_set_alone(made: list[Message], random: Random, inside: set[MemberId]) -> None:
    mixed = list(made)
    random.shuffle(mixed)
    counted = counting(opening(), made, inside.__contains__)
    assert {each.record for each in counting(opening(), mixed, inside.__contains__)} == {
        each.record for each in counted
    }
    assert {each.record for each in made if each.member in inside} <= {each.record for each in counted}


def test_a_wrong_clock_never_puts_an_answer_before_its_question() -> None:
    question = message(1, at=10**9)
    answer = message(2, who=1, at=5, after=(question.record,))
    assert numbers(in_order([answer, question])) == ["1", "2"]


def test_two_branches_come_together() -> None:
    first = message(1, at=1)
    left, right = message(2, who=1, at=3, after=(first.record,)), message(3, who=2, at=2, after=(first.record,))
    both = message(4, at=0, after=(left.record, right.record))
    assert numbers(in_order([both, left, right, first])) == ["1", "3", "2", "4"]
    assert ends_of([opening(), first, right, left]) == (right.record, left.record)
    assert ends_of([opening(), first, right, left, both]) == (both.record,)


def test_a_changed_message_is_known_by_both_names() -> None:
    changed = message(1, at=9, newest=7)
    by_first, by_newest = message(2, who=1, after=(name(1),)), message(3, who=2, after=(name(7),))
    assert numbers(in_order([by_newest, by_first, changed])) == ["1", "2", "3"]


def test_a_circle_is_cut_at_its_lowest_key() -> None:
    one, two = message(1, at=2, after=(name(2),)), message(2, at=1, after=(name(1),))
    assert numbers(in_order([one, two])) == ["2", "1"]
    assert numbers(in_order([message(1, after=(name(1),))])) == ["1"]


def test_a_message_from_outside_counts_only_if_one_that_counts_names_it() -> None:
    outside = [message(1, who=2), message(2, who=2, after=(name(1, 2),)), message(3, who=2)]
    inside = message(4, who=0, after=(name(2, 2),))
    admits = {SPEAKERS[0].id}.__contains__
    assert numbers(counting(opening(), [*outside, inside], admits)) == ["1", "2", "4"]
    assert numbers(counting(opening(), outside, admits)) == []
    assert numbers(counting(opening(after=(name(3, 2),)), outside, admits)) == ["3"]


def test_a_thread_without_replies_ends_with_its_opening() -> None:
    assert ends_of([opening()]) == (ROOT,)
    assert ends_of([opening(), message(1)]) == (name(1),)
    assert ends_of([]) == ()


def test_a_message_names_a_bounded_number_of_ends() -> None:
    many = [message(number, at=number) for number in range(1, 2 * MOST_AFTER)]
    ends = ends_of([opening(), *many])
    assert ends == tuple(each.record for each in many[-MOST_AFTER:])


def test_each_member_has_the_same_bounded_share() -> None:
    assert share_of_each(0) == share_of_each(1) == MOST_OF_MEMBER
    assert all(share_of_each(speakers) * speakers <= MOST_IN_THREAD for speakers in (1, 10, 11, 200, 20_000))


def test_a_new_member_names_what_the_opening_names_and_it_cannot_read() -> None:
    far = name(9, 2)
    assert ends_of([opening(after=(far,))]) == (far,)
    joined = message(1, after=(far,))
    assert ends_of([opening(after=(far,)), joined]) == (joined.record,)
    assert ends_of([opening(after=(joined.record,)), joined]) == (joined.record,)


def test_an_opening_stated_again_names_the_newest_messages_and_every_end() -> None:
    root = opening()
    assert told_of([root]) == ()
    first = message(1)
    second = message(2, after=(first.record,))
    assert told_of([root, first, second]) == (first.record, second.record)
    branch = message(3)
    row = [message(4, after=(first.record,))]
    for number in range(5, 5 + 2 * MOST_AFTER):
        row.append(message(number, after=(row[-1].record,)))
    told = told_of([root, first, branch, *row])
    assert len(told) == MOST_AFTER
    assert {branch.record, row[-1].record} <= {*told}
