"""Values as the lines that `--json` prints (DESIGN, "The command line is a contract"), and parsing of items.

Rules this module upholds:

- A key that does not apply is null, never absent; bytes are lower-case hex.
- Nothing here decides anything.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from node.domain.calendar import in_calendar, spell_day
from node.domain.fingerprint_json import read_prints, write_prints
from node.domain.fingerprint_kinds import name_of
from node.domain.fingerprints import Fingerprint
from node.domain.holdings import IngestItem
from node.domain.material import BACKGROUNDS, DigestFingerprints
from node.domain.parts import Place, Role
from node.domain.previews import read_previews, write_previews
from node.domain.queries import Look, Subject
from node.domain.reviews import ReviewState
from node.errors import Malformed, Misuse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from node.domain.handling import Handling
    from node.domain.material import MaterialFingerprints
    from node.domain.notices import PublishedNotice
    from node.domain.previews import Preview
    from node.domain.queries import Hit, MemberOutcome, RowOfList
    from node.domain.statements import Category, Contribution
    from node.domain.verification import Verification
    from node.domain.videos import Shares

Line = dict[str, Any]
UNCONFIRMED: Final = "unconfirmed"
"""The baseline of a record that too few members confirm."""


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


def verification_line(known: Verification | None) -> Line:
    """How many active members confirm or dispute a record or a link, and with which categories; null if it was not
    counted. `opinions_set_aside`: those of suspended members.
    """
    return {
        "confirmed": len(known.confirmed) if known else None,
        "disputed": len(known.disputed) if known else None,
        "verified_as": [{**(category_line(each) or {}), "members": members} for each, members in known.verified_as]
        if known
        else None,
        "opinions_set_aside": len(known.suspended) if known else None,
    }


def baseline_line(line: Line, category: Category | None, known: Verification | None) -> Line:
    """The line of a record; its category says that the baseline is unconfirmed, where the policy asks for more."""
    if known is None or not known.is_baseline_unconfirmed(category):
        return line
    return line | {"category": {**line["category"], "baseline": UNCONFIRMED}}


def statement_line(said: Contribution | None) -> Line:
    """The statement of a contribution, without its fingerprints; all null if unknown."""
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
    """Who may read a record, for what purpose and until when; null if unknown."""
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


def told_hit_line(
    labels: Sequence[str], member: str, hit: Hit, standing: str | None, known: Verification | None = None
) -> Line:
    """A hit reported by another member. `subject` is null if the hit is about the question as a whole, or if its
    subject is not stored. `record_here`: see `usecases.standing`.
    """
    is_known = not hit.whole and hit.subject < len(labels)
    line = hit_line(labels[hit.subject] if is_known else None, hit, known)
    return line | {"where": member, "subjects": len(labels) if hit.whole else None, "record_here": standing}


def hit_line(subject: str | None, hit: Hit, known: Verification | None = None) -> Line:
    """One hit. `subject` is the person's own name for it. A member's answer has only the category and the series.
    `known`: what other members say of its record. "review": what officers decided about it before, null if nothing.
    """
    said = statement_line(hit.statement)
    if hit.statement is None:
        said |= {"category": category_line(hit.category), "series": hit.series}
    category = hit.statement.category if hit.statement else hit.category
    said = baseline_line(said | verification_line(known), category, known)
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
        "shown_on": hit.look or hit.held_look or None,
        "holding": hit.holding,
        "cases": list(hit.cases) if hit.holding is not None else None,
        "allowed": hit.allowed,
        "alike": hit.alike,
        "leads": hit.leads,
        "standing": hit.standing or None,
        "level": hit.level.spelled,
        "shares": shares_line(hit.shares),
        "seconds": seconds_line(hit.at),
        "subject_seconds": seconds_line(hit.subject_at),
        "list": row_line(hit.row),
        "review": None if hit.state is ReviewState.NEW else hit.state.name.lower(),
        "notice": notice_line(hit.notice),
    }


def notice_line(notice: PublishedNotice | None) -> Line | None:
    """The published notice that was found, or null."""
    if notice is None:
        return None
    return {
        "colour": notice.colour.name.lower(),
        "reference": notice.reference,
        "requested_by": notice.requested_by,
    }


def row_line(row: RowOfList | None) -> Line | None:
    """The row of a list that was found, or null."""
    if row is None:
        return None
    return {
        "name": row.name,
        "provider": row.provider or None,
        "row": row.id,
        "record": row.record if row.record >= 0 else None,
        "line": row.line if row.line >= 0 else None,
        "case": row.case or None,
        "child_abuse": row.is_abuse,
        "disputes": row.disputes,
    }


def shares_line(shares: Shares | None) -> Line | None:
    """How much of two videos matches, or null."""
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
    """One member's state, and what it searched if it said so."""
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
        "scope": {level.spelled: count for level, count in answer.scope} if answer else None,
        "reduced": answer.reduced if answer else None,
        "roster_version": answer.roster_version if answer else None,
    }


