"""Whoever looks at restricted data is in the audit log before anything is shown."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from node.control.commands import Commands
from node.domain.caller import Caller
from node.domain.fingerprint_kinds import SHA256
from node.domain.ids import RecordId
from node.errors import Unavailable
from tests.unit.control.desk import FR, Desk, Line, command, items, lines_of


@pytest.fixture
def desk() -> Iterator[Desk]:
    made = Desk()
    yield made
    made.audit.close()


SUBJECT: Line = {"label": "typed", "fingerprints": [[SHA256.code, "5a" * 32, None]], "orientations": []}
LOOKS: dict[str, tuple[str, Callable[[Desk], AsyncIterator[Line]]]] = {
    "match": ("match", lambda d: d.search.match({}, items(SUBJECT))),
    "queries": ("queries", lambda d: d.queries.queries({}, items())),
    "hits": ("hits", lambda d: d.hits.hits_list({}, items())),
    "records": ("records", lambda d: d.records.records({"member": "FR"}, items())),
    "one record": ("record", lambda d: d.records.records({"record": str(d.record)}, items())),
    "evidence": ("evidence", lambda d: d.records.evidence({"record": str(d.record)}, items())),
    "audit": ("audit", lambda d: d.reader.read_audit({"limit": 9}, items())),
    "backup": ("backup", lambda d: d.admin.backup({"path": "/evidence/telltale"}, items())),
}


@pytest.mark.parametrize("name", LOOKS)
def test_a_look_is_written_down_once_and_names_no_path(desk: Desk, name: str) -> None:
    what, look = LOOKS[name]
    assert lines_of(look(desk)) or name == "queries"
    body, *outcome = desk.written()
    assert [each["outcome"] for each in outcome] == (["done"] if name == "backup" else [])
    assert body["what"] == what
    assert body["at"]
    assert "telltale" not in json.dumps(body)


def run_by_name(desk: Desk, officer: str, command: str, arguments: Line, *given: Line) -> list[Line]:
    """A command as the command line and the socket run it."""
    commands = Commands.of(desk.records, desk.reader, desk.search, desk.admin)
    return lines_of(commands.run(command, arguments, items(*given), Caller(name=officer)))


def test_every_entry_names_the_officer_who_ran_the_command(desk: Desk) -> None:
    run_by_name(desk, "Lt. Dupont", "match", {}, SUBJECT)
    run_by_name(desk, "Lt. Dupont", "records", {"member": "FR"})
    run_by_name(desk, "Lt. Dupont", "backup", {"path": "/b"})
    run_by_name(desk, "Lt. Dupont", "comment", {"record": str(desk.record), "text": "hm"})
    lines = run_by_name(desk, "Lt. Dupont", "read-audit", {})
    said = [line["what"] for line in lines]
    assert said == ["match", "records", "backup", "outcome", "comment", "outcome", "audit"]
    assert {line["officer"] for line in lines} == {"Lt. Dupont"}


def test_where_nobody_is_named_an_entry_names_nobody(desk: Desk) -> None:
    run_by_name(desk, "", "match", {}, SUBJECT)
    assert "officer" not in desk.written()[0]


def test_the_officer_of_one_command_is_not_named_for_another_at_the_same_time(desk: Desk) -> None:
    """Each step of a command may run in a task of its own, as those of the command line do."""
    commands = Commands.of(desk.search)

    async def both() -> None:
        names = ("Dupont", "Sato", "")
        asked = [commands.run("match", {"case": n}, items(SUBJECT), Caller(name=n)) for n in names]
        running = set(asked)
        while running:
            steps = {one: asyncio.ensure_future(anext(one, None)) for one in running}
            await asyncio.gather(*steps.values())
            running = {one for one, step in steps.items() if step.result() is not None}

    asyncio.run(both())
    assert sorted((body["case"], body.get("officer", "")) for body in desk.written()) == [
        ("", ""),
        ("Dupont", "Dupont"),
        ("Sato", "Sato"),
    ]


@pytest.mark.parametrize("name", LOOKS)
def test_what_cannot_be_written_down_is_not_shown(desk: Desk, name: str) -> None:
    desk.audit.close()
    shown: list[Line] = []

    async def collect() -> None:
        async for line in LOOKS[name][1](desk):
            shown.append(line)  # noqa: PERF401 (what came before the error counts)

    with pytest.raises(Unavailable):
        asyncio.run(collect())
    assert (shown, desk.backups) == ([], [])


SAYS: dict[str, Line] = {
    "correct": {"statement": {"series": "telltale"}, "handling": {}},
    "comment": {"text": "telltale"},
    "retract": {"reason": "mistake"},
}


@pytest.mark.parametrize("name", SAYS)
def test_what_is_said_of_a_record_is_written_down_with_its_name_and_not_its_words(desk: Desk, name: str) -> None:
    arguments = {"record": str(desk.record), **SAYS[name]}
    lines_of(command(desk, name)(arguments, items()))
    body, outcome = desk.written()
    assert body["what"] == name
    assert RecordId.parse(body["record"]) == desk.record
    assert (outcome["of"], outcome["outcome"]) == (0, "done")
    assert "telltale" not in json.dumps([body, outcome])


@pytest.mark.parametrize("name", SAYS)
def test_what_cannot_be_written_down_is_not_said(desk: Desk, name: str) -> None:
    desk.audit.close()
    with desk.node.store.read() as tx:
        before = (tx.log(FR.origin), tx.pending(FR.origin, 9))
    with pytest.raises(Unavailable):
        lines_of(command(desk, name)({"record": str(desk.record), **SAYS[name]}, items()))
    with desk.node.store.read() as tx:
        assert (tx.log(FR.origin), tx.pending(FR.origin, 9)) == before


def test_the_audit_is_read_without_a_fingerprint_and_shows_what_was_purged_as_purged(desk: Desk) -> None:
    lines_of(desk.search.match({"case": "FR-1"}, items(SUBJECT)))
    lines_of(desk.sharing.retract({"record": str(desk.record), "reason": "mistake"}, items()))
    with desk.node.store.write() as tx:
        tx.purge(desk.origin, [1])
    match, retract, outcome, look = lines_of(desk.reader.read_audit({}, items()))
    assert (match["what"], match["case"], match["fingerprints"], match["state"]) == ("match", "FR-1", 1, "held")
    assert (retract["kind"], retract["state"]) == ("administration", "purged")
    assert "record" not in retract
    assert (outcome["kind"], outcome["of"], outcome["outcome"]) == ("outcome", 1, "done")
    assert look["what"] == "audit"
    assert "5a5a" not in json.dumps([match, retract, look])
    assert [line["index"] for line in lines_of(desk.reader.read_audit({"after": 1, "limit": 2}, items()))] == [1, 2]
    assert [line["index"] for line in lines_of(desk.reader.read_audit({"limit": 2}, items()))] == [4, 5]
