"""`export-list` of a node: what it sends, what it signs, and what the audit log has of it."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest

from node.app.list_writing import WRITERS, Sender, scheme, write_list
from node.control.export_commands import ExportCommands
from node.domain.holdings import withdrawn
from node.domain.ids import Origin
from node.domain.queries import Level
from node.domain.references import Reference
from node.errors import Misuse, Unavailable
from node.interop.formats import FORMATS
from node.interop.reading import Choices
from node.usecases.export_manifest import verify_manifest
from node.usecases.exports import Exports, Writing
from node.usecases.list_export import NO_WITHDRAWALS, Export, Exporting, Shape
from tests.simulator import federation as sim
from tests.unit.control.desk import items, lines_of
from tests.unit.usecases.listed import FR, Shelf, opened, row, value
from tests.unit.usecases.test_export_manifest import ROSTER, SIGNER

Line = dict[str, Any]
READERS = {"icse-csv": "icse", "stix": "stix21", "hashes": "md5sum"}
ALL = sorted(set(WRITERS) - {"stopncii"})


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    with opened(tmp_path / "vigil.db") as made:
        yield made


class NoBundles:
    """Bundles need the records of a federation: see `test_bundle_commands`."""

    def begin(self, *_: object) -> NoReturn:
        raise NotImplementedError


def commands(shelf: Shelf) -> ExportCommands:
    def write(form: str, export: Export, shape: Shape, what: bytes, at: int) -> Any:
        sender = Sender(federation=sim.FEDERATION, member=FR, name="France", what=what, at=at)
        return write_list(form, export, shape, sender)

    return ExportCommands(
        exports=Exports(
            exporting=Exporting(store=shelf.store, catalogue=shelf.catalogue, clock=lambda: shelf.now),
            bundles=NoBundles(),
            writing=Writing(scheme=scheme, write=write),
            audit=shelf.audit,
            signer=SIGNER,
            federation=sim.FEDERATION,
            member=FR,
        )
    )


def exported(shelf: Shelf, **arguments: Any) -> tuple[bytes, Line]:
    """(The file, the last line)."""
    *pieces, last = lines_of(commands(shelf).export_list(arguments, items()))
    return b"".join(base64.b64decode(line["data"]) for line in pieces), last


def written(shelf: Shelf) -> list[Line]:
    """The bodies of the audit log."""
    origin = Origin(sim.FEDERATION, FR, 1, "audit")
    with shelf.store.read() as tx:
        log = tx.log(origin)
        return [json.loads(body) for body in tx.run(origin, 0, log.size if log else 0, 1 << 24).bodies]


def rows_of(form: str, data: bytes) -> list[Reference]:
    found = FORMATS[READERS.get(form, form)].read(iter([data]), Choices())
    return [item for item in found if isinstance(item, Reference)]


@pytest.mark.parametrize("form", ALL)
def test_a_list_is_the_same_file_each_time_and_is_read_again(shelf: Shelf, form: str) -> None:
    given = [row(n, sha256=value(n + 50, 32), media_type="image/jpeg") for n in range(1, 4)]
    shelf.take("L", given)
    data, last = exported(shelf, format=form, list="L", level="national")
    assert exported(shelf, format=form, list="L", level="national")[0] == data
    assert [each.md5 for each in rows_of(form, data)] == [each.md5 for each in given]
    assert (last["rows"], last["sha256"]) == (3, hashlib.sha256(data).hexdigest())
    manifest = verify_manifest(base64.b64decode(last["manifest"]), ROSTER)
    assert (manifest.format, manifest.rows, manifest.size, manifest.sha256.hex()) == (
        form,
        3,
        len(data),
        last["sha256"],
    )
    assert dict(manifest.left_out) == last["left_out"]
    assert b'"n":' not in data


@pytest.mark.parametrize("form", ALL)
def test_no_format_gives_a_row_that_may_not_leave(shelf: Shelf, form: str) -> None:
    shelf.take("L", [row(1, audience="organisation only (0)"), row(2)])
    shelf.hold(7, 8, case="2031-117")
    data, last = exported(shelf, format=form, list="L")
    assert rows_of(form, data) == []
    assert last["left_out"]["level national"] == 2
    data, last = exported(shelf, format=form, list="L", level="national")
    assert [each.md5 for each in rows_of(form, data)] == [value(2, 16)]
    assert last["left_out"]["restricted audience"] == 1
    data, last = exported(shelf, format=form, case="2031-117")
    assert rows_of(form, data) == []
    assert last["rows"] == 0
    assert b"2031-117" not in data + base64.b64decode(last["manifest"])


def test_the_audit_log_has_the_export_before_and_after(shelf: Shelf) -> None:
    shelf.take("L", [row(1)])
    before = len(written(shelf))
    _, last = exported(shelf, format="csv", list="L", level="national")
    begun, ended = written(shelf)[before:]
    assert (begun["what"], begun["list"], begun["level"]) == ("list export begins", "L", "national")
    assert (ended["what"], ended["rows"], ended["sha256_of_file"]) == ("list export", 1, last["sha256"])


def test_an_export_that_cannot_be_recorded_gives_nothing(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf.take("L", [row(1)])

    def full(_entry: object) -> None:
        raise Unavailable("no room")

    monkeypatch.setattr(shelf.audit, "append", full)
    lines: list[Line] = []

    async def collect() -> None:
        arguments = {"format": "csv", "list": "L", "level": "national"}
        lines.extend([line async for line in commands(shelf).export_list(arguments, items())])

    with pytest.raises(Unavailable):
        asyncio.run(collect())
    assert lines == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"format": "csv"}, "nothing is selected"),
        ({"format": "csv", "level": "high"}, "no level"),
        ({"format": "docx", "list": "L"}, "no such format"),
        ({"format": "csv", "list": "L", "profile": "UK"}, "only VICS has profiles"),
        ({"format": "vics", "list": "L", "profile": "FR"}, "no such profile"),
        ({"format": "stopncii", "list": "L"}, "child abuse"),
        ({"format": "stix", "list": "L", "distribution": 1}, "only MISP"),
        ({"format": "misp", "list": "L", "distribution": 4}, "from 0 to 3"),
    ],
)
def test_what_makes_no_sense_is_said(shelf: Shelf, arguments: Line, words: str) -> None:
    shelf.take("L", [row(1)])
    with pytest.raises(Misuse, match=words):
        exported(shelf, **arguments)


@pytest.mark.parametrize("form", ["vics", "icse-csv", "ncmec"])
def test_a_list_of_adults_is_in_no_format_of_child_abuse(shelf: Shelf, form: str) -> None:
    shelf.take("A", [row(1)], Level.HIT_NO_HIT, is_abuse=False)
    with pytest.raises(Misuse, match="not of child abuse"):
        exported(shelf, format=form, list="A", level="hit-no-hit")
    data, _ = exported(shelf, format="hashes", list="A", level="hit-no-hit")
    assert data == f"{value(1, 16).hex()}  -\n".encode()


def test_a_list_of_adults_goes_out_as_stopncii_and_comes_back(shelf: Shelf) -> None:
    given = [row(n, pdq=value(n, 32), media_type="image") for n in (1, 2)]
    given.append(row(3, media_type="video/mp4")._replace(code=None))
    shelf.take("A", given, Level.HIT_NO_HIT, is_abuse=False)
    data, last = exported(shelf, format="stopncii", list="A", level="hit-no-hit")
    found = rows_of("stopncii", data)
    assert [each.pdq or each.md5 for each in found] == [value(1, 32), value(2, 32), value(3, 16)]
    assert (last["rows"], last["left_out"]["md5"]) == (3, 2)
    assert exported(shelf, format="stopncii", list="A", level="hit-no-hit")[0] == data


def test_an_export_of_what_is_new_is_of_the_same_event_as_the_whole(shelf: Shelf) -> None:
    shelf.hold(7, 8, case="C")
    for form, name in (("misp", "uuid"), ("stix", "objects")):
        whole, new = (exported(shelf, format=form, level="national", **more)[0] for more in ({}, {"since": 1}))
        said, again = (json.loads(each).get("Event", json.loads(each))[name] for each in (whole, new))
        ids = [[each["id"] for each in objects] if name == "objects" else objects for objects in (said, again)]
        assert ids[0] == ids[1]


def test_the_distribution_of_an_event_is_chosen_and_recorded(shelf: Shelf) -> None:
    shelf.take("L", [row(1), row(2, handling="tlp:clear")])
    data, _ = exported(shelf, format="misp", list="L", level="national", distribution=3)
    event = json.loads(data)["Event"]
    assert (event["distribution"], [each["distribution"] for each in event["Object"]]) == ("3", ["1", "5"])
    assert written(shelf)[-1]["distribution"] == 3
    data, _ = exported(shelf, format="misp", list="L", level="national")
    assert json.loads(data)["Event"]["distribution"] == "0"


@pytest.mark.parametrize("form", ALL)
def test_a_format_without_withdrawals_counts_them(shelf: Shelf, form: str) -> None:
    (first, _) = shelf.hold(7, 8, case="C")
    with shelf.store.write() as tx:
        tx.set_setting(withdrawn(first), b"1")
    _, last = exported(shelf, format=form, level="national")
    takes = form in ("misp", "stix", "ncmec")
    assert last["rows"] == 1
    assert last["withdrawn"] == takes
    assert last["left_out"].get(NO_WITHDRAWALS, 0) == (not takes)
