"""What a verified run does to what is stored: it is appended, and what its entries take back is purged.

Rules this module upholds:

- One transaction holds a run, its checkpoint and its effects. Whoever dies in the middle finds all of it or none.
- The outcome does not depend on the order in which logs arrive: a retraction finds its target, and a target finds the
  retraction that came before it.
- Only the owner changes its record. What another's log says about it is set aside (a correction, a retraction) or
  loses its body together with the record it is about (an opinion, a comment).
- Purging is forgetting: body, nonce and handling go, the entry stays. Callers end a purge with `Store.scrub`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from node.domain.batch import BodyState, VerifiedBatch
from node.domain.envelope import OWN_TARGET, Envelope, Kind, decode
from node.domain.handling import Handling
from node.domain.ids import HASH_SIZE, MemberId, Origin, RecordId
from node.domain.log_ports import LogReader, LogState, LogWriter
from node.domain.ports import Codec, Store
from node.errors import Fork, Malformed, Refused
from node.tlog.tiles import TILE_WIDTH
from node.usecases.replica import Verified

_REPLACEABLE = frozenset({Kind.CONTRIBUTION, Kind.CORRECTION})
_REMARKS = frozenset({Kind.OPINION, Kind.COMMENT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What the index must do once the transaction is durable: take in `batch` as source `number`, then drop `removed`
    (rows by source). `purged`: bodies deleted; the caller scrubs where there were any.
    """

    number: int
    batch: VerifiedBatch
    removed: Mapping[int, Sequence[int]]
    purged: int


@dataclass(slots=True)
class Purge:
    """Deletes bodies inside one transaction, and what was said about them with them."""

    writer: LogWriter
    removed: dict[int, list[int]] = field(default_factory=dict)
    purged: int = 0
    _numbers: dict[Origin, int] = field(default_factory=dict)

    def record(self, origin: Origin, index: int, leaf: bytes) -> None:
        """One record's body, and those of the opinions and comments about it, in whichever log they stand."""
        self._rows(origin, [index])
        self.remarks(origin, leaf)

    def remarks(self, origin: Origin, leaf: bytes) -> None:
        """The bodies of the opinions and comments about one record."""
        for speaker, index, kind in self.writer.targeting(RecordId(origin, leaf)):
            if kind in _REMARKS:
                self._rows(speaker, [index])

    def chain(self, origin: Origin, index: int, leaf: bytes) -> list[RecordId]:
        """A record and every correction that followed it: what a retraction ends. Gives their names."""
        links = chain_of(self.writer, origin, index, leaf)
        for link in links:
            self.record(*link)
        return [RecordId(speaker, each) for speaker, _, each in links]

    def set_aside(self, origin: Origin, index: int, reason: str) -> None:
        """Quarantines an entry that says what it may not say."""
        self.writer.set_aside(origin, index, reason)
        self.removed.setdefault(self._number(origin), []).append(index)

    def _rows(self, origin: Origin, indices: Sequence[int]) -> None:
        self.purged += self.writer.purge(origin, indices)
        self.removed.setdefault(self._number(origin), []).extend(indices)

    def _number(self, origin: Origin) -> int:
        if origin not in self._numbers:
            self._numbers[origin] = self.writer.open_log(origin).number
        return self._numbers[origin]


# --- reading ----------------------------------------------------------------------------------------------------------


