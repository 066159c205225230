"""The subjects of a question, to and from protobuf.

Rules this module upholds:

- As `node.wire.convert`: reading raises only `Malformed`, and accepts what an honest writer emits.
- A label is local: it is not in the message.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from node.domain.fingerprint_kinds import PDQ
from node.domain.material import BACKGROUNDS
from node.domain.orientations import ORIENTATIONS
from node.domain.queries import Look, Subject
from node.errors import Malformed
from node.wire import checks
from node.wire.convert_records import fingerprints_from_pb, fingerprints_to_pb
from node.wire.pb import record_pb2 as pb


def subject_from_pb(message: pb.Subject) -> Subject:
    """Raises `Malformed`."""
    return Subject(
        fingerprints=fingerprints_from_pb(message.fingerprints),
        orientations=_orientations(message.orientations),
        trimmed=_orientations(message.trimmed_orientations),
        looks=_looks(message.looks),
    )


def subject_to_pb(subject: Subject) -> pb.Subject:
    """The other way."""
    return pb.Subject(
        fingerprints=fingerprints_to_pb(subject.fingerprints),
        orientations=subject.orientations,
        trimmed_orientations=subject.trimmed,
        looks=[
            pb.Look(background=background_to_pb(look.background), orientations=look.orientations)
            for look in subject.looks
        ],
    )


def _orientations(values: Sequence[bytes]) -> tuple[bytes, ...]:
    checks.at_most(len(values), len(ORIENTATIONS), "orientations")
    found = tuple(values)
    for value in found:
        if len(value) != PDQ.size:
            checks.size(value, "an orientation's PDQ", PDQ.size)
    return found


def _looks(messages: Sequence[pb.Look]) -> tuple[Look, ...]:
    if not messages:
        return ()
    checks.at_most(len(messages), len(BACKGROUNDS), "looks of a picture")
    looks = tuple(
        Look(background=background_from_pb(each.background), orientations=_orientations(each.orientations))
        for each in messages
    )
    if not all(look.background and look.orientations for look in looks):
        raise Malformed("a look of a picture has no background, or no hash")
    places = [BACKGROUNDS.index(look.background) for look in looks]
    if places != sorted(set(places)):
        raise Malformed("the looks of a picture are one for each background, in their order")
    return looks


def background_from_pb(number: int) -> str:
    """A background; "" for none. Raises `Malformed`."""
    if not 0 <= number <= len(BACKGROUNDS):
        raise Malformed("a look of a picture has a background that does not exist")
    return BACKGROUNDS[number - 1] if number else ""


def background_to_pb(background: str) -> Any:  # noqa: ANN401  (see `checks.number`)
    """The other way."""
    return BACKGROUNDS.index(background) + 1 if background else 0
