"""The statements of cooperation in a few words, as a list of records shows them.

Rules this module upholds:

- One line per statement. The commands for each kind show the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from node.domain.address_listings import AddressListing
from node.domain.calendar import spell_day
from node.domain.consultations import Consultation
from node.domain.groups import Group
from node.domain.notices import Notice, NoticeDecision
from node.domain.record_links import RecordLink
from node.domain.watches import Watch, WatchReply

if TYPE_CHECKING:
    from enum import IntEnum

    from node.domain.statements import Cooperation


def spelled(word: IntEnum) -> str:
    """A value as people type it: `same-victim`."""
    return word.name.lower().replace("_", "-")


def cooperation_words(said: Cooperation) -> str:
    """A statement in a few words."""
    match said:
        case RecordLink():
            return _with_note(
                f"{spelled(said.relation)} ({spelled(said.certainty)}): {len(said.targets)} records", said.note
            )
        case Consultation():
            return f"{said.subject}: {said.text}" if said.subject else said.text
        case Watch():
            return f"watch on {len(said.subjects)} subjects"
        case WatchReply():
            return _with_note(spelled(said.state), said.reason)
        case Notice():
            return f"{spelled(said.colour)} notice {said.reference}, {len(said.fingerprints)} fingerprints"
        case NoticeDecision():
            return _with_note(spelled(said.step), said.reason)
        case AddressListing():
            return f"{spelled(said.granularity)}, evidence of {spell_day(said.evidence_day)}"
        case Group():
            return f"{spelled(said.step)}: {said.name}" if said.name else spelled(said.step)


def _with_note(words: str, note: str) -> str:
    return f"{words}: {note}" if note else words
