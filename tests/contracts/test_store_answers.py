"""What every store does with refused answers, held questions, near questions, and a hub's promises."""

from node.domain.held_questions import Decision, HeldQuestion, NearQuestion, RefusedAnswer
from node.domain.ids import member_id
from node.domain.queries import QueryHeader, SignedAnswer, SignedQuery
from node.domain.query_ports import AskedQuery
from node.domain.stores import NodeStore

FR, JP = member_id("FR"), member_id("JP")
QUERY = b"q" * 16
ANSWER = SignedAnswer(answerer=JP, answer=b"answer", signature=b"s" * 64)
ASKED = SignedQuery(header=b"header", payload=b"payload", signature=b"a" * 64)
HELD = HeldQuestion(asker=FR, query_id=QUERY, query=ASKED, at=100, expires_at=200, why="too near")


def _refused(**changes: object) -> RefusedAnswer:
    given: dict[str, object] = {"query_id": QUERY, "member": JP, "answer": ANSWER, "reason": "bent", "late": False}
    return RefusedAnswer(**{**given, "at": 7, **changes})  # type: ignore[arg-type]


def test_the_first_refused_answer_of_a_member_stands(store: NodeStore) -> None:
    with store.write() as tx:
        tx.put_refused_answer(_refused())
        tx.put_refused_answer(_refused(reason="another", late=True))
        tx.put_refused_answer(_refused(member=FR))
    with store.read() as tx:
        assert tx.refused_answers(QUERY) == [_refused(), _refused(member=FR)]
        assert tx.refused_answers(b"r" * 16) == []


def test_refused_answers_are_forgotten_with_their_query(store: NodeStore) -> None:
    header = QueryHeader(query_id=QUERY, asker=FR, recipients=(), purpose="p", issued_at=1, expires_at=2, cost=1)
    with store.write() as tx:
        tx.put_asked(AskedQuery(query=ASKED, header=header, created_at=90))
        tx.put_refused_answer(_refused())
        tx.forget_queries(90)
        assert tx.refused_answers(QUERY)
        tx.forget_queries(91)
        assert not tx.refused_answers(QUERY)


def test_a_held_question_is_decided_once_and_what_it_asked_is_forgotten_then(store: NodeStore) -> None:
    with store.write() as tx:
        tx.put_held_question(HELD)
        tx.put_held_question(HELD)
    with store.read() as tx:
        (kept,) = tx.held_questions(10)
        assert (kept.query, kept.why, kept.decision) == (ASKED, "too near", Decision.WAITING)
        assert (tx.count_held(199), tx.count_held(199, FR), tx.count_held(199, JP), tx.count_held(200)) == (1, 1, 0, 0)
    with store.write() as tx:
        assert tx.decide_held(kept.id, Decision.RELEASED, ANSWER, 150)
        assert not tx.decide_held(kept.id, Decision.REFUSED, ANSWER, 151)
        assert not tx.decide_held(kept.id + 1, Decision.REFUSED, ANSWER, 151)
    with store.read() as tx:
        decided = tx.held_question(kept.id)
        assert decided is not None
        assert (decided.query, decided.decision, decided.answer, decided.decided_at) == (
            None,
            Decision.RELEASED,
            ANSWER,
            150,
        )
        assert tx.count_held(150) == 0
        assert tx.held_questions(10, decision=Decision.WAITING) == []
        assert tx.held_questions(10, decision=Decision.RELEASED, asker=FR) == [decided]
        assert tx.held_question(kept.id + 1) is None


def test_held_questions_are_listed_newest_first_and_forgotten_by_age(store: NodeStore) -> None:
    with store.write() as tx:
        for number in range(3):
            tx.put_held_question(
                HeldQuestion(
                    asker=FR, query_id=bytes([number]) * 16, query=ASKED, at=100 + number, expires_at=200, why=""
                )
            )
    with store.read() as tx:
        assert [each.at for each in tx.held_questions(2)] == [102, 101]
    with store.write() as tx:
        assert tx.forget_held(102) == 2
        assert [each.at for each in tx.held_questions(9)] == [102]


def test_neighbourhoods_grow_together_and_are_forgotten_by_age(store: NodeStore) -> None:
    near = [
        NearQuestion(asker=FR, neighbourhood=1, at=10, digest=b"d" * 32, values=(b"v" * 32, b"w" * 32)),
        NearQuestion(asker=JP, neighbourhood=2, at=11, digest=b"e" * 32),
    ]
    with store.write() as tx:
        for each in near:
            tx.put_near_question(each)
    with store.read() as tx:
        assert tx.near_questions() == near
    with store.write() as tx:
        tx.merge_neighbourhoods([2], 1)
        assert [each.neighbourhood for each in tx.near_questions()] == [1, 1]
        assert tx.forget_near_questions(11) == 1
        assert [each.asker for each in tx.near_questions()] == [JP]