def leaf_at(reader: LogReader, origin: Origin, index: int) -> bytes:
    """The leaf hash (32 bytes) of an entry that stands in the log; b"" where none does."""
    log = reader.log(origin)
    if log is None or not 0 <= index < log.size:
        return b""
    at = index % TILE_WIDTH * HASH_SIZE
    return reader.tile(log.number, 0, index // TILE_WIDTH)[at : at + HASH_SIZE]


def owners_words(reader: LogReader, record: RecordId) -> list[tuple[Origin, int, int]]:
    """(log, index, kind) of the corrections and retractions of a record that count, in the order they were said."""
    found = [each for each in reader.targeting(record) if each[2] in OWN_TARGET and _same_owner(each[0], record.origin)]
    aside = {origin: {index for index, _ in reader.quarantined(origin)} for origin, _, _ in found}
    return sorted((each for each in found if each[1] not in aside[each[0]]), key=lambda each: (each[0].epoch, each[1]))


def chain_of(reader: LogReader, origin: Origin, index: int, leaf: bytes) -> list[tuple[Origin, int, bytes]]:
    """(log, index, leaf) of a record and of every correction that followed it, and counts."""
    links = [(origin, index, leaf)]
    for at in links:
        for speaker, row, kind in owners_words(reader, RecordId(at[0], at[2])):
            if kind == Kind.CORRECTION:
                link = (speaker, row, leaf_at(reader, speaker, row))
                links += [link] if link not in links else []
    return links


def _same_owner(speaker: Origin, target: Origin) -> bool:
    return (speaker.federation, speaker.member, speaker.stream) == (target.federation, target.member, target.stream)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What an entry points at, as it is stored here. `handling` is None where it is not held."""

    index: int
    state: int
    envelope: Envelope
    handling: Handling | None


def find_target(reader: LogReader, origin: Origin, index: int, codec: Codec) -> Target | None:
    """The entry at `index`; None where it is one that this version does not read."""
    run = reader.run(origin, index, index + 1, 0)
    try:
        envelope = decode(run.entries[0])
        handling = codec.decode_handling(run.handlings[0]) if run.states[0] == BodyState.HELD else None
    except Malformed:
        # Set aside when it came: nothing can be said of it.
        return None
    if envelope is None:
        return None
    return Target(index=index, state=run.states[0], envelope=envelope, handling=handling)


# --- applying ---------------------------------------------------------------------------------------------------------


def apply(writer: LogWriter, verified: Verified, codec: Codec) -> Applied:
    """Stores a verified run and what follows from it, in the caller's transaction.

    Raises `Conflict` where the log has moved on since it was verified, `Refused` where it was frozen meanwhile. The
    caller updates the index after the transaction ended, and dies in between at no loss: the index is rebuilt at start.
    """
    batch, after = verified.batch, verified.after.state
    before = writer.open_log(batch.origin)
    if before.frozen:
        raise Refused(f"{batch.origin} is frozen: {before.frozen}")
    writer.append(batch)
    if after.checkpoint != before.checkpoint:
        writer.set_checkpoint(batch.origin, after.checkpoint, after.checkpoint_size)
    if after.anchor != before.anchor:
        writer.set_anchor(batch.origin, after.anchor, after.anchor_size)
    if after.cosigned != before.cosigned:
        writer.set_cosigned(batch.origin, after.cosigned, after.cosigned_size)
    purge = settle(writer, batch, codec)
    return Applied(number=before.number, batch=batch, removed=purge.removed, purged=purge.purged)


def settle(writer: LogWriter, batch: VerifiedBatch, codec: Codec) -> Purge:
    """The effects of a run that was just appended."""
    purge = Purge(writer)
    _meet_earlier_words(purge, batch)
    aside = {place for place, _ in batch.quarantine}
    targets = [each for each in batch.targets if each[0] not in aside]
    places = _places(writer, targets)
    for position, kind, name, leaf in targets:
        origin, index = Origin.parse(name), batch.start + position
        at = places.get((name, leaf))
        if kind in OWN_TARGET:
            word = _Word(speaker=batch.origin, index=index, kind=kind, target=RecordId(origin, leaf))
            _owner_speaks(purge, word, at)
        elif at is not None and kind in _REMARKS:
            _remark(purge, batch, position, find_target(writer, origin, at, codec), codec)
    return purge


def _places(reader: LogReader, targets: Sequence[tuple[int, int, str, bytes]]) -> dict[tuple[str, bytes], int]:
    """Where the targets stand, as far as they are here: one search a log."""
    wanted: dict[str, list[bytes]] = {}
    for _, _, name, leaf in targets:
        wanted.setdefault(name, []).append(leaf)
    return {
        (name, leaf): index
        for name, leaves in wanted.items()
        for leaf, index in reader.find(Origin.parse(name), leaves).items()
    }


def _meet_earlier_words(purge: Purge, batch: VerifiedBatch) -> None:
    """What was said about these entries before they came: opinions about a body that is gone already, and what the
    owner said in a later epoch of its log.
    """
    if BodyState.PURGED in batch.states:
        for state, leaf in zip(batch.states, batch.leaves, strict=True):
            if state == BodyState.PURGED:
                purge.remarks(batch.origin, leaf)
    if not any(_is_later(log, batch.origin) for log in purge.writer.logs()):
        return
    for position, leaf in enumerate(batch.leaves):
        for speaker, _, kind in owners_words(purge.writer, RecordId(batch.origin, leaf)):
            if speaker != batch.origin and kind == Kind.RETRACTION:
                purge.chain(batch.origin, batch.start + position, leaf)
            elif speaker != batch.origin:
                purge.record(batch.origin, batch.start + position, leaf)


def _is_later(log: LogState, origin: Origin) -> bool:
    return _same_owner(log.origin, origin) and log.origin.epoch > origin.epoch


@dataclass(frozen=True, slots=True, kw_only=True)
class _Word:
    """A correction or retraction, and where it stands."""

    speaker: Origin
    index: int
    kind: int
    target: RecordId


def _owner_speaks(purge: Purge, word: _Word, at: int | None) -> None:
    """A correction replaces the head of a record; a retraction ends it. `at`: where the target stands, if here."""
    fault = _unfit(purge, word, at)
    if fault:
        purge.set_aside(word.speaker, word.index, fault)
    elif at is not None and word.kind == Kind.RETRACTION:
        purge.chain(word.target.origin, at, word.target.leaf)
    elif at is not None:
        purge.record(word.target.origin, at, word.target.leaf)


def _unfit(purge: Purge, word: _Word, at: int | None) -> str:
    """Why the owner cannot say this; "" where it can."""
    same_log = word.target.origin == word.speaker
    if at is None:
        # In an earlier epoch the target may still come, and finds this one waiting. In its own log it would be here.
        return "a correction or retraction of a record that does not stand in its log" if same_log else ""
    if same_log and at >= word.index:
        return "a correction or retraction of a record that comes after it"
    spoken = purge.writer.run(word.target.origin, at, at + 1, 0).entries[0][1]
    if word.kind == Kind.RETRACTION:
        return "a retraction cannot be retracted" if spoken == Kind.RETRACTION else ""
    if spoken not in _REPLACEABLE:
        return "a correction of what is not a contribution"
    first = next(iter(owners_words(purge.writer, word.target)), None)
    if first is not None and first[:2] != (word.speaker, word.index):
        return "a correction of a record that was replaced or retracted before"
    return ""


def _remark(purge: Purge, batch: VerifiedBatch, position: int, target: Target | None, codec: Codec) -> None:
    """An opinion or a comment: gone with what it is about, and readable by nobody who may not read that."""
    index = batch.start + position
    if target is None:
        return
    if target.state == BodyState.PURGED:
        purge.record(batch.origin, index, batch.leaves[position])
        return
    envelope = decode(batch.entries[position])
    held = batch.states[position] == BodyState.HELD
    mine = codec.decode_handling(batch.handlings[position]) if held else None
    if envelope is not None and not _within(envelope, mine, target):
        purge.set_aside(batch.origin, index, "an opinion or comment that more may read than what it is about")


def _within(envelope: Envelope, mine: Handling | None, target: Target) -> bool:
    """Whether an audience lies within another, as far as it can be told here."""
    if target.envelope.open:
        return True
    if envelope.open:
        return False
    if mine is None or target.handling is None or envelope.target is None:
        return True
    return audience_within(mine, target.handling, envelope.target.origin.member)


def audience_within(inner: Handling, outer: Handling, owner: MemberId) -> bool:
    """Whether nobody reads `inner` who may not read `outer`, the record of `owner`."""
    if outer.audience is None or not inner.understood:
        return True
    return inner.audience is not None and set(inner.audience) <= {*outer.audience, owner}


# --- a fork -----------------------------------------------------------------------------------------------------------


def freeze(store: Store, origin: Origin, fork: Fork) -> None:
    """Stops one log for good, and keeps the evidence. A crash before its end leaves the log open and just as it was:
    the same fork is found again with the next package.
    """
    with store.write() as writer:
        if not writer.open_log(origin).frozen:
            writer.freeze(origin, str(fork), fork.evidence)
