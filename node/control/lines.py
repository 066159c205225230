"""Values as the lines that `--json` prints (DESIGN, "The command line is a contract"), and items read back.

Rules this module upholds:

- A key that does not apply is null, never absent; bytes are lower-case hex.
- Nothing here decides anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from node.domain.fingerprints import (
    KIND_BY_CODE,
    Animation,
    Fingerprint,
    MaterialFingerprints,
    PictureFingerprints,
    TrimmedFingerprints,
    VideoFingerprints,
    VideoFrame,
)
from node.domain.holdings import IngestItem
from node.domain.queries import Subject
from node.errors import Misuse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from node.domain.ids import RecordId
    from node.domain.queries import Hit, MemberOutcome
    from node.domain.statements import Category
    from node.domain.videos import Shares
    from node.usecases.hit_list import ShownHit

Line = dict[str, Any]


def category_line(category: Category | None) -> Line | None:
    """A category with its scheme, or null."""
    if category is None:
        return None
    return {
        "scheme": category.scheme,
        "version": category.version,
        "code": category.code,
        "baseline": category.baseline.name.lower(),
    }


def hit_line(subject: str, hit: Hit) -> Line:
    """One hit. `subject` as the person called it."""
    return {
        "subject": subject,
        "origin": hit.origin,
        "record": str(hit.record) if hit.record else None,
        "algorithm": hit.algorithm,
        "distance": hit.distance,
        "quality": hit.quality,
        "orientation": hit.orientation,
        "category": category_line(hit.category),
        "series": hit.series,
        "weak": hit.weak,
        "trimmed": hit.trimmed,
        "holding": hit.holding,
        "allowed": hit.allowed,
        "level": hit.level.name.lower().replace("_", "-"),
        "shares": shares_line(hit.shares),
        "seconds": seconds_line(hit.at),
        "subject_seconds": seconds_line(hit.subject_at),
    }


def stored_hit_line(shown: ShownHit) -> Line:
    """One hit that is kept: of which holding, on which record, how near, since when."""
    hit, evidence, statement = shown.hit, shown.hit.evidence, shown.statement
    return {
        "hit": hit.id,
        "holding": hit.holding,
        "cases": list(shown.cases),
        "member": hit.record.origin.member,
        "origin": str(hit.record.origin),
        "record": str(hit.record),
        "algorithm": evidence.algorithm if evidence else None,
        "distance": evidence.distance if evidence else None,
        "quality": evidence.quality if evidence else None,
        "orientation": evidence.orientation if evidence else None,
        "category": category_line(statement.category if statement else None),
        "series": (statement.series or None) if statement else None,
        "weak": bool(evidence and evidence.weak),
        "trimmed": bool(evidence and evidence.trimmed),
        "shares": shares_line(evidence.shares if evidence else None),
        "seconds": seconds_line(evidence.at if evidence else None),
        "subject_seconds": seconds_line(evidence.subject_at if evidence else None),
        "allowed": hit.allowed,
        "new": not hit.shown_at,
        "first_seen": hit.first_seen,
        "last_seen": hit.last_seen,
    }


def left_out_lines(left_out: Mapping[RecordId | int, int]) -> list[Line]:
    """Of which records and holdings more hits were found than are kept, and about how many."""
    return [
        {
            "record": None if isinstance(about, int) else str(about),
            "holding": about if isinstance(about, int) else None,
            "left_out": number,
        }
        for about, number in left_out.items()
    ]


def shares_line(shares: Shares | None) -> Line | None:
    """How much of two videos is near, or null."""
    if shares is None:
        return None
    return {
        "query_percent": shares.query_percent,
        "compared_percent": shares.compared_percent,
        "query_moments": shares.moments,
        "compared_frames": shares.frames,
        "radius": shares.radius,
    }


def seconds_line(milliseconds: int | None) -> float | None:
    """Milliseconds as seconds, or null."""
    return None if milliseconds is None else milliseconds / 1_000


def outcome_line(query_id: bytes, outcome: MemberOutcome) -> Line:
    """One member's state, with what it searched where it said so."""
    answer = outcome.answer
    return {
        "query": query_id.hex(),
        "member": outcome.member,
        "outcome": outcome.outcome.value,
        "reason": outcome.reason or None,
        "late": outcome.late,
        "hits": len(answer.hits) if answer else None,
        "searched": [k.name for k in answer.kinds if k.searched] if answer else None,
        "not_searched": [k.name for k in answer.kinds if not k.searched] if answer else None,
        "scope": {level.name.lower().replace("_", "-"): count for level, count in answer.scope} if answer else None,
        "reduced": answer.reduced if answer else None,
        "roster_version": answer.roster_version if answer else None,
    }


def prints_line(prints: MaterialFingerprints) -> Line:
    """A file's fingerprints, whole, for an ingest item."""
    line = {
        "media_type": prints.media_type,
        "size": prints.size,
        "md5": prints.md5.hex(),
        "sha1": prints.sha1.hex(),
        "sha256": prints.sha256.hex(),
        "width": prints.width,
        "height": prints.height,
        "note": prints.note,
    }
    if isinstance(prints, VideoFingerprints):
        return line | _moving_line(prints)
    return line | {
        "pdq": prints.pdq.hex(),
        "pdq_quality": prints.pdq_quality,
        "pdq_orientations": [value.hex() for value in prints.pdq_orientations],
        "phash": prints.phash.hex(),
        "trimmed": trimmed_line(prints.trimmed),
        "animation": _moving_line(prints.animation) if prints.animation else None,
    }


