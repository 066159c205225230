"""What another member learns about our holdings that its question found.

Rules this module upholds:

- National holdings are never visible. A shared holding gives its record to a member of the record's audience that asks
  for one of its purposes; to others it is invisible.
- About holdings at hit/no-hit level an answer says one thing: whether there is a match, and by which algorithm the
  strongest was found. It says neither how many there are, nor which subject of the question matched. So a question
  measures as little as possible: an asker with a thousand hashes around a hidden one learns one bit.
- The near hashes are passed on (`Told.near`), so that `neighbourhood` can count what was learned.
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
    from node.domain.log_ports import LogReader
    from node.domain.ports import Codec
    from node.domain.queries import Subject
    from node.domain.search_ports import RawHit
    from node.usecases.hit_verification import Asked, Spoken

    Evident = Callable[[RawHit, Spoken], Hit]
    """A hit with all its evidence."""

FRAMES_NOTED: Final = 64
"""How many frames of a video are noted as near, evenly chosen: neighbouring frames look alike."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """`hits` for the asker. `near`: the PDQ hashes of the question (32 bytes each) that came near holdings at
    hit/no-hit level.
    """

    hits: tuple[Hit, ...]
    near: tuple[bytes, ...] = ()


@dataclass(slots=True, kw_only=True)
class Discloser:
    """For one question. `own`: the owner of these holdings. `evident`: what the answer says about a hit on a shared
    record.
    """

    tx: LogReader
    codec: Codec
    own: MemberId
    asker: MemberId
    purpose: str
    asked: Asked
    evident: Evident
    _hidden: list[tuple[str, bool]] = field(default_factory=list)
    _near: dict[bytes, None] = field(default_factory=dict)

    def told(self, spoken: Sequence[tuple[RawHit, Spoken]]) -> Told:
        """The part of these hits, already confirmed by the store, that the asker learns."""
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
            # Contributed, without a place in the log yet: no other member has it, so it answers as a hit/no-hit
            # holding.
            self._hide(hit, said)
        return Told(hits=(*hits, *self._one()), near=tuple(self._near))

    def _admits(self, record: RecordId, place: int | None) -> bool:
        """Whether a record's handling admits this member for this purpose."""
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
        """The one hit that stands for all holdings at hit/no-hit level."""
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
    """The PDQ hashes of a question that found something: for a picture the hash in the orientation that matched, for a
    video some frames in all orientations.
    """
    code = hit.by or hit.code
    probes = [probe for probe in asked.probes if probe.subject == hit.subject and probe.code == code]
    if KIND_BY_CODE[code].oriented:
        return [probe.value for probe in probes if probe.orientation == hit.orientation]
    step = -(-len(probes) // FRAMES_NOTED)
    return [value for probe in probes[:: max(step, 1)] for value in turned(probe.value)]


def places_of(tx: LogReader, spoken: Sequence[Spoken]) -> Mapping[RecordId, int]:
    """The positions of the shared records among these. Looked up together: finding one costs a scan of its log's
    leaves.
    """
    leaves: dict[Origin, set[bytes]] = {}
    for said in spoken:
        if said.level is Level.SHARED and said.record is not None:
            leaves.setdefault(said.record.origin, set()).add(said.record.leaf)
    return {
        RecordId(origin, leaf): place
        for origin, wanted in leaves.items()
        for leaf, place in tx.find(origin, sorted(wanted)).items()
    }
