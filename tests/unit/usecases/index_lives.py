"""Lives of a node, one after another, over one store and one folder of the kept index; and how one of them ends."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from node.domain.fingerprint_kinds import FRAME, SHA256
from node.domain.fingerprints import Fingerprint
from node.domain.ids import MemberId
from node.domain.material import VideoFingerprints, VideoFrame
from node.domain.queries import Level
from node.domain.search_ports import Probe
from node.domain.statements import Contribution
from node.domain.stores import NodeStore
from node.match.folder import IndexFolder
from node.match.index import LocalIndex
from node.usecases.catalogue import Catalogue
from node.usecases.disclosure import Copy
from node.usecases.entry_columns import Handlings
from node.usecases.intake import columns_of
from node.usecases.replica import Rules, position, verify_package
from tests.simulator.federation import Log, Speaker, roster
from tests.simulator.world import CODEC
from tests.unit.usecases.catalogued import holding, pdq

FR, JP = Speaker.named("FR"), Speaker.named("JP")
FRAMES = 6


def frames(number: int) -> tuple[VideoFrame, ...]:
    """The frames of a made-up video: those of no other number, nor of a picture's."""
    return tuple(
        VideoFrame(at=1_000 * at, pdq=hashlib.sha256(f"film {number} frame {at}".encode()).digest(), quality=90)
        for at in range(FRAMES)
    )


def video(number: int) -> VideoFingerprints:
    """A made-up video as a holding."""
    return VideoFingerprints(
        media_type="video/mp4",
        size=1,
        md5=bytes(16),
        sha1=bytes(20),
        sha256=number.to_bytes(32, "big"),
        frames=frames(number),
        between=(),
        milliseconds=1_000 * FRAMES,
        width=1,
        height=1,
    )


def film(number: int) -> Contribution:
    """A record about the same video."""
    prints = tuple(Fingerprint(code=FRAME.code, value=each.pdq, quality=90, at=each.at) for each in frames(number))
    return Contribution(fingerprints=prints, media_type="video/mp4")


def frame(number: int, at: int = FRAMES - 1) -> Probe:
    """A question for one frame of a made-up video."""
    return Probe(number, FRAME.code, frames(number)[at].pdq, 90)


class Life:
    """One life of a node: a store, and the index that a start finds and makes."""

    def __init__(self, store: NodeStore, folder: Path) -> None:
        self.store, self.folder = store, folder
        self.index = LocalIndex()
        self.files = IndexFolder(folder, self.index)
        self.catalogue = Catalogue(store=store, index=self.index, codec=CODEC, files=self.files)
        self.catalogue.start()

    def take(self, log: Log) -> None:
        with self.store.write() as writer:
            at = position(writer, writer.open_log(log.speaker.origin))
        rules = Rules(roster=roster(FR, JP), copy=Copy(reader=MemberId("JP")), cosigned=True)
        package = log.package(at.state.size, hub=True)
        verified = verify_package(at, package, rules, Handlings(CODEC.decode_handling))
        with self.catalogue.change() as change:
            change.apply(verified)

    def hold(self, number: int, *, film: bool = False) -> int:
        prints = video(number) if film else holding(number)
        with self.catalogue.change() as change:
            row, new = change.writer.put_holding(prints, level=Level.NATIONAL, case="c", tag=b"", now=1)
            if new:
                change.hold(columns_of([row], [prints]))
        return row

    def purge(self, rows: Sequence[int]) -> None:
        with self.catalogue.change() as change:
            purge = change.purge()
            for row in rows:
                purge.record(FR.origin, row, bytes(32))

    def found(self, number: int) -> list[tuple[int, int]]:
        return sorted((hit.source, hit.row) for hit in self.index.search([pdq(number)], 31))

    def films(self, number: int) -> list[tuple[int, int]]:
        """Where each single frame of the video is found."""
        found = {
            tuple(sorted((hit.source, hit.row) for hit in self.index.search([frame(number, at)], 31)))
            for at in range(FRAMES)
        }
        assert len(found) == 1, "every frame of a video, or none"
        return list(found.pop())


@pytest.fixture
def log() -> Log:
    """A log of FR with records about 20 pictures."""
    made = Log(FR)
    made.pictures(range(20))
    return made


def in_step(life: Life) -> None:
    """The index finds exactly what an index made anew from the store finds."""
    fresh = LocalIndex()
    Catalogue(store=life.store, index=fresh, codec=CODEC).rebuild()
    probes = [pdq(number) for number in range(40)]
    probes += [Probe(number, SHA256.code, number.to_bytes(32, "big")) for number in range(200, 240)]
    probes += [frame(number, at) for number in range(240) for at in range(FRAMES)]

    def all_of(index: LocalIndex) -> list[tuple[int, int, int, int]]:
        return sorted((hit.subject, hit.code, hit.source, hit.row) for hit in index.search(probes, 31))

    assert all_of(life.index) == all_of(fresh)
    assert life.index.sizes() == fresh.sizes()


class Dies(BaseException):
    """The process ends here."""


@contextmanager
def dying(life: Life, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The process ends right after the transaction, before the index hears of it."""

    def die(*_: object) -> None:
        raise Dies

    with monkeypatch.context() as patch:
        patch.setattr(life.index, "remove", die)
        patch.setattr(life.index, "add", die)
        with suppress(Dies):
            yield


def kept(store: NodeStore, folder: Path, log: Log) -> Life:
    """A life with the records of the log and two holdings, all of them in the kept index."""
    life = Life(store, folder)
    life.take(log)
    life.hold(200)
    life.hold(201)
    life.catalogue.keep()
    return life
