"""What every store of a node owes queries and settings."""

from __future__ import annotations

import pytest

from node.domain.ids import MemberId
from node.domain.queries import MatchRule, QueryHeader, SignedAnswer, SignedQuery
from node.domain.query_ports import AskedQuery, GivenAnswer
from node.domain.questions import Part, PartBody, PlannedPart, Terms
from node.domain.stores import NodeStore
from node.errors import Misuse, NotFound

FR, JP, BR = MemberId("FR"), MemberId("JP"), MemberId("BR")


def asked(number: int, *, created_at: int = 100) -> AskedQuery:
    header = QueryHeader(
        query_id=bytes([number]) * 16,
        asker=FR,
        recipients=(JP, BR) if number % 2 else (),
        purpose="victim-identification",
        issued_at=created_at,
        expires_at=created_at + 60,
        cost=8,
    )
    query = SignedQuery(header=b"header", payload=b"payload %d" % number, signature=bytes(64))
    return AskedQuery(query=query, header=header, created_at=created_at)


def answer(member: MemberId, text: bytes = b"answer") -> SignedAnswer:
    return SignedAnswer(answerer=member, answer=text, signature=b"s" * 64)


def test_a_query_is_kept_as_it_was_sent(store: NodeStore) -> None:
    with store.write() as writer:
        writer.put_asked(asked(1))
        writer.put_asked(asked(2, created_at=300))
        writer.put_asked(asked(3, created_at=200))
    with store.read() as reader:
        assert reader.asked(bytes([1]) * 16) == asked(1)
        assert reader.asked(bytes(16)) is None
        newest = reader.recent_questions(2)
        assert [(each.id[0], each.created_at, each.terms) for each in newest] == [(2, 300, None), (3, 200, None)]
        body = reader.part_body(bytes([1]) * 16)
        assert body == PartBody(payload=b"payload 1")


def test_a_query_id_is_used_once(store: NodeStore) -> None:
    with store.write() as writer:
        writer.put_asked(asked(1))
    with pytest.raises(Misuse), store.write() as writer:
        writer.put_asked(asked(1))


def test_closing_a_query_keeps_its_first_time(store: NodeStore) -> None:
    with store.write() as writer:
        writer.put_asked(asked(1))
        writer.close_query(bytes([1]) * 16, 170)
        writer.close_query(bytes([1]) * 16, 180)
    with store.read() as reader:
        kept = reader.asked(bytes([1]) * 16)
    assert kept is not None
    assert kept.closed_at == 170
    with pytest.raises(NotFound), store.write() as writer:
        writer.close_query(bytes(16), 190)


def test_the_first_outcome_of_a_member_stands_and_late_ones_are_appended(store: NodeStore) -> None:
    query = bytes([1]) * 16
    with store.write() as writer:
        writer.put_asked(asked(1))
        writer.put_outcome(query, JP, "hit", answer(JP), late=False)
        writer.put_outcome(query, BR, "timeout", None, late=False)
        writer.put_outcome(query, JP, "no-hit", answer(JP, b"another"), late=False)
        writer.put_outcome(query, BR, "no-hit", answer(BR), late=True)
    with store.read() as reader:
        assert reader.outcomes(query) == [
            (JP, "hit", answer(JP), False),
            (BR, "timeout", None, False),
            (BR, "no-hit", answer(BR), True),
        ]
        assert reader.outcomes(bytes(16)) == []


TERMS = Terms(
    case="FR-7",
    purpose="victim-identification",
    legal_basis="art. 706-47",
    officer_role="investigator",
    rule=MatchRule.EXACT,
    officer="Lt. Dupont",
    recipients=(JP,),
    members=(JP, BR),
    budget=2.5,
    subjects=3,
    fingerprints=9,
    from_case=True,
    again=b"a" * 16,
)


def planned(part: int, query: int) -> PlannedPart:
    """A part of one question; `query`: the number of its query."""
    return PlannedPart(
        part=Part(number=part, query_id=bytes([query]) * 16, cost=8),
        body=PartBody(payload=b"planned %d" % query, labels=(f"/evidence/{query}.jpg", "\udcff \u2603")),
    )


