"""An export is recorded before its first byte leaves, and again with its digest before its end is told."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing
from typing import Any, NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.domain.ids import MemberId
from node.domain.queries import Level
from node.errors import Misuse, Unavailable
from node.usecases.export_manifest import verify_manifest
from node.usecases.export_request import ExportRequest
from node.usecases.exports import PIECE, Exported, Exports, Writing
from node.usecases.list_export import Exporting, Shape
from tests.simulator import federation as sim
from tests.unit.usecases.audited import Audited
from tests.unit.usecases.disposal_desk import Desk
from tests.unit.usecases.test_export_manifest import ROSTER, SIGNER

FR = MemberId("FR")
CASE = ExportRequest(case="A", level=Level.NATIONAL)


class NoBundles:
    """Bundles need the records of a federation: see `tests/unit/control/test_bundle_commands`."""

    def begin(self, *_: object) -> NoReturn:
        raise NotImplementedError


class Room:
    """Exports whose format writes `pieces`."""

    def __init__(self, pieces: list[bytes]) -> None:
        desk = Desk()
        self.audited = Audited(desk.store)
        self.written = 0

        def write(_form: str, _export: object, _shape: Shape, _what: bytes, _at: int) -> Any:
            return self._pieces(pieces), Counter({"a field": 1})

        self.exports = Exports(
            exporting=Exporting(store=desk.store, catalogue=desk.node.catalogue, clock=lambda: self.audited.now),
            bundles=NoBundles(),
            writing=Writing(scheme=lambda _form, _profile: None, write=write),
            audit=self.audited.audit,
            signer=SIGNER,
            federation=sim.FEDERATION,
            member=FR,
        )

    def _pieces(self, pieces: list[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            self.written += 1
            yield piece

    def sent(self, request: ExportRequest = CASE) -> AsyncGenerator[bytes | Exported, None]:
        return self.exports.export_list("vics", Shape(), request)


def collected(steps: AsyncIterator[Any]) -> list[Any]:
    async def collect() -> list[Any]:
        return [each async for each in steps]

    return asyncio.run(collect())


@given(pieces=st.lists(st.binary(max_size=3).map(lambda each: each * 60_000), max_size=8))
def test_the_pieces_make_the_file_that_the_manifest_signs(pieces: list[bytes]) -> None:
    room = Room(pieces)
    *sent, end = collected(room.sent())
    data = b"".join(sent)
    assert data == b"".join(pieces)
    assert all(len(piece) >= PIECE for piece in sent[:-1])
    manifest = verify_manifest(end.signed, ROSTER)
    assert manifest == end.manifest
    assert (manifest.size, manifest.sha256) == (len(data), hashlib.sha256(data).digest())
    begun, ended = room.audited.written()
    about = {"format": "vics", "case": "A", "level": "national"}
    assert begun == {"what": "list export begins", **about, "at": room.audited.now}
    assert ended["what"] == "list export"
    assert (ended["sha256_of_file"], ended["left_out"]) == (manifest.sha256.hex(), {"a field": 1})
    room.audited.close()


def test_an_export_whose_reader_leaves_has_only_its_first_entry() -> None:
    room = Room([bytes(PIECE), bytes(PIECE)])

    async def leave() -> None:
        async with aclosing(room.sent()) as sent:
            await anext(sent)

    asyncio.run(leave())
    assert [each["what"] for each in room.audited.written()] == ["list export begins"]
    room.audited.close()


def test_what_cannot_be_recorded_does_not_leave() -> None:
    room = Room([b"file"])
    room.audited.close()
    with pytest.raises(Unavailable):
        collected(room.sent())
    assert room.written == 0


def test_a_file_needs_a_selector_and_a_bundle_does_not() -> None:
    with pytest.raises(Misuse, match="nothing is selected"):
        ExportRequest().some()
    everything = ExportRequest().any()
    assert (everything.case, everything.list, everything.level, everything.since) == ("", "", Level.SHARED, 0)
    assert ExportRequest(since=0).some() == everything


@given(case=st.none() | st.text(max_size=3), level=st.none() | st.sampled_from(Level))
def test_the_audit_log_has_the_selectors_that_were_given(case: str | None, level: Level | None) -> None:
    named = ExportRequest(case=case, level=level).named()
    assert named.get("case") == case
    assert ("level" in named) == (level is not None)
    assert named.keys() <= {"case", "level"}