def _moving_line(prints: VideoFingerprints | Animation) -> Line:
    return {
        "frames": [[frame.at, frame.pdq.hex(), frame.quality] for frame in prints.frames],
        "between": [[frame.at, frame.pdq.hex(), frame.quality] for frame in prints.between],
        "milliseconds": prints.milliseconds,
    }


def _read_moving(line: Line) -> Line:
    """The inverse of `_moving_line`, as arguments. Raises KeyError, TypeError, ValueError."""
    return {
        "frames": _read_frames(line["frames"]),
        "between": _read_frames(line["between"]),
        "milliseconds": int(line["milliseconds"]),
    }


def trimmed_line(trimmed: TrimmedFingerprints | None) -> Line | None:
    """What lies within a picture's plain borders, or null."""
    if trimmed is None:
        return None
    return {
        "box": list(trimmed.box),
        "pdq_quality": trimmed.pdq_quality,
        "pdq_orientations": [value.hex() for value in trimmed.pdq_orientations],
        "phash": trimmed.phash.hex(),
    }


def _read_trimmed(line: Line | None) -> TrimmedFingerprints | None:
    """The inverse of `trimmed_line`. Raises KeyError, TypeError, ValueError."""
    if line is None:
        return None
    left, top, right, bottom = map(int, line["box"])
    return TrimmedFingerprints(
        box=(left, top, right, bottom),
        pdq_quality=int(line["pdq_quality"]),
        pdq_orientations=tuple(bytes.fromhex(value) for value in line["pdq_orientations"]),
        phash=bytes.fromhex(line["phash"]),
    )


def read_prints(line: Line) -> MaterialFingerprints:
    """The inverse of `prints_line`. Raises `Misuse`."""
    try:
        about: Line = {
            "media_type": str(line["media_type"]),
            "size": int(line["size"]),
            "md5": bytes.fromhex(line["md5"]),
            "sha1": bytes.fromhex(line["sha1"]),
            "sha256": bytes.fromhex(line["sha256"]),
            "width": int(line["width"]),
            "height": int(line["height"]),
            "note": str(line["note"]),
        }
        if "frames" in line:
            return VideoFingerprints(**about, **_read_moving(line))
        animation = line.get("animation")
        return PictureFingerprints(
            **about,
            pdq=bytes.fromhex(line["pdq"]),
            pdq_quality=int(line["pdq_quality"]),
            pdq_orientations=tuple(bytes.fromhex(value) for value in line["pdq_orientations"]),
            phash=bytes.fromhex(line["phash"]),
            trimmed=_read_trimmed(line.get("trimmed")),
            animation=Animation(**_read_moving(animation)) if animation else None,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise Misuse("an item of the local socket is not a file's fingerprints") from error


def _read_frames(line: list[list[Any]]) -> tuple[VideoFrame, ...]:
    return tuple(VideoFrame(at=int(at), pdq=bytes.fromhex(pdq), quality=int(quality)) for at, pdq, quality in line)


def item_line(item: IngestItem) -> Line:
    """One file of an ingest."""
    return {"tag": item.tag.hex(), "label": item.label, "prints": prints_line(item.prints)}


def read_item(line: Line) -> IngestItem:
    """The inverse of `item_line`. Raises `Misuse`."""
    try:
        return IngestItem(tag=bytes.fromhex(line["tag"]), label=str(line["label"]), prints=read_prints(line["prints"]))
    except (KeyError, TypeError, ValueError) as error:
        raise Misuse("an item of the local socket is not a file of an ingest") from error


def subject_line(subject: Subject) -> Line:
    """One subject of a match or a query."""
    return {
        "label": subject.label,
        "fingerprints": [
            [f.code, f.value.hex(), f.quality] + ([] if f.at is None else [f.at]) for f in subject.fingerprints
        ],
        "orientations": [value.hex() for value in subject.orientations],
        "trimmed": [value.hex() for value in subject.trimmed],
    }


def read_subject(line: Line) -> Subject:
    """The inverse of `subject_line`. Raises `Misuse`."""
    try:
        return Subject(
            label=str(line["label"]),
            fingerprints=tuple(
                Fingerprint(code=int(code), value=bytes.fromhex(value), quality=quality, at=at[0] if at else None)
                for code, value, quality, *at in line["fingerprints"]
            ),
            orientations=tuple(bytes.fromhex(value) for value in line["orientations"]),
            trimmed=tuple(bytes.fromhex(value) for value in line.get("trimmed", ())),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise Misuse("an argument of the local socket is not a subject") from error


def fingerprint_line(fingerprint: Fingerprint) -> Line:
    """One fingerprint by name; a kind this version does not know by number."""
    kind = KIND_BY_CODE.get(fingerprint.code)
    return {
        "algorithm": kind.name if kind else f"unknown-{fingerprint.code}",
        "value": fingerprint.value.hex(),
        "quality": fingerprint.quality,
        "seconds": seconds_line(fingerprint.at),
        "searched": fingerprint.searchable,
    }