def test_a_question_is_kept_with_its_terms_and_what_each_part_asks_about(store: NodeStore) -> None:
    with store.write() as writer:
        writer.put_question(b"q" * 16, TERMS, [planned(1, 1), planned(2, 2)], 90)
    with store.read() as reader:
        kept = reader.question(b"q" * 16)
        assert kept is not None
        assert kept.terms == TERMS
        assert [(part.number, part.asked_at, part.closed_at) for part in kept.parts] == [(1, 0, 0), (2, 0, 0)]
        assert reader.question(bytes([2]) * 16) == kept
        assert reader.recent_questions(9) == [kept]
        assert reader.part_body(bytes([2]) * 16) == planned(2, 2).body
        assert reader.question(bytes(16)) is None
        assert reader.part_body(bytes(16)) is None
    with pytest.raises(Misuse), store.write() as writer:
        writer.put_question(b"q" * 16, TERMS, [planned(1, 3)], 91)


def test_a_part_that_was_asked_has_the_payload_that_was_sent_and_its_times(store: NodeStore) -> None:
    with store.write() as writer:
        writer.put_question(b"q" * 16, TERMS, [planned(1, 1), planned(2, 2)], 90)
        writer.put_asked(asked(1))
        writer.close_query(bytes([1]) * 16, 170)
    with store.read() as reader:
        assert reader.part_body(bytes([1]) * 16) == PartBody(payload=b"payload 1", labels=planned(1, 1).body.labels)
        (kept,) = reader.recent_questions(9)
        assert [(part.asked_at, part.closed_at) for part in kept.parts] == [(100, 170), (0, 0)]
        assert not kept.closed


def test_a_part_can_be_asked_by_a_new_query(store: NodeStore) -> None:
    with store.write() as writer:
        writer.put_question(b"q" * 16, TERMS, [planned(1, 1), planned(2, 2)], 90)
        writer.put_asked(asked(1))
        writer.renew_part(bytes([1]) * 16, bytes([9]) * 16)
    with store.read() as reader:
        kept = reader.question(b"q" * 16)
        assert kept is not None
        assert [(part.query_id[0], part.asked_at) for part in kept.parts] == [(9, 0), (2, 0)]
        assert reader.part_body(bytes([9]) * 16) == PartBody(payload=b"payload 1", labels=planned(1, 1).body.labels)
        assert reader.question(bytes([1]) * 16) is None
    with store.write() as writer:
        writer.put_asked(asked(9, created_at=120))
    with pytest.raises(NotFound), store.write() as writer:
        writer.renew_part(bytes([2]) * 16, bytes([8]) * 16)


def test_a_question_is_forgotten_with_its_labels_and_parts(store: NodeStore) -> None:
    with store.write() as writer:
        writer.put_question(b"o" * 16, TERMS, [planned(1, 1), planned(2, 2)], 100)
        writer.put_question(b"n" * 16, TERMS, [planned(1, 3)], 300)
        writer.put_asked(asked(1, created_at=110))
        writer.put_outcome(bytes([1]) * 16, JP, "offline", None, late=False, reason="said by the hub")
    with store.write() as writer:
        assert writer.forget_queries(105) == 1, "of the question itself, whose query goes later"
        assert writer.forget_queries(105) == 0
        assert writer.question(b"o" * 16) is None
        assert writer.part_body(bytes([2]) * 16) is None
        assert writer.forget_queries(250) == 1
        assert writer.outcome_reasons(bytes([1]) * 16) == {}
    with store.read() as reader:
        assert [each.id for each in reader.recent_questions(9)] == [b"n" * 16]
        assert reader.part_body(bytes([3]) * 16) == planned(1, 3).body


def test_why_a_member_has_its_state_is_kept_beside_it(store: NodeStore) -> None:
    query = bytes([1]) * 16
    with store.write() as writer:
        writer.put_asked(asked(1))
        writer.put_outcome(query, JP, "offline", None, late=False, reason="said by the hub")
        writer.put_outcome(query, JP, "timeout", None, late=False, reason="another")
        writer.put_outcome(query, BR, "hit", answer(BR), late=False)
    with store.read() as reader:
        assert reader.outcome_reasons(query) == {JP: "said by the hub"}
        assert reader.outcome_reasons(bytes(16)) == {}


