"""Lists through the commands that a person's words become: imported, changed, shown, searched, removed."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from node.control.list_commands import ListCommands
from node.control.list_lines import head_line, item_of
from node.domain.fingerprint_kinds import MD5
from node.domain.references import At, ListCase, ListHead, Reference, Withdrawal
from node.errors import Misuse, NotFound, Refused
from node.usecases.list_taking import Row
from node.usecases.lists import Lists
from tests.unit.control.desk import Desk, Line, items, lines_of
from tests.unit.control.list_commands import list_commands

HEAD = ListHead(format="vics", version="2.0", region="US", kind="media", scheme="us-vics", scheme_version="2.0")
FILE = "ab" * 32


@pytest.fixture
def desk() -> Iterator[Desk]:
    made = Desk()
    yield made
    made.audit.close()


@pytest.fixture
def commands(desk: Desk) -> ListCommands:
    world = desk.node.world
    store = desk.node.store
    return list_commands(Lists(store=store, catalogue=desk.node.catalogue, audit=desk.audit, clock=world.clock), store)


def row(number: int, **changed: Any) -> Reference:
    md5 = hashlib.md5(f"row {number}".encode(), usedforsecurity=False).digest()
    return Reference(At(record=number), md5=md5, code="1", said=f'{{"Name": "secret {number}"}}')._replace(**changed)


def batch(*rows: Row) -> Line:
    return {"rows": [item_of(each) for each in rows]}


def end(**more: object) -> Line:
    return {"end": {"head": head_line(HEAD), "file": FILE, "incomplete": False, "placeholders": [], **more}}


def found(desk: Desk, *numbers: int) -> list[int]:
    """Which of these rows a search finds, by their ids in the list."""
    subjects = [
        {"label": str(n), "fingerprints": [[MD5.code, row(n).md5.hex(), None]], "orientations": []} for n in numbers
    ]
    *hits, _ = lines_of(desk.search.match({}, items(*subjects)))
    return [hit["list"]["record"] for hit in hits]


def test_a_list_is_searched_when_its_file_is_whole_and_gone_when_it_is_removed(
    desk: Desk, commands: ListCommands
) -> None:
    given: Line = {"list": "US set", "new": True, "provider": "US", "level": "hit-no-hit", "code": "2"}
    sent = [
        batch(ListCase(at=At(), number="C-1", said="{}"), row(1), row(2)),
        batch(row(3), row(1), Withdrawal(At(), "", row(3))),
    ]
    (line,) = lines_of(commands.list_import(given, items(*sent, end())))
    assert (line["rows"], line["added"], line["repeated"], line["withdrawn"]) == (2, 3, 1, 1)
    assert (line["state"], line["searched"], line["level"], line["sha256_of_file"]) == (
        "whole",
        True,
        "hit-no-hit",
        FILE,
    )
    assert found(desk, 1, 2, 3, 4) == [1, 2]
    (shown,) = lines_of(commands.list_list({"list": "US set"}, items()))
    assert shown.items() <= line.items()
    assert lines_of(commands.list_list({"list": "other"}, items())) == []
    (changed,) = lines_of(commands.list_change({"list": "US set", "level": "national"}, items()))
    assert (changed["level"], changed["code"], changed["provider"]) == ("national", "2", "US")
    assert lines_of(commands.list_remove({"list": "US set"}, items())) == [
        {"list": "US set", "removed": 2, "awaiting_retraction": 0}
    ]
    assert found(desk, 1, 2) == []
    assert [each["what"] for each in desk.written() if each["what"] not in ("match", "outcome")] == [
        "list import begins",
        "list import",
        "list change",
        "list remove",
    ]
    assert "secret" not in str(desk.written())
    assert row(1).md5.hex() not in str([each for each in desk.written() if each["what"].startswith("list")])


def test_a_list_is_shown_page_by_page_and_its_words_only_on_request(commands: ListCommands) -> None:
    rows = [row(number) for number in range(5)]
    sent = batch(ListCase(at=At(), number="C-1", said='{"Contact": "secret"}'), *rows)
    lines_of(commands.list_import({"list": "A", "new": True}, items(sent, end())))
    about, case, *some = lines_of(commands.list_show({"list": "A", "after": 0, "limit": 3, "words": False}, items()))
    assert (about["rows"], case) == (5, {"case_of_list": "C-1", "said": None})
    assert [each["at"]["record"] for each in some] == [0, 1, 2]
    assert "secret" not in str([about, case, some])
    rest = lines_of(commands.list_show({"list": "A", "after": some[-1]["row"], "limit": 9, "words": True}, items()))
    assert [each.get("said") for each in rest] == [None, rows[3].said, rows[4].said]
    assert rest[1]["category"]["label"] == "illegal"
    with pytest.raises(NotFound):
        lines_of(commands.list_show({"list": "B"}, items()))


def test_an_import_that_is_cut_off_is_searched_only_after_it_was_run_again(desk: Desk, commands: ListCommands) -> None:
    with pytest.raises(Misuse, match="interrupted"):
        lines_of(commands.list_import({"list": "A", "new": True}, items(batch(row(1), row(2)))))
    assert found(desk, 1, 2) == []
    (state,) = lines_of(commands.list_list({}, items()))
    assert (state["state"], state["searched"], state["rows"]) == ("taking", False, 2)
    (line,) = lines_of(commands.list_import({"list": "A", "new": False}, items(batch(row(1), row(2), row(3)), end())))
    assert (line["added"], line["unchanged"], line["rows"]) == (1, 2, 3)
    assert found(desk, 1, 2, 3) == [1, 2, 3]


def test_rows_of_an_import_that_was_cut_off_do_not_stay_if_another_file_follows(
    desk: Desk, commands: ListCommands
) -> None:
    with pytest.raises(Misuse, match="interrupted"):
        lines_of(commands.list_import({"list": "A", "new": True}, items(batch(row(1), row(2)))))
    (line,) = lines_of(commands.list_import({"list": "A"}, items(batch(row(2), row(3)), end())))
    assert (line["rows"], line["withdrawn"]) == (2, 0)
    assert found(desk, 1, 2, 3) == [2, 3]


@pytest.mark.parametrize("again", [False, True])
def test_an_abandoned_import_leaves_no_list(commands: ListCommands, again: bool) -> None:
    if again:
        with pytest.raises(Misuse, match="interrupted"):
            lines_of(commands.list_import({"list": "A", "new": True}, items(batch(row(1)))))
    given: Line = {"list": "A", "new": not again}
    assert lines_of(commands.list_import(given, items(batch(row(1)), {"abandon": True}))) == [{"abandoned": True}]
    assert lines_of(commands.list_list({}, items())) == []


def test_an_abandoned_import_into_a_known_list_leaves_it(desk: Desk, commands: ListCommands) -> None:
    lines_of(commands.list_import({"list": "A", "new": True}, items(batch(row(1)), end())))
    lines_of(commands.list_import({"list": "A"}, items({"abandon": True})))
    assert found(desk, 1) == [1]


def test_a_later_file_changes_a_list_and_replaces_it_only_on_request(desk: Desk, commands: ListCommands) -> None:
    lines_of(commands.list_import({"list": "A", "new": True}, items(batch(row(1), row(2), row(3)), end())))
    later = batch(row(1), row(2, code="2"))
    (line,) = lines_of(commands.list_import({"list": "A"}, items(later, end())))
    assert (line["unchanged"], line["changed"], line["withdrawn"], line["rows"]) == (1, 1, 0, 3)
    (line,) = lines_of(commands.list_replace({"list": "A"}, items(later, end())))
    assert (line["unchanged"], line["changed"], line["withdrawn"], line["rows"]) == (2, 0, 1, 2)
    assert found(desk, 1, 2, 3) == [1, 2]


def test_an_incomplete_file_is_marked_and_deletes_nothing(desk: Desk, commands: ListCommands) -> None:
    lines_of(commands.list_import({"list": "A", "new": True}, items(batch(row(1), row(2)), end())))
    (line,) = lines_of(commands.list_replace({"list": "A"}, items(batch(row(1)), end(incomplete=True))))
    assert (line["state"], line["searched"], line["rows"]) == ("incomplete", True, 2)


def test_another_scheme_is_refused_before_a_row_is_stored(commands: ListCommands) -> None:
    lines_of(commands.list_import({"list": "A", "new": True}, items(batch(row(1)), end())))
    other = head_line(ListHead(format="vics", scheme="uk-caid", scheme_version="2.0"))
    with pytest.raises(Misuse, match="another scheme"):
        lines_of(commands.list_import({"list": "A", "head": other}, items(batch(row(2)), end())))
    (line,) = lines_of(commands.list_list({}, items()))
    assert (line["rows"], line["files"]) == (1, 1)


def test_a_placeholder_that_is_noticed_late_leaves_the_rows_that_have_it(commands: ListCommands) -> None:
    constant = b"c" * 144
    rows = [row(number, photodna=constant, id=f"x{number}" if number % 2 else "") for number in range(6)]
    alone = Reference(At(99), photodna=constant)
    sent = batch(ListCase(at=At(), number="C-1"), *rows, alone, row(7, photodna=b"r" * 144))
    (line,) = lines_of(
        commands.list_import({"list": "A", "new": True}, items(sent, end(placeholders=[constant.hex()])))
    )
    assert (line["rows"], line["added"]) == (7, 7)
    _, _, *shown = lines_of(commands.list_show({"list": "A", "after": 0, "limit": 20, "words": True}, items()))
    assert [list(each["hashes"]) for each in shown] == [["md5", "photodna"], *[["md5"]] * 6]
    assert all("constant-photodna" in each["warnings"] for each in shown[1:])
    assert {each["case"] for each in shown} == {"C-1"}
    assert {each["said"] for each in shown[1:]} == {each.said for each in rows}


def test_a_list_is_not_changed_while_a_file_is_imported_into_it(commands: ListCommands) -> None:
    async def during() -> AsyncIterator[Line]:
        yield batch(row(1))
        for work in (commands.list_remove, commands.list_change, commands.list_import):
            with pytest.raises(Refused, match="in use"):
                [line async for line in work({"list": "A"}, items())]
        yield end()

    (line,) = lines_of(commands.list_import({"list": "A", "new": True}, during()))
    assert line["rows"] == 1
    assert commands.keeping.lists.finish_removals() == 0


@pytest.mark.parametrize(
    ("arguments", "item"),
    [
        ({"list": ""}, end()),
        ({"list": "A\nB"}, end()),
        ({"list": "A", "file": "xyz"}, end()),
        ({"list": "A", "level": "shared"}, end()),
        ({"list": "A", "retain_until_day": 1}, end()),
        ({"list": "A"}, {"rows": "x"}),
        ({"list": "A"}, {"rows": [["r", 1]]}),
        ({"list": "A"}, {"end": {}}),
        ({"list": "A"}, {}),
    ],
)
def test_what_is_no_import_is_refused(commands: ListCommands, arguments: Line, item: Line) -> None:
    with pytest.raises(Misuse):
        lines_of(commands.list_import(arguments, items(item)))
    assert all(each["rows"] == 0 and not each["searched"] for each in lines_of(commands.list_list({}, items())))
