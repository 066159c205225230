"""Bundles over the local socket: what one node writes, another one reads, and both audit logs say so."""

from __future__ import annotations

import base64
import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, NoReturn

import pytest

from node.control.bundle_commands import BundleCommands
from node.control.export_commands import ExportCommands
from node.domain.ids import MemberId, Origin
from node.errors import Malformed, Misuse, NotFound, PeerFault
from node.usecases.audit import AuditLog
from node.usecases.bundle_carrying import BundleCarrying
from node.usecases.bundle_choice import choose
from node.usecases.bundle_writing import BundleWriting, Wanted
from node.usecases.export_manifest import verify_manifest
from node.usecases.export_sources import Selection
from node.usecases.exports import Exports, Writing
from node.usecases.list_export import Exporting
from node.wire.convert_federation import encode_package
from tests.simulator.federation import FEDERATION, TODAY
from tests.simulator.world import CODEC
from tests.unit.control.desk import items, lines_of
from tests.unit.usecases.bundles import FOR_LAB, FR, LAB
from tests.unit.usecases.test_bundle_taking import SIGNER, Desk

Line = dict[str, Any]


def unused(*_: object) -> NoReturn:
    raise NotImplementedError


class Room:
    """FR writes, LAB reads."""

    def __init__(self) -> None:
        self.desk = Desk()
        self.sea = self.desk.sea
        self.origin = replace(FR.origin, stream="audit")
        self.audit = AuditLog(
            store=self.sea.fr.store, origin=self.origin, clock=self.sea.world.clock, random=os.urandom
        )
        self.matched = 0

    def close(self) -> None:
        self.audit.close()
        self.desk.audit.close()

    def begin(
        self, selection: Selection, reader: MemberId | None, sizes: Mapping[Origin, int]
    ) -> tuple[BundleWriting, Counter[str]]:
        choice, left_out = choose(self.sea.fr.store, CODEC, selection, None)
        wanted = Wanted(choice=choice, reader=reader, sizes=sizes, today=TODAY)
        return BundleWriting(self.sea.fr.store, CODEC, encode_package, wanted), left_out

    def writing(self) -> ExportCommands:
        store = self.sea.fr.store
        return ExportCommands(
            exports=Exports(
                exporting=Exporting(store=store, catalogue=self.sea.fr.catalogue, clock=self.sea.world.clock),
                bundles=self,
                writing=Writing(scheme=unused, write=unused),
                audit=self.audit,
                signer=SIGNER,
                federation=FEDERATION,
                member=FR.id,
            )
        )

    def match(self) -> None:
        self.matched += 1

    def reading(self) -> BundleCommands:
        return BundleCommands(
            carrying=BundleCarrying(
                taking=self.desk.deps(),
                match=self.match,
                store=self.sea.lab.store,
                federation=FEDERATION,
                member=LAB.id,
            )
        )

    def written(self, **arguments: Any) -> tuple[bytes, Line]:
        *pieces, last = lines_of(self.writing().export_bundle(arguments, items()))
        return b"".join(base64.b64decode(line["data"]) for line in pieces), last

    def read(self, data: bytes, manifest: str) -> list[Line]:
        pieces = [{"data": base64.b64encode(data[at : at + 500]).decode()} for at in range(0, len(data), 500)]
        return lines_of(self.reading().read_bundle({"manifest": manifest}, items(*pieces)))

    def said(self) -> list[Line]:
        with self.sea.fr.store.read() as tx:
            log = tx.log(self.origin)
            return [json.loads(body) for body in tx.run(self.origin, 0, log.size if log else 0, 1 << 24).bodies]


@pytest.fixture
def room() -> Iterator[Room]:
    made = Room()
    yield made
    made.close()


def test_what_is_written_is_read_and_matched(room: Room) -> None:
    data, last = room.written()
    assert (last["format"], last["rows"], last["left_out"]) == ("bundle", 2, {})
    log, summary = room.read(data, last["manifest"])
    assert (log["member"], log["before"], log["size"], log["records"]) == ("FR", 0, 2, 2)
    assert (summary["written_by"], summary["entries"], summary["complete"]) == ("FR", 2, True)
    assert summary["sha256"] == last["sha256"]
    assert room.matched == 1
    log, summary = room.read(data, last["manifest"])
    assert (log["standing"], summary["entries"], room.matched) == ("known", 0, 1)
    begun, ended = room.said()
    assert (begun["what"], ended["what"]) == ("list export begins", "list export")
    assert ended["sha256_of_file"] == last["sha256"]


def test_the_manifest_says_for_whom_it_is(room: Room) -> None:
    room.sea.share(room.sea.fr, [5], FOR_LAB)
    data, last = room.written(to="LAB")
    manifest = verify_manifest(base64.b64decode(last["manifest"]), room.sea.world.roster)
    assert (manifest.format, manifest.profile, manifest.rows) == ("bundle", "LAB", 3)
    *_, summary = room.read(data, last["manifest"])
    assert (summary["for"], summary["records"]) == ("LAB", 3)
    assert room.said()[0]["to"] == "LAB"
    _, last = room.written()
    assert last["left_out"] == {"restricted audience": 1}


def test_what_the_reader_has_makes_the_next_bundle_small(room: Room) -> None:
    room.read(*both(room.written()))
    (have,) = lines_of(room.reading().bundle_have({}, items()))
    assert have == {"federation": FEDERATION, "member": "LAB", "logs": {str(FR.origin): 2}}
    room.sea.share(room.sea.fr, [7])
    data, last = room.written(after=have["logs"])
    assert last["rows"] == 1
    log, _ = room.read(data, last["manifest"])
    assert (log["before"], log["size"]) == (2, 3)


def both(written: tuple[bytes, Line]) -> tuple[bytes, str]:
    return written[0], written[1]["manifest"]


@pytest.mark.parametrize("after", [{"x": 1}, {str(FR.origin): -1}, {str(FR.origin): "1"}, {str(FR.origin): True}])
def test_sizes_that_make_no_sense_are_refused(room: Room, after: Line) -> None:
    with pytest.raises((Misuse, Malformed)):
        room.written(after=after)


def test_an_unknown_case_is_refused_before_a_byte_is_written(room: Room) -> None:
    with pytest.raises(NotFound):
        room.written(case="none")


@pytest.mark.parametrize("item", [{"data": "%"}, {"data": 1}, {}])
def test_an_item_that_is_no_piece_of_a_file_is_refused(room: Room, item: Line) -> None:
    _, last = room.written()
    with pytest.raises(Misuse):
        lines_of(room.reading().read_bundle({"manifest": last["manifest"]}, items(item)))


def test_a_file_that_ends_early_is_in_the_audit_log_of_its_reader(room: Room) -> None:
    data, last = room.written()
    with pytest.raises(PeerFault):
        room.read(data[:-1], last["manifest"])
    assert [each["what"] for each in room.desk.said()] == ["bundle read begins", "bundle read"]
    assert room.desk.said()[-1]["error"] == "malformed"