def given(asker: MemberId, query_id: bytes, said: SignedAnswer, at: int) -> GivenAnswer:
    return GivenAnswer(asker=asker, query_id=query_id, answer=said, at=at)


def test_the_newest_answers_are_told_first(store: NodeStore) -> None:
    with store.write() as writer:
        for number, at in ((1, 100), (2, 300), (3, 200)):
            writer.put_answered([given(JP, bytes([number]) * 16, answer(FR), at)])
    with store.read() as reader:
        assert reader.answered_lately(2) == [(JP, bytes([2]) * 16, 300), (JP, bytes([3]) * 16, 200)]
        assert len(reader.answered_lately(9)) == 3


def test_the_first_answer_we_gave_stands(store: NodeStore) -> None:
    with store.write() as writer:
        writer.put_answered([given(JP, b"q" * 16, answer(FR), 100)])
        writer.put_answered([])
        writer.put_answered(
            [
                given(JP, b"q" * 16, answer(FR, b"another"), 200),
                given(BR, b"q" * 16, answer(FR, b"to BR"), 200),
                given(BR, b"q" * 16, answer(FR, b"to BR, again"), 200),
            ]
        )
    with store.read() as reader:
        assert reader.answered(JP, b"q" * 16) == answer(FR)
        assert reader.answered(BR, b"q" * 16) == answer(FR, b"to BR")
        assert reader.answered(FR, b"q" * 16) is None


def test_old_queries_are_forgotten_with_their_outcomes(store: NodeStore) -> None:
    with store.write() as writer:
        for number, at in ((1, 100), (2, 200), (3, 300)):
            writer.put_asked(asked(number, created_at=at))
            writer.put_outcome(bytes([number]) * 16, JP, "hit", answer(JP), late=False)
            writer.put_answered([given(JP, bytes([number]) * 16, answer(FR), at)])
    with store.write() as writer:
        assert writer.forget_queries(250) == 4
        assert writer.forget_queries(250) == 0
    with store.read() as reader:
        assert [each.id for each in reader.recent_questions(9)] == [bytes([3]) * 16]
        assert reader.asked(bytes([1]) * 16) is None
        assert reader.outcomes(bytes([1]) * 16) == []
        assert len(reader.outcomes(bytes([3]) * 16)) == 1
        assert reader.answered(JP, bytes([2]) * 16) is None
        assert reader.answered(JP, bytes([3]) * 16) == answer(FR)


def test_settings_are_small_values_by_name(store: NodeStore) -> None:
    with store.write() as writer:
        assert writer.setting("roster") == b""
        writer.set_setting("roster", b"one")
        writer.set_setting("salt", b"salt")
        writer.set_setting("roster", b"two")
        assert writer.setting("roster") == b"two"
    with store.read() as reader:
        assert (reader.setting("roster"), reader.setting("salt"), reader.setting("other")) == (b"two", b"salt", b"")


def test_settings_are_read_by_their_names_and_by_how_their_names_begin(store: NodeStore) -> None:
    with store.write() as writer:
        for name in ("a/1", "a/10", "a/2", "a%2F/1", "ab/1", "a"):
            writer.set_setting(name, name.encode())
        writer.set_setting("a/2", b"again")
    with store.read() as reader:
        assert reader.settings_named(["a/2", "nobody's", "a"]) == {"a/2": b"again", "a": b"a"}
        assert reader.settings_under("a/") == [("a/1", b"a/1"), ("a/10", b"a/10"), ("a/2", b"again")]
        assert reader.settings_under("a/", "a/1", 1) == [("a/10", b"a/10")]
        assert reader.settings_under("a/", "a/2") == []
        assert (reader.count_settings("a/"), reader.count_settings("b/")) == (3, 0)
    with store.write() as writer:
        writer.forget_settings(["a/1", "nobody's"])
        assert (writer.count_settings("a/"), writer.setting("a/1"), writer.setting("ab/1")) == (2, b"", b"ab/1")
