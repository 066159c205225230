"""Hits and the kinds searched, as answers and replies to watches state them, to and from protobuf.

Rules this module upholds:

- As `node.wire.convert`: reading raises only `Malformed`, and accepts what an honest writer emits.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from node.domain.fingerprint_kinds import FRAME, PDQ, PDQ_BITS
from node.domain.orientations import ORIENTATIONS
from node.domain.queries import Hit, Level, SearchedKind
from node.domain.statements import MAX_TEXT
from node.domain.videos import Shares
from node.errors import Malformed
from node.wire import checks
from node.wire.convert_records import category_from_pb, category_to_pb, record_id_from_pb, record_id_to_pb
from node.wire.convert_subjects import background_from_pb, background_to_pb
from node.wire.pb import record_pb2 as pb

MAX_KINDS: Final = 64
"""Most kinds of fingerprints that an answer or a reply names."""
_ALL: Final = 100
"""Percent."""


def hit_from_pb(message: pb.Hit) -> Hit:
    """Raises `Malformed`."""
    orientation = None
    if message.HasField("orientation"):
        if message.orientation >= len(ORIENTATIONS):
            raise Malformed("a hit names an orientation that does not exist")
        orientation = ORIENTATIONS[message.orientation]
    algorithm = checks.text(message.algorithm, "a hit's algorithm")
    if message.frame and algorithm != PDQ.name:
        raise Malformed("a hit by a frame of a video is by PDQ, and by nothing else")
    return Hit(
        subject=message.subject,
        origin=checks.text(message.origin, "a hit's origin"),
        algorithm=FRAME.name if message.frame else algorithm,
        level=checks.enum(Level, message.level, "a level"),
        record=record_id_from_pb(message.record) if message.HasField("record") else None,
        distance=message.distance if message.HasField("distance") else None,
        quality=message.quality if message.HasField("quality") else None,
        orientation=orientation,
        category=category_from_pb(message.category) if message.HasField("category") else None,
        series=checks.text(message.series, "a series", MAX_TEXT) if message.HasField("series") else None,
        weak=message.weak,
        trimmed=message.trimmed,
        look=background_from_pb(message.look),
        whole=message.whole,
        shares=_shares_from_pb(message.shares) if message.HasField("shares") else None,
        at=message.at if message.HasField("at") else None,
        subject_at=message.subject_at if message.HasField("subject_at") else None,
    )


def _shares_from_pb(message: pb.Shares) -> Shares:
    if max(message.query_percent, message.compared_percent) > _ALL or message.radius > PDQ_BITS:
        raise Malformed("the shares of two videos are percentages, and their radius is one of bits")
    return Shares(
        query_percent=message.query_percent,
        compared_percent=message.compared_percent,
        moments=message.moments,
        frames=message.frames,
        radius=message.radius,
    )


def _shares_to_pb(shares: Shares | None) -> pb.Shares | None:
    if shares is None:
        return None
    return pb.Shares(
        query_percent=shares.query_percent,
        compared_percent=shares.compared_percent,
        moments=shares.moments,
        frames=shares.frames,
        radius=shares.radius,
    )


def hit_to_pb(hit: Hit) -> pb.Hit:
    """The other way."""
    of_frame = hit.algorithm == FRAME.name
    return pb.Hit(
        subject=hit.subject,
        origin=hit.origin,
        algorithm=PDQ.name if of_frame else hit.algorithm,
        level=checks.number(hit.level),
        record=None if hit.record is None else record_id_to_pb(hit.record),
        distance=hit.distance,
        quality=hit.quality,
        orientation=None if hit.orientation is None else ORIENTATIONS.index(hit.orientation),
        category=category_to_pb(hit.category),
        series=hit.series,
        weak=hit.weak,
        trimmed=hit.trimmed,
        look=background_to_pb(hit.look),
        whole=hit.whole,
        shares=_shares_to_pb(hit.shares),
        at=hit.at,
        subject_at=hit.subject_at,
        frame=of_frame,
    )


def kinds_from_pb(messages: Sequence[pb.SearchedKind]) -> tuple[SearchedKind, ...]:
    """The kinds searched. Raises `Malformed`, also for more than `MAX_KINDS`."""
    checks.at_most(len(messages), MAX_KINDS, "kinds searched")
    return tuple([_kind(kind.name, kind.version, kind.searched) for kind in messages])


@lru_cache(maxsize=MAX_KINDS)
def _kind(name: str, version: int, searched: bool) -> SearchedKind:  # noqa: FBT001  (as they stand in the message)
    """The same few values in every answer."""
    return SearchedKind(name=checks.text(name, "a kind's name"), version=version, searched=searched)


@lru_cache(maxsize=MAX_KINDS)
def kind_to_pb(kind: SearchedKind) -> pb.SearchedKind:
    """The other way."""
    return pb.SearchedKind(name=kind.name, version=kind.version, searched=kind.searched)
