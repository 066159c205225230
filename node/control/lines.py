"""Values as the lines that `--json` prints (DESIGN, "The command line is a contract"), and items read back.

Rules this module upholds:

- A key that does not apply is null, never absent; bytes are lower-case hex.
- Nothing here decides anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from node.domain.calendar import in_calendar, spell_day
from node.domain.fingerprints import (
    KIND_BY_CODE,
    Animation,
    DigestFingerprints,
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
    from collections.abc import Sequence

    from node.domain.handling import Handling
    from node.domain.queries import Hit, MemberOutcome
    from node.domain.statements import Category, Contribution
    from node.domain.videos import Shares

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


def statement_line(said: Contribution | None) -> Line:
    """What a contribution says beside its fingerprints; all null where nobody can tell."""
    return {
        "media_type": (said.media_type or None) if said else None,
        "category": category_line(said.category) if said else None,
        "series": (said.series or None) if said else None,
        "victim_identified": said.victim_identified.name.lower() if said else None,
        "offender_identified": said.offender_identified.name.lower() if said else None,
        "tags": list(said.tags) if said else None,
        "language": (said.language or None) if said else None,
    }


def handling_line(handling: Handling | None) -> Line | None:
    """Who may read a record, for what and until when; null where nobody can tell."""
    if handling is None:
        return None
    day = handling.retain_until_day
    return {
        "audience": "everyone" if handling.audience is None else list(handling.audience),
        "purposes": list(handling.purposes),
        "code": handling.code,
        "retain_until_day": day or None,
        "retain_until": spell_day(day) if day and in_calendar(day) else None,
    }


def told_hit_line(labels: Sequence[str], member: str, hit: Hit, standing: str | None) -> Line:
    """A hit that another member has told. `subject` is null where it is about the question as a whole, or its subject
    is not kept. `record_here`: see `usecases.standing`.
    """
    known = not hit.whole and hit.subject < len(labels)
    line = hit_line(labels[hit.subject] if known else None, hit)
    return line | {"where": member, "subjects": len(labels) if hit.whole else None, "record_here": standing}


def hit_line(subject: str | None, hit: Hit) -> Line:
    """One hit. `subject` as the person called it. A member's answer tells the category and the series alone."""
    said = statement_line(hit.statement)
    if hit.statement is None:
        said |= {"category": category_line(hit.category), "series": hit.series}
    return {
        "subject": subject,
        "origin": hit.origin,
        "record": str(hit.record) if hit.record else None,
        "algorithm": hit.algorithm,
        "distance": hit.distance,
        "quality": hit.quality,
        "orientation": hit.orientation,
        **said,
        "handling": handling_line(hit.handling),
        "weak": hit.weak,
        "trimmed": hit.trimmed,
        "holding": hit.holding,
        "cases": list(hit.cases) if hit.holding is not None else None,
        "allowed": hit.allowed,
        "alike": hit.alike,
        "leads": hit.leads,
        "standing": hit.standing or None,
        "level": hit.level.name.lower().replace("_", "-"),
        "shares": shares_line(hit.shares),
        "seconds": seconds_line(hit.at),
        "subject_seconds": seconds_line(hit.subject_at),
    }


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
        "answer_refused": outcome.refused,
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
        "note": prints.note,
    }
    if isinstance(prints, DigestFingerprints):
        return line
    line |= {"width": prints.width, "height": prints.height}
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
            "note": str(line["note"]),
        }
        if "width" not in line:
            return DigestFingerprints(**about)
        about |= {"width": int(line["width"]), "height": int(line["height"])}
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
    return {"tag": item.tag.hex(), "label": item.label, "file": item.file, "prints": prints_line(item.prints)}


def read_item(line: Line) -> IngestItem:
    """The inverse of `item_line`. Raises `Misuse`."""
    try:
        return IngestItem(
            tag=bytes.fromhex(line["tag"]),
            label=str(line["label"]),
            file=str(line.get("file", "")),
            prints=read_prints(line["prints"]),
        )
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
