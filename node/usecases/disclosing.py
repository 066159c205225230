"""What another member is told of our holdings that its question found.

Rules this module upholds:

- A national holding is never there. A shared one gives its record to a member of the record's audience that asks for
  one of its purposes; to others it is not there.
- Of holdings at hit/no-hit level a question is told one thing: whether there is any, and by which algorithm the
  strongest of them was found. Neither how many there are, nor which subject of the question it was. So a question
  measures as little as it can: whoever asks about a thousand hashes that lie around a hidden one learns one bit.
- What was near is handed on (`Told.near`), so that it is known how much was found out there (`neighbourhood`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from node.domain.algorithms import told_first
from node.domain.batch import BodyState
from node.domain.fingerprint_kinds import KIND_BY_CODE
from node.domain.ids import RecordId
from node.domain.orientations import turned
from node.domain.queries import Hit, Level
from node.errors import Malformed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from node.domain.ids import MemberId, Origin
    from node.domain.ports import Codec, StoreReader
    from node.domain.queries import Subject
    from node.domain.search_ports import RawHit
    from node.usecases.hit_verification import Asked, Spoken

    Evident = Callable[[RawHit, Spoken], Hit]
    """A hit with all its evidence."""

FRAMES_NOTED: Final = 64
"""Frames of a video that are noted as near, evenly chosen: those beside them look like them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """`hits` for the asker. `near`: the PDQ hashes of the question (32 bytes each) by which it came near holdings at
    hit/no-hit level.
    """

    hits: tuple[Hit, ...]
    near: tuple[bytes, ...] = ()


@dataclass(slots=True, kw_only=True)
class Discloser:
    """Of one question. `own`: whose holdings these are. `evident`: what is told of a hit on a shared record."""

    tx: StoreReader
    codec: Codec
    own: MemberId
    asker: MemberId
    purpose: str
    asked: Asked
    evident: Evident
    _hidden: list[tuple[str, bool]] = field(default_factory=list)
    _near: dict[bytes, None] = field(default_factory=dict)

    def told(self, spoken: Sequence[tuple[RawHit, Spoken]]) -> Told:
        """What of these hits, which the store bears out, the asker is told."""
        hits: list[Hit] = []
        places = places_of(self.tx, [said for _, said in spoken])
        for hit, said in spoken:
            if said.level is Level.NATIONAL:
                continue
            if said.level is Level.SHARED and said.record is not None:
                place = places.get(said.record)
                if not self._admits(said.record, place):
                    continue
                if place is not None:
                    hits.append(self.evident(hit, said))
                    continue
            # Contributed and not yet placed in the log: nobody has it, so it answers as a hit/no-hit holding.
            self._hide(hit, said)
        return Told(hits=(*hits, *self._one()), near=tuple(self._near))

    def _admits(self, record: RecordId, place: int | None) -> bool:
        """Whether a record's handling lets this member have it for this purpose."""
        if place is None:
            pending = self.tx.find_pending(record.leaf)
            data = None if pending is None else pending.disclosure.handling
        else:
            run = self.tx.run(record.origin, place, place + 1, 0)
            data = run.handlings[0] if run.states[0] == BodyState.HELD else None
        if data is None:
            return False
        try:
            handling = self.codec.decode_handling(data)
        except Malformed:  # damaged since it was written: withheld, and fsck names it
            return False
        return handling.admits(self.asker, self.own) and self.purpose in handling.purposes

    def _hide(self, hit: RawHit, said: Spoken) -> None:
        kind = KIND_BY_CODE[hit.code]
        self._hidden.append((said.evidence.algorithm if said.evidence else kind.name, kind.weak))
        if kind.is_pdq:
            self._near.update(dict.fromkeys(near_values(self.asked, hit)))

    def _one(self) -> tuple[Hit, ...]:
        """The one hit on all that is at hit/no-hit level."""
        if not self._hidden:
            return ()
        algorithm, weak = min(self._hidden, key=lambda each: told_first(each[0]))
        subjects: Sequence[Subject] = self.asked.subjects
        return (
            Hit(
                subject=0,
                origin=str(self.own),
                algorithm=algorithm,
                level=Level.HIT_NO_HIT,
                weak=weak,
                whole=len(subjects) > 1,
            ),
        )


def near_values(asked: Asked, hit: RawHit) -> list[bytes]:
    """The PDQ hashes of a question by which it found something: of a picture the one in the orientation that was near,
    of a video some frames in all orientations.
    """
    code = hit.by or hit.code
    probes = [probe for probe in asked.probes if probe.subject == hit.subject and probe.code == code]
    if KIND_BY_CODE[code].oriented:
        return [probe.value for probe in probes if probe.orientation == hit.orientation]
    step = -(-len(probes) // FRAMES_NOTED)
    return [value for probe in probes[:: max(step, 1)] for value in turned(probe.value)]


def places_of(tx: StoreReader, spoken: Sequence[Spoken]) -> Mapping[RecordId, int]:
    """Where the shared records among these stand. Asked for together: finding one costs a scan of its log's leaves."""
    leaves: dict[Origin, set[bytes]] = {}
    for said in spoken:
        if said.level is Level.SHARED and said.record is not None:
            leaves.setdefault(said.record.origin, set()).add(said.record.leaf)
    return {
        RecordId(origin, leaf): place
        for origin, wanted in leaves.items()
        for leaf, place in tx.find(origin, sorted(wanted)).items()
    }
