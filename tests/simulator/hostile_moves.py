"""A member with a valid key that does what it likes in its log: every move is one kind of trouble.

Rules this module upholds:

- It signs what it says; what it says may be nonsense. It has no other member's key, and not the hub's.
- It goes on from what was accepted: a submission that was refused is forgotten, and the next one stands for itself.
- All chance comes from the `random.Random` it is given.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from node.domain.envelope import Kind
from node.domain.fingerprint_kinds import PDQ, PHASH
from node.domain.fingerprints import Fingerprint
from node.domain.handling import Handling
from node.domain.ids import HASH_SIZE, MemberId, Origin, RecordId
from node.domain.services import Carrier
from node.domain.statements import Comment, Contribution, Opinion, Reason, Retraction, Verdict
from node.errors import PeerFault, VigilError
from tests.simulator.federation import FEDERATION, NOTHING, Log, Speaker, picture
from tests.simulator.hostile_member import backwards, nested_remarks

MANY: Final = 40
"""Entries of a move that floods."""
LAST_DAY: Final = 2**32 - 1


@dataclass
class HostileMember:
    """`honest`: records of others that it knows. `accepted`: how many submissions the hub took."""

    speaker: Speaker
    carrier: Carrier
    drawn: random.Random
    log: Log = field(init=False)
    own: list[RecordId] = field(default_factory=list)
    honest: list[RecordId] = field(default_factory=list)
    accepted: int = 0
    refused: int = 0

    def __post_init__(self) -> None:
        self.log = Log(self.speaker)

    async def misbehave(self) -> str:
        """One move, submitted; its name."""
        move = self.drawn.choice(MOVES)
        before = (copy.copy(self.log.entries), copy.copy(self.log.disclosures), dict(self.log.tiles), list(self.own))
        start = self.log.size
        move(self)
        wrong = self.drawn.choice(_PACKAGING) if self.drawn.random() < 0.1 else None
        try:
            package = self.log.package(start)
            await self.carrier.submit(replace(package, **wrong(self)) if wrong else package)  # type: ignore[arg-type]
            self.accepted += 1
        except (PeerFault, VigilError):
            self.refused += 1
            self.log.entries, self.log.disclosures, self.log.tiles, self.own = before
        return move.__name__

    def say(self, *arguments: object, **how: object) -> RecordId:
        """Says something in its log."""
        record = self.log.say(*arguments, **how)  # type: ignore[arg-type]
        self.own.append(record)
        return record

    def some(self, records: Sequence[RecordId]) -> RecordId:
        """One of these, or one that never was."""
        if records and self.drawn.random() < 0.9:
            return self.drawn.choice(records)
        return RecordId(Origin(FEDERATION, MemberId("FR")), self.drawn.randbytes(HASH_SIZE))


Move = Callable[[HostileMember], None]


# --- what it says -----------------------------------------------------------------------------------------------------


def tiny_entries_of_a_later_version(me: HostileMember) -> None:
    for _ in range(MANY):
        me.log.add(b"\x09" + me.drawn.randbytes(me.drawn.randint(1, 3)), NOTHING)


def kinds_that_nobody_knows(me: HostileMember) -> None:
    me.say(b"anything", kind=me.drawn.randint(90, 120), target=None)


def the_same_entry_again(me: HostileMember) -> None:
    if me.log.entries:
        at = me.drawn.randrange(me.log.size)
        me.log.add(me.log.entries[at], me.log.disclosures[at])


def a_long_chain(me: HostileMember) -> None:
    head = me.say(picture(me.drawn.randint(10_000, 20_000)))
    for _ in range(MANY):
        head = me.say(picture(me.drawn.randint(10_000, 20_000)), kind=Kind.CORRECTION, target=head)


def corrections_that_point_backwards(me: HostileMember) -> None:
    backwards(me.log, MANY, 5)


def nested_remarks_on_one_record(me: HostileMember) -> None:
    nested_remarks(me.log, me.some(me.honest), MANY, width=3)


def corrections_of_anything(me: HostileMember) -> None:
    for _ in range(MANY):
        target = me.some(me.own if me.drawn.random() < 0.8 else me.honest)
        me.say(picture(me.drawn.randint(10_000, 20_000)), kind=Kind.CORRECTION, target=target)


def retractions_of_anything(me: HostileMember) -> None:
    for _ in range(5):
        target = me.some(me.own if me.drawn.random() < 0.5 else me.honest)
        me.say(Retraction(reason=Reason.MISTAKE), kind=Kind.RETRACTION, target=target)


def many_remarks_on_one_record(me: HostileMember) -> None:
    target = me.some(me.honest)
    for number in range(MANY):
        me.say(Comment(text=f"remark {number} {me.drawn.random()}"), kind=Kind.COMMENT, target=target)


def remarks_on_anything(me: HostileMember) -> None:
    for _ in range(5):
        target = me.some(me.own + me.honest)
        me.say(Opinion(verdict=Verdict.DISPUTE, note="no"), kind=Kind.OPINION, target=target)


def bodies_that_say_nothing(me: HostileMember) -> None:
    kind = me.drawn.choice((Kind.CONTRIBUTION, Kind.COMMENT))
    target = me.some(me.honest) if kind is Kind.COMMENT else None
    me.say(me.drawn.randbytes(me.drawn.randint(0, 60)), kind=kind, target=target)


def bodies_that_never_come(me: HostileMember) -> None:
    for _ in range(MANY):
        me.say(picture(me.drawn.randint(10_000, 20_000)))
        me.log.disclosures[-1] = NOTHING


def handling_that_disagrees(me: HostileMember) -> None:
    me.say(picture(3), handling=Handling(audience=(MemberId("FR"),)), open=True)
    me.say(picture(4), handling=me.drawn.randbytes(9), expiry_day=7)


def days_beyond_the_calendar(me: HostileMember) -> None:
    me.say(picture(5), issued_day=LAST_DAY)
    me.say(picture(6), handling=Handling(retain_until_day=LAST_DAY))
    me.say(picture(7), issued_day=0, handling=Handling(retain_until_day=1))


def hashes_of_plain_pictures(me: HostileMember) -> None:
    flat = (
        Fingerprint(code=PDQ.code, value=bytes(PDQ.size), quality=0),
        Fingerprint(code=PHASH.code, value=bytes(PHASH.size)),
    )
    for _ in range(MANY):
        me.say(Contribution(fingerprints=flat, media_type="image/png", series=str(me.drawn.random())))


def hashes_of_others(me: HostileMember) -> None:
    for number in range(MANY):
        me.say(picture(number))


def words_that_steer_a_terminal(me: HostileMember) -> None:
    text = me.drawn.choice(("\x1b[2Jgone", "\u202egnp.exe", "a" + "\u0301" * 900, "line\nline", "\u200b"))
    me.say(Comment(text=text).text.encode(), kind=Kind.COMMENT, target=me.some(me.honest))


MOVES: Final[tuple[Move, ...]] = (
    tiny_entries_of_a_later_version,
    kinds_that_nobody_knows,
    the_same_entry_again,
    a_long_chain,
    corrections_that_point_backwards,
    nested_remarks_on_one_record,
    corrections_of_anything,
    retractions_of_anything,
    many_remarks_on_one_record,
    remarks_on_anything,
    bodies_that_say_nothing,
    bodies_that_never_come,
    handling_that_disagrees,
    days_beyond_the_calendar,
    hashes_of_plain_pictures,
    hashes_of_others,
    words_that_steer_a_terminal,
)


# --- how it sends it --------------------------------------------------------------------------------------------------


def _of_another(me: HostileMember) -> dict[str, object]:
    return {"origin": Origin(FEDERATION, MemberId("FR"))}


def _from_elsewhere(me: HostileMember) -> dict[str, object]:
    return {"start": me.drawn.choice((0, 1, me.log.size + 5, 2**63))}


def _unsigned(me: HostileMember) -> dict[str, object]:
    return {"checkpoint": me.drawn.randbytes(80)}


def _badly_proven(me: HostileMember) -> dict[str, object]:
    return {"proof": [me.drawn.randbytes(HASH_SIZE)]}


_PACKAGING: Final[tuple[Callable[[HostileMember], dict[str, object]], ...]] = (
    _of_another,
    _from_elsewhere,
    _unsigned,
    _badly_proven,
)
