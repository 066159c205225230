"""The allow-list through the commands that a person's words become: imported, shown, and felt in a search."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import pytest

from node.control.allow_commands import AllowCommands
from node.domain.fingerprint_kinds import SHA256
from node.domain.handling import PURPOSES
from node.errors import Misuse, Refused
from node.usecases.asking import Event, Waits
from node.usecases.query_plan import Plan
from tests.unit.control.desk import Desk, Line, items, lines_of

DIGEST = "5a" * 32
SUBJECT: Line = {"label": "typed", "fingerprints": [[SHA256.code, DIGEST, None]], "orientations": []}
OTHER = SUBJECT | {"label": "other", "fingerprints": [[SHA256.code, "5b" * 32, None]]}


@pytest.fixture
def desk() -> Iterator[Desk]:
    made = Desk()
    yield made
    made.audit.close()


def allow(desk: Desk) -> AllowCommands:
    return AllowCommands(allowed=desk.planner.allowed)


def test_values_are_imported_listed_counted_and_taken_off(desk: Desk) -> None:
    commands = allow(desk)
    batches = ({"sha256": [DIGEST, "00" * 32]}, {"sha256": [DIGEST]})
    assert lines_of(commands.allow_import({}, items(*batches))) == [{"read": 3, "new": 2, "total": 2}]
    (line,) = lines_of(commands.allow_list({"after": "00" * 32, "limit": 5}, items()))
    assert line["sha256"] == DIGEST
    assert lines_of(commands.allow_count({}, items())) == [{"total": 2}]
    assert lines_of(commands.allow_remove({}, items({"sha256": [DIGEST]}))) == [{"read": 1, "removed": 1, "total": 1}]
    assert lines_of(commands.allow_clear({}, items())) == [{"removed": 1, "total": 0}]
    assert [line["what"] for line in desk.written()] == ["allow import", "allow remove", "allow clear"]


def test_an_import_is_put_on_the_list_in_batches_as_it_comes(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.usecases.allowing.BATCH", 2)
    values = [f"{number:064x}" for number in range(5)]
    sent = ({"sha256": values[:3]}, {"sha256": values[3:]})
    assert lines_of(allow(desk).allow_import({}, items(*sent))) == [{"read": 5, "new": 5, "total": 5}]
    assert [line["values"] for line in desk.written()] == [2, 2, 1]


@pytest.mark.parametrize("value", ["5a" * 20, "zz" * 32, "", 7])
def test_an_item_that_is_no_list_of_values_changes_nothing(desk: Desk, value: object) -> None:
    with pytest.raises(Misuse):
        lines_of(allow(desk).allow_import({}, items({"sha256": [DIGEST]}, {"sha256": [value]})))
    assert desk.planner.allowed.count() == 0


def test_the_summary_of_a_match_says_what_it_says_of_files_pace_and_search(desk: Desk) -> None:
    picture = SUBJECT | {"orientations": ["00" * 32] * 8}
    (summary,) = lines_of(desk.search.match({}, items(SUBJECT, picture)))
    assert (summary["subjects"], summary["files"], summary["hidden"], summary["hits"]) == (2, 1, 0, 0)
    assert 0 <= summary["search_share"] <= 1
    assert summary["files_per_second"] > 0
    assert lines_of(desk.search.match({}, items()))[0]["files_per_second"] == 0


def test_a_query_about_nothing_but_what_is_harmless_is_not_sent(desk: Desk) -> None:
    desk.planner.allowed.add([bytes.fromhex(DIGEST)])
    written = len(desk.written())
    with pytest.raises(Refused, match="nothing was sent") as caught:
        lines_of(desk.queries.query({"case": "C", "purpose": "p", "legal_basis": "b"}, items(SUBJECT, SUBJECT)))
    assert "--show-all" in caught.value.remedy
    assert len(desk.written()) == written


class Stop(Exception):
    """Ends a command where the test has seen enough."""


class Asker:
    """It remembers what it was to ask about."""

    def __init__(self) -> None:
        self.labels: tuple[str, ...] = ()

    async def run(self, plan: Plan, *, show_all: bool) -> AsyncIterator[Event]:
        del show_all
        self.labels = tuple(subject.label for todo in plan.todo for subject in todo.subjects)
        if self.labels:
            raise Stop
        yield Waits(seconds=0, because="never")


@pytest.mark.parametrize(
    ("show_all", "asked"), [(False, ("other",)), (True, ("typed", "other"))], ids=["left out", "all the same"]
)
def test_what_is_harmless_is_left_out_of_a_query_with_a_word(
    desk: Desk, show_all: bool, asked: tuple[str, ...]
) -> None:
    desk.planner.allowed.add([bytes.fromhex(DIGEST)])
    asker = Asker()
    querying = replace(desk.queries.querying, asker=asker)  # type: ignore[arg-type]
    queries = replace(desk.queries, querying=querying)
    arguments: Line = {"case": "C", "purpose": PURPOSES[0], "legal_basis": "b", "show_all": show_all}
    said: list[Line] = []

    async def collect() -> None:
        async for line in queries.query(arguments, items(SUBJECT, OTHER)):
            said.append(line)  # noqa: PERF401 (what came before the end counts)

    import asyncio

    with pytest.raises(Stop):
        asyncio.run(collect())
    assert asker.labels == asked
    assert [line["subject"] for line in said if "not_asked" in line] == ([] if show_all else ["typed"])
