"""Questions abroad: seen before they are sent, going on by themselves, and honest about who did not answer."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from http import HTTPStatus

import pytest

from node.desk.ports import Line
from node.desk.running import MOST, Running
from node.errors import Misuse, Overloaded, Refused, Unavailable, VigilError
from tests.unit.desk.desk_daemon import DeskDaemon, one

QUERY = "0a" * 16
ROSTER = {
    "version": 4,
    "members": [
        {"member": "FR", "name": "France", "state": "active"},
        {"member": "JP", "name": "Japan <b>", "state": "active"},
        {"member": "BR", "name": "Brazil", "state": "suspended"},
    ],
    "purposes": ["victim-identification", "investigation"],
}
PLAN = {
    "asking": QUERY,
    "case": "A 1",
    "subjects": 3,
    "fingerprints": 1_500,
    "left_out": 20,
    "levels": None,
    "from_case": True,
    "parts": 2,
    "parts_to_ask": 2,
    "members": ["BR", "JP"],
    "again": None,
}
COST = PLAN | {
    "asking": None,
    "purpose": "victim-identification",
    "legal_basis": "art. <1>",
    "officer_role": "investigator",
    "not_asked": ["x"],
    "budget_left": 9_000,
    "budget_a_minute": 600,
}
STATES = {
    "AR": "hit",
    "AU": "no-hit",
    "BE": "held",
    "BR": "refused",
    "CA": "error",
    "CH": "offline",
    "DE": "timeout",
    "ES": "bad-signature",
    "IT": "not-asked",
}
TABLE = {
    "table": QUERY,
    "outcomes": STATES,
    "reasons": {"BR": "no <reason>"},
    "coverage": {name: {"answered": 1, "parts": 1, "hits": 2 if name == "AR" else 0} for name in STATES},
    "hits": 2,
    "complete": False,
    "waiting": ["JP"],
    "late": ["AU"],
}
HEAD = {
    "query": QUERY,
    "asked_at": 1_700_000_000,
    "closed_at": None,
    "case": "A 1",
    "purpose": "victim-identification",
    "legal_basis": "art. <1>",
    "officer": "Anna",
    "officer_role": "investigator",
    "recipients": None,
    "members": [*STATES, "JP"],
    "rule": "policy",
    "budget": 10,
    "from_case": True,
    "subjects": 3,
    "fingerprints": 1_500,
    "left_out": 0,
    "again": None,
    "parts": 1,
    "part_states": [{"query": QUERY, "part": 1, "fingerprints": 1_500, "state": "closed"}],
}
HIT = {
    "subject": "holding 4",
    "where": "AR",
    "record": "test.vigil/AR/log/1#" + "ab" * 32,
    "record_here": "not-here",
    "algorithm": "pdq",
    "distance": 12,
    "weak": False,
    "category": None,
    "series": "Bridge <b>",
    "subjects": None,
}
WHOLE = HIT | {"subject": None, "record": None, "record_here": None, "distance": None, "subjects": 3}
FORM = {"case": "A 1", "purpose": "", "legal_basis": "", "hashes": ""}


def world(**changed: list[Line] | VigilError) -> DeskDaemon:
    answers: dict[str, list[Line] | VigilError] = {
        "roster-show": [ROSTER],
        "query-cost": [COST],
        "query": [PLAN, {"query": QUERY, "outcomes": {}}],
        "query-case": [PLAN, {"query": QUERY, "outcomes": {}}],
        "query-rest": [PLAN, {"query": QUERY, "outcomes": {}}],
        "queries": [HEAD, HIT, WHOLE, TABLE],
    }
    answers.update(changed)
    return DeskDaemon(answers=answers)


def test_the_form_offers_the_other_active_members_and_the_purposes() -> None:
    page = one(world(), lambda client: client.get("/ask?case=A 1")).text
    assert 'value="A 1"' in page
    assert "Japan &lt;b&gt;" in page
    assert re.findall(r'name="to" value="([A-Z]+)"', page) == ["JP"]
    assert "victim identification" in page


def test_a_plan_is_shown_and_nothing_is_asked() -> None:
    daemon = world()
    form = FORM | {"hashes": " pdq:00 \r\n\r\nmd5:11", "to": "JP"}
    page = one(daemon, lambda client: client.post("/ask/plan", data=form)).text
    assert daemon.of("query-cost") == [{"case": "A 1", "hashes": ["pdq:00", "md5:11"], "to": ["JP"]}]
    assert not daemon.of("query")
    for text in ("1,500", "20 left out", "9,000", "600 more each minute", "art. &lt;1&gt;", "Sign and ask"):
        assert text in page
    kept = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page)
    assert ("case", "A 1") in kept
    assert ("to", "JP") in kept


def test_a_plan_that_is_refused_leaves_what_was_typed() -> None:
    daemon = world(**{"query-cost": Misuse("no algorithm 'x'", remedy="name one of: pdq")})
    page = one(daemon, lambda client: client.post("/ask/plan", data=FORM | {"hashes": "x:00", "to": "JP"}))
    assert page.status_code == HTTPStatus.CONFLICT
    assert "x:00</textarea>" in page.text
    assert re.search(r'value="JP" checked', page.text)
    assert "Sign and ask" not in page.text


@pytest.mark.parametrize(("hashes", "command"), [("", "query-case"), ("pdq:00", "query")])
def test_a_question_is_asked_about_the_case_or_about_hashes(hashes: str, command: str) -> None:
    daemon = world()
    answer = one(daemon, lambda client: client.post("/ask", data=FORM | {"hashes": hashes, "legal_basis": " art. 1 "}))
    assert answer.headers["location"] == f"/question?query={QUERY}"
    (given,) = daemon.of(command)
    assert given["legal_basis"] == "art. 1"


def test_a_question_that_is_refused_is_not_lost() -> None:
    daemon = world(**{"query-case": Refused("no legal basis", remedy="give one")})
    page = one(daemon, lambda client: client.post("/ask", data=FORM))
    assert page.status_code == HTTPStatus.CONFLICT
    assert "no legal basis" in page.text


def row(page: str, member: str) -> str:
    """The row of a member in the table of a question."""
    found = re.search(rf'<tr><th scope="row"><bdi[^>]*>{member}</bdi></th>(.*?)</tr>', page, re.DOTALL)
    assert found
    return found[1]


def test_each_member_has_its_state_and_none_without_an_answer_looks_like_no_hit() -> None:
    page = one(world(), lambda client: client.get(f"/question?query={QUERY}")).text
    assert 'class="state good">hit<' in row(page, "AR")
    assert ">2<" in row(page, "AR")
    assert 'class="state">no hit<' in row(page, "AU")
    assert "late" in row(page, "AU")
    for member in ("BE", "BR", "CA", "CH", "DE", "ES", "IT"):
        assert 'class="state warn"' in row(page, member)
        assert not re.search(r">\s*0\s*<", row(page, member))
    assert "no answer yet" in row(page, "JP")
    assert "no &lt;reason&gt;" in row(page, "BR")
    assert "Bridge &lt;b&gt;" in page
    assert "the question as a whole" in page
    assert "data-running" not in page


def test_an_interrupted_question_offers_to_ask_the_rest() -> None:
    parts = [{"query": QUERY, "part": 1, "fingerprints": 5, "state": "interrupted"}]
    daemon = world(queries=[HEAD | {"part_states": parts}])
    page = one(daemon, lambda client: client.get(f"/question?query={QUERY}")).text
    assert "was interrupted" in page
    answer = one(daemon, lambda client: client.post("/ask/rest", data={"query": QUERY}))
    assert answer.headers["location"] == f"/question?query={QUERY}"
    assert daemon.of("query-rest") == [{"query": QUERY}]


def test_the_list_says_how_many_members_have_each_state() -> None:
    page = one(
        world(queries=[HEAD | {"states": {"hit": 1, "offline": 3}, "late": 2}]), lambda client: client.get("/questions")
    ).text
    for text in ("offline: 3", "late: 2", f"/question?query={QUERY}"):
        assert text in page


# --- questions that go on ---------------------------------------------------------------------------------------------


async def _until(condition: Callable[[], bool]) -> None:
    """Lets the other tasks run until it is so."""
    for _ in range(10_000):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError("it did not come about")


def test_a_question_goes_on_after_the_answer_and_tells_how_far_it_is() -> None:
    async def scenario() -> None:
        further, ended = asyncio.Event(), asyncio.Event()

        async def lines() -> AsyncIterator[Line]:
            yield {"subject": "x", "not_asked": "known"}
            yield PLAN
            await further.wait()
            yield {"waiting_seconds": 3.0, "because": "budget"}
            yield {"part": 1, "parts": 2}
            await ended.wait()

        running = Running()
        assert await running.start(lines()) == QUERY
        progress = running.progress(QUERY)
        assert progress is not None
        assert progress.part == 0
        further.set()
        await _until(lambda: progress.part > 0)
        assert (progress.part, progress.parts, progress.wait) == (1, 2, 0.0)
        ended.set()
        await _until(lambda: running.progress(QUERY) is None)

    asyncio.run(scenario())


def test_a_question_that_ends_before_it_is_stored_raises_its_reason() -> None:
    async def lines() -> AsyncIterator[Line]:
        none: tuple[Line, ...] = ()
        for line in none:
            yield line
        raise Refused("nothing to ask")

    async def silent() -> AsyncIterator[Line]:
        yield {"subject": "x", "not_asked": "known"}

    async def scenario() -> None:
        running = Running()
        with pytest.raises(Refused, match="nothing to ask"):
            await running.start(lines())
        with pytest.raises(VigilError, match="no plan"):
            await running.start(silent())

    asyncio.run(scenario())


def test_a_question_that_is_cut_is_no_longer_running() -> None:
    async def lines() -> AsyncIterator[Line]:
        yield PLAN
        raise Unavailable("the daemon ended")

    async def scenario() -> None:
        running = Running()
        query = await running.start(lines())
        await _until(lambda: running.progress(query) is None)

    asyncio.run(scenario())


def test_too_many_questions_at_once_are_refused() -> None:
    async def scenario() -> None:
        wait, running = asyncio.Event(), Running()

        async def lines(number: int) -> AsyncIterator[Line]:
            yield {"asking": str(number)}
            await wait.wait()

        for number in range(MOST):
            await running.start(lines(number))
        with pytest.raises(Overloaded):
            await running.start(lines(MOST))
        wait.set()
        await _until(lambda: running.progress("0") is None)

    asyncio.run(scenario())


def test_a_question_that_breaks_says_nothing_of_why_in_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    async def lines() -> AsyncIterator[Line]:
        yield PLAN
        raise RuntimeError("secret words")

    async def scenario() -> None:
        running = Running()
        query = await running.start(lines())
        await _until(lambda: running.progress(query) is None)

    asyncio.run(scenario())
    out = capsys.readouterr()
    assert "RuntimeError" in out.out + out.err
    assert "secret words" not in out.out + out.err