def item_line(item: IngestItem) -> Line:
    """One file of an ingest."""
    return {
        "tag": item.tag.hex(),
        "label": item.label,
        "file": item.file,
        "place": None if item.place is None else place_line(item.place),
        "prints": write_prints(item.prints),
        "previews": write_previews(item.prints.previews),
    }


def read_item(line: Line) -> IngestItem:
    """The inverse of `item_line`. Raises `Misuse`."""
    try:
        return IngestItem(
            tag=bytes.fromhex(line["tag"]),
            label=str(line["label"]),
            file=str(line["file"]),
            place=None if line["place"] is None else read_place(line["place"]),
            prints=_with_previews(read_prints(line["prints"]), read_previews(line["previews"])),
        )
    except (KeyError, TypeError, ValueError, Malformed) as error:
        raise Misuse("an item on the local socket is not a file of an ingest") from error


def _with_previews(prints: MaterialFingerprints, previews: tuple[Preview, ...]) -> MaterialFingerprints:
    """Raises `Malformed` if material that cannot be seen has previews."""
    if not previews:
        return prints
    if isinstance(prints, DigestFingerprints):
        raise Malformed("material that cannot be seen has no preview")
    return replace(prints, previews=previews)


def place_line(place: Place) -> Line:
    """Where a part lies. The name is the one in its parent, or null."""
    return {
        "parent": place.parent.hex(),
        "path": list(place.path),
        "role": place.role.value,
        "name": place.name or None,
    }


def read_place(line: Line) -> Place:
    """The inverse of `place_line`. Raises KeyError, TypeError, ValueError."""
    return Place(
        parent=bytes.fromhex(line["parent"]),
        path=tuple(int(number) for number in line["path"]),
        role=Role(line["role"]),
        name="" if line["name"] is None else str(line["name"]),
    )


def subject_line(subject: Subject) -> Line:
    """One subject of a match or a query."""
    return {
        "label": subject.label,
        "fingerprints": [
            [f.code, f.value.hex(), f.quality] + ([] if f.at is None else [f.at]) for f in subject.fingerprints
        ],
        "orientations": [value.hex() for value in subject.orientations],
        "trimmed": [value.hex() for value in subject.trimmed],
        "looks": [[look.background, [value.hex() for value in look.orientations]] for look in subject.looks],
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
            looks=tuple(
                Look(
                    background=BACKGROUNDS[BACKGROUNDS.index(background)],
                    orientations=tuple(bytes.fromhex(value) for value in turned),
                )
                for background, turned in line.get("looks", ())
            ),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise Misuse("an argument on the local socket is not a subject") from error


def fingerprint_line(fingerprint: Fingerprint) -> Line:
    """One fingerprint by name; a kind unknown to this version by number."""
    return {
        "algorithm": name_of(fingerprint.code),
        "value": fingerprint.value.hex(),
        "quality": fingerprint.quality,
        "seconds": seconds_line(fingerprint.at),
        "searched": fingerprint.searchable,
    }
