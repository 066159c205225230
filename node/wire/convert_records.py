"""The parts of records (names, fingerprints, categories, contributions) and handlings, to and from protobuf.

Rules this module upholds:

- Decoding raises only `Malformed`. An unknown fingerprint kind is stored; a handling that is not fully understood says
  so.
- Every reader's check also runs when we write, so we sign nothing that the other side would refuse.
"""

from collections.abc import Iterable
from typing import Final

from google.protobuf.unknown_fields import UnknownFieldSet

from node.domain import statements as say
from node.domain.fingerprint_kinds import KIND_BY_CODE, KINDS
from node.domain.fingerprints import UNSTATED_QUALITY, Fingerprint
from node.domain.handling import CODES, Handling
from node.domain.ids import MemberId, Origin, RecordId, member_id
from node.errors import Malformed, Misuse
from node.wire import checks
from node.wire.pb import record_pb2 as pb

NO_QUALITY: Final = -2
"""In the quality column: this kind has none (`None` in the domain). -1 is `UNSTATED_QUALITY`."""
MAX_QUALITY: Final = 100
MAX_UNKNOWN_VALUE: Final = 4_096
"""Most bytes of a fingerprint of an unknown kind."""
MAX_CODE: Final = 0xFFFF
MAX_AUDIENCE: Final = 1_000
MAX_PURPOSES: Final = 32

_SHAPE: Final = {code: (kind.size, kind.has_quality) for code, kind in KIND_BY_CODE.items()}
_TIMED: Final = frozenset([kind.code for kind in KINDS if kind.timed])
# --- names ------------------------------------------------------------------------------------------------------------


def record_id_from_pb(message: pb.RecordId) -> RecordId:
    """Raises `Malformed` for what is not the name of a record."""
    return RecordId(Origin.parse(message.origin), message.leaf)


def record_id_to_pb(record: RecordId) -> pb.RecordId:
    """The other way."""
    return pb.RecordId(origin=str(record.origin), leaf=record.leaf)


# --- fingerprints -----------------------------------------------------------------------------------------------------


def fingerprint_columns(message: pb.Fingerprints) -> tuple[list[int], list[bytes], list[int]]:
    """The checked columns (kinds, values, qualities with `NO_QUALITY`). Raises `Malformed`."""
    columns = list(message.kind), list(message.value), list(message.quality)
    check_fingerprint_columns(*columns)
    if message.at and len(message.at) != len(columns[0]):
        raise Malformed("the columns of the fingerprints have unequal lengths")
    return columns


def check_fingerprint_columns(kinds: list[int], values: list[bytes], qualities: list[int]) -> None:
    """Raises `Malformed` unless the columns have one length and every fingerprint has the form of its kind."""
    if not len(kinds) == len(values) == len(qualities):
        raise Malformed("the columns of the fingerprints have unequal lengths")
    if len(kinds) > say.MAX_FINGERPRINTS:
        raise Malformed(f"at most {say.MAX_FINGERPRINTS} fingerprints fit a body")
    for code, value, quality in zip(kinds, values, qualities, strict=True):
        shape = _SHAPE.get(code)
        if shape is None:
            if not 0 < code <= MAX_CODE or len(value) > MAX_UNKNOWN_VALUE or quality < NO_QUALITY:
                raise Malformed("a fingerprint of an unknown kind breaks the limits of every kind")
        elif len(value) != shape[0]:
            raise Malformed("a fingerprint does not have the length of its kind")
        elif quality != NO_QUALITY and not (shape[1] and UNSTATED_QUALITY <= quality <= MAX_QUALITY):
            raise Malformed("a fingerprint's quality is out of range, or its kind has none")


def fingerprints_from_pb(message: pb.Fingerprints) -> tuple[Fingerprint, ...]:
    """The fingerprints in order, including those of unknown kinds. Raises `Malformed`."""
    codes, values, qualities = fingerprint_columns(message)
    times: Iterable[int | None] = message.at or (None,) * len(codes)
    return tuple(
        [
            Fingerprint(
                code=code,
                value=value,
                quality=None if quality == NO_QUALITY else quality,
                at=at if code in _TIMED else None,
            )
            for code, value, quality, at in zip(codes, values, qualities, times, strict=True)
        ]
    )


def fingerprints_to_pb(fingerprints: Iterable[Fingerprint]) -> pb.Fingerprints:
    """The inverse. The column of times is present only if a time is known: bodies about pictures have none."""
    prints = tuple(fingerprints)
    timed = any(f.at is not None for f in prints)
    return pb.Fingerprints(
        kind=[f.code for f in prints],
        value=[f.value for f in prints],
        quality=[NO_QUALITY if f.quality is None else f.quality for f in prints],
        at=[f.at or 0 for f in prints] if timed else (),
    )


# --- contributions ----------------------------------------------------------------------------------------------------


def category_from_pb(message: pb.Category) -> say.Category:
    """Raises `Malformed`, also if the scheme, its version or the code is missing: never a bare number."""
    if not (message.scheme and message.version and message.code):
        raise Malformed("a category needs a scheme, its version and a code")
    return say.Category(
        scheme=checks.text(message.scheme, "a category scheme"),
        version=checks.text(message.version, "a category scheme's version"),
        code=checks.text(message.code, "a category code"),
        baseline=checks.enum(say.Tri, message.baseline, "a baseline"),
    )


def category_to_pb(category: say.Category | None) -> pb.Category | None:
    """The inverse; None stays None."""
    if category is None:
        return None
    return pb.Category(
        scheme=category.scheme, version=category.version, code=category.code, baseline=checks.number(category.baseline)
    )


def check_contribution_words(message: pb.Contribution) -> None:
    """Everything of a contribution except its fingerprints. Raises `Malformed`."""
    checks.text(message.media_type, "a media type")
    checks.text(message.series, "a series", say.MAX_TEXT)
    checks.text(message.language, "a language")
    checks.enum(say.Tri, message.victim_identified, "victim identified")
    checks.enum(say.Tri, message.offender_identified, "offender identified")
    tags = message.tags
    if tags:
        checks.at_most(len(tags), say.MAX_TAGS, "tags")
        for tag in tags:
            checks.text(tag, "a tag")
    if message.HasField("category"):
        category_from_pb(message.category)
    if message.HasField("group"):
        record_id_from_pb(message.group)


def contribution_from_pb(message: pb.Contribution) -> say.Contribution:
    """Raises `Malformed`."""
    check_contribution_words(message)
    return say.Contribution(
        fingerprints=fingerprints_from_pb(message.fingerprints),
        media_type=message.media_type,
        category=category_from_pb(message.category) if message.HasField("category") else None,
        series=message.series,
        victim_identified=say.Tri(message.victim_identified),
        offender_identified=say.Tri(message.offender_identified),
        tags=tuple(message.tags),
        language=message.language,
        group=record_id_from_pb(message.group) if message.HasField("group") else None,
    )


def contribution_to_pb(contribution: say.Contribution) -> pb.Contribution:
    """The other way."""
    return pb.Contribution(
        fingerprints=fingerprints_to_pb(contribution.fingerprints),
        media_type=contribution.media_type,
        category=category_to_pb(contribution.category),
        series=contribution.series,
        victim_identified=checks.number(contribution.victim_identified),
        offender_identified=checks.number(contribution.offender_identified),
        tags=contribution.tags,
        language=contribution.language,
        group=record_id_to_pb(contribution.group) if contribution.group else None,
    )


# --- handling ---------------------------------------------------------------------------------------------------------


def _audience(message: pb.Handling) -> tuple[MemberId, ...] | None:
    if message.everyone:
        if message.audience:
            raise Malformed("a handling names everyone and a list at once")
        return None
    checks.at_most(len(message.audience), MAX_AUDIENCE, "an audience")
    return tuple(map(member_id, message.audience))


def _handling_from_pb(message: pb.Handling) -> Handling:
    """Withheld (`understood` False) for a later reader, an unknown code, or an unknown field."""
    if message.min_reader == 0:
        raise Malformed("a handling does not state the reader version that it needs")
    day = message.retain_until_day
    code = checks.text(message.code, "a handling code")
    if message.min_reader > say.READER:
        return Handling(audience=(), purposes=(), code=code, retain_until_day=day, understood=False)
    checks.at_most(len(message.purposes), MAX_PURPOSES, "purposes")
    return Handling(
        audience=_audience(message),
        purposes=tuple(checks.text(purpose, "a purpose") for purpose in message.purposes),
        code=code,
        retain_until_day=day,
        understood=code in CODES and len(UnknownFieldSet(message)) == 0,
    )


def encode_handling(handling: Handling) -> bytes:
    """The bytes that the handling commitment covers. Raises `Misuse`, also for a handling we do not understand."""
    if not handling.understood or handling.code not in CODES:
        raise Misuse("a handling that is not understood cannot be written")
    return checks.encode(
        lambda: pb.Handling(
            min_reader=say.READER,
            everyone=handling.audience is None,
            audience=handling.audience or (),
            purposes=handling.purposes,
            code=handling.code,
            retain_until_day=handling.retain_until_day,
        ),
        _handling_from_pb,
    )


def decode_handling(handling: bytes) -> Handling:
    """The content of a handling. Raises `Malformed`."""
    return _handling_from_pb(checks.parse(pb.Handling, handling, "a handling"))
